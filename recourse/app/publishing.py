"""Publishing events as the core bank would: for files, importers and the demo."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from aiokafka import AIOKafkaProducer

from consumers.quarantine import Quarantine
from recourse.contracts.events import BankEvent, Topics, encode_binary, topic_for

_AHEAD = 1_000
"""Sends under way before the oldest is awaited: fast, and bounded in memory."""


async def publish_events(
    brokers: str,
    topics: Topics,
    events: Sequence[BankEvent],
    progress: Callable[[Sequence[BankEvent]], Iterable[BankEvent]] = lambda events: events,
) -> None:
    """In the given order, keyed by loan. Raises KafkaError; events before the error may have been taken."""
    async with AIOKafkaProducer(
        bootstrap_servers=brokers, enable_idempotence=True, acks="all", linger_ms=5
    ) as producer:
        under_way = []
        for event in progress(events):
            key, value, headers = encode_binary(event)
            topic = topic_for(event.type, topics)
            under_way.append(await producer.send(topic, value=value, key=key, headers=headers))
            if len(under_way) >= _AHEAD:
                for sent in under_way:
                    await sent
                under_way.clear()
        for sent in under_way:
            await sent


def quarantine(brokers: str, topics: Topics) -> Quarantine:
    """The dead letters of these topics."""
    return Quarantine(brokers, topics)
