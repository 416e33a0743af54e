"""Connecting: address, namespace, TLS and API key as the SDK's own settings name them (`TEMPORAL_*`)."""

from __future__ import annotations

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.envconfig import ClientConfig
from temporalio.service import RPCError

from recourse.ports import RunsUnavailable

DEFAULT_ADDRESS = "localhost:7233"


async def connect(*, lazy: bool = False) -> Client:
    """Raises RunsUnavailable when nobody answers; lazy connects at the first call instead."""
    config = {"target_host": DEFAULT_ADDRESS, **ClientConfig.load_client_connect_config()}
    try:
        return await Client.connect(**config, data_converter=pydantic_data_converter, lazy=lazy)
    except (RuntimeError, RPCError) as error:
        raise RunsUnavailable(f"Temporal at {config['target_host']} does not answer") from error
