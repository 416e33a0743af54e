"""What the commands that speak to Kafka alone share: connection, topics, and what is said when it is away."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from recourse.cli.common import DOWN, fail

if TYPE_CHECKING:
    from consumers.connection import KafkaConnection
    from recourse.app.settings import KafkaSettings
    from recourse.contracts.events import Topics


def kafka(brokers: str | None) -> tuple[KafkaConnection, Topics]:
    """As set, at the addresses told. No other setting is needed."""
    from recourse.app.settings import load_kafka

    settings = load_kafka()
    return connection(settings, brokers), settings.topics.topics()


def connection(settings: KafkaSettings, brokers: str | None) -> KafkaConnection:
    """brokers: other addresses than those of the settings; TLS and login stay."""
    return replace(settings.kafka(), brokers=brokers) if brokers else settings.kafka()


@asynccontextmanager
async def answering(connection: KafkaConnection, then: str = "") -> AsyncIterator[None]:
    """then: what to do once Kafka is back."""
    from recourse.app.reaching import Unreachable, reaching

    try:
        async with reaching(connection):
            yield
    except Unreachable as error:
        fail(f"{error}, then {then}" if then else str(error), DOWN)
