"""Connecting: address, namespace, TLS and API key as the SDK's own settings name them (`TEMPORAL_*`)."""

from __future__ import annotations

from temporalio.client import Client
from temporalio.envconfig import ClientConfig
from temporalio.service import RPCError

from recourse.ports import RunsUnavailable
from recourse.temporal.codec import KeyRing
from recourse.temporal.converter import sealed_converter

DEFAULT_ADDRESS = "localhost:7233"
CONNECT_FAILED = RuntimeError
"""What the SDK raises, at the first call of a lazy client, when nobody answers at the address."""


def unavailable(error: Exception) -> RunsUnavailable:
    """The engine cannot be used: the kind of the error, for its text may be long and names hosts."""
    status = error.status.name if isinstance(error, RPCError) else "no connection"
    return RunsUnavailable(f"Temporal: {status}")


async def connect(ring: KeyRing, *, lazy: bool = False) -> Client:
    """Raises RunsUnavailable when nobody answers; lazy connects at the first call instead."""
    config = ClientConfig.load_client_connect_config()
    config.setdefault("target_host", DEFAULT_ADDRESS)
    try:
        return await Client.connect(**config, data_converter=sealed_converter(ring), lazy=lazy)
    except (RuntimeError, RPCError) as error:
        address = config["target_host"]
        raise RunsUnavailable(f"Temporal at {address} does not answer; see `recourse doctor`") from error
