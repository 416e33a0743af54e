"""Publishing events as the core bank would: for files, importers and the demo."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from consumers.connection import KafkaConnection
from consumers.quarantine import Quarantine
from recourse.app.pacing import as_due
from recourse.contracts.events import BankEvent, Topics, encode_binary, topic_for
from recourse.domain.calendar import BusinessCalendar

_AHEAD = 1_000
"""Sends under way before the oldest is awaited: fast, and bounded in memory."""


async def publish_events(
    connection: KafkaConnection,
    topics: Topics,
    events: Sequence[BankEvent],
    progress: Callable[[Sequence[BankEvent]], Iterable[BankEvent]] = lambda events: events,
) -> None:
    """In the given order, keyed by loan. Raises KafkaError; events before the error may have been taken."""
    async with _producer(connection) as producer:
        under_way = []
        for event in progress(events):
            under_way.append(await _send(producer, topics, event))
            if len(under_way) >= _AHEAD:
                for sent in under_way:
                    await sent
                under_way.clear()
        for sent in under_way:
            await sent


async def publish_as_due(
    connection: KafkaConnection,
    topics: Topics,
    events: Sequence[BankEvent],
    calendar: BusinessCalendar,
    published: Callable[[int], None] = lambda count: None,
) -> None:
    """Each event when the calendar reaches its time; those whose time has passed at once.

    events: in order of time. published: called with how many were taken since the last call. Raises
    KafkaError.
    """
    async with _producer(connection) as producer:
        async for batch in as_due(events, calendar):
            for start in range(0, len(batch), _AHEAD):
                part = batch[start : start + _AHEAD]
                for sent in [await _send(producer, topics, event) for event in part]:
                    await sent
                published(len(part))


@asynccontextmanager
async def _producer(connection: KafkaConnection) -> AsyncIterator[AIOKafkaProducer]:
    """Stopped also when it could not start: the library's own context manager leaves it open then."""
    producer = AIOKafkaProducer(**connection.options(), enable_idempotence=True, acks="all", linger_ms=5)
    try:
        await producer.start()
        yield producer
    finally:
        await producer.stop()


async def _send(producer: AIOKafkaProducer, topics: Topics, event: BankEvent) -> Awaitable[object]:
    key, value, headers = encode_binary(event)
    sent: Awaitable[object] = await producer.send(
        topic_for(event.type, topics), value=value, key=key, headers=headers
    )
    return sent


def quarantine(connection: KafkaConnection, topics: Topics) -> Quarantine:
    """The dead letters of these topics."""
    return Quarantine(connection, topics)


async def create_topics(connection: KafkaConnection, topics: Topics, *, partitions: int = 4) -> None:
    """The topics that are missing, for an embedded broker: a consumer finds one that comes later only at its
    next look. A bank creates its own. Raises KafkaError."""
    admin = AIOKafkaAdminClient(**connection.options())
    await admin.start()
    try:
        wanted = [
            *topics.incoming(),
            *map(topics.dead_letters, topics.incoming()),
            topics.case_events,
        ]
        missing = set(wanted) - set(await admin.list_topics())
        await admin.create_topics([NewTopic(name, partitions, 1) for name in sorted(missing)])
    finally:
        await admin.close()
