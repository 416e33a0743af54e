"""What the commands that speak to Kafka alone share: address, topics, and what is said when it is away."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from recourse.cli.common import DOWN, fail

if TYPE_CHECKING:
    from recourse.contracts.events import Topics


def kafka(brokers: str | None) -> tuple[str, Topics]:
    """(address, topics): as told, else as set. No other setting is needed."""
    from recourse.app.settings import adopt_stack, load_topics

    adopt_stack()
    return brokers or os.environ.get("RECOURSE_KAFKA_BROKERS", "localhost:9092"), load_topics()


@contextmanager
def answering(address: str, then: str = "") -> Iterator[None]:
    """then: what to do once Kafka is back."""
    from aiokafka.errors import KafkaError

    try:
        yield
    except (KafkaError, TimeoutError):
        remedy = "start it or set RECOURSE_KAFKA_BROKERS" + (f", then {then}" if then else "")
        fail(f"Kafka at {address} does not answer; {remedy}", DOWN)
