"""The relay publishes every message in order, and a crash repeats at most one page, under the same ids."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from consumers.outbox_relay import OutboxRelay
from recourse.contracts.delivery import OutboxMessage, Unavailable
from recourse.contracts.events import Topics
from recourse.domain.ids import LoanId
from recourse.service.context import Unit
from recourse.storage import outbox
from recourse.storage.outbox import PostgresOutbox
from tests.integration.conftest import World
from tests.integration.consumers.conftest import PARTITIONS, Line, until

AT = datetime(2026, 11, 6, 2, 0, tzinfo=UTC)
TYPE = "recourse.case.closed.v1"


async def write(world: World, loan: str, *numbers: int) -> None:
    async def put(unit: Unit, number: int) -> None:
        await outbox.put(
            unit.tx, LoanId(loan), TYPE, AT, {"loan_id": loan, "episode": number, "reason": "cured"}
        )

    for number in numbers:
        await world.services.run(partial(put, number=number))


async def published(line: Line) -> list[tuple[str, str]]:
    """(key, ce_id) of everything on the topic."""
    consumer = AIOKafkaConsumer(bootstrap_servers=line.brokers, enable_auto_commit=False)
    found = []
    async with consumer:
        parts = [TopicPartition(line.topics.case_events, n) for n in range(PARTITIONS)]
        consumer.assign(parts)
        await consumer.seek_to_beginning(*parts)
        ends = await consumer.end_offsets(parts)
        while any([await consumer.position(tp) < ends[tp] for tp in parts]):
            for records in (await consumer.getmany(timeout_ms=300)).values():
                found += [(r.key.decode(), dict(r.headers)["ce_id"].decode()) for r in records]
    return found


async def test_messages_of_a_loan_are_published_once_and_in_order(line: Line, world: World) -> None:
    await write(world, "L-1", *range(1, 30))
    await write(world, "L-2", *range(1, 30))
    relay = OutboxRelay(PostgresOutbox(world.services.database), line.producer, line.topics)
    assert await relay.publish_page() == 58
    assert await relay.publish_page() == 0
    rows = await world.rows("SELECT loan_id, event_id FROM outbox ORDER BY id")
    told = await published(line)
    for loan in ("L-1", "L-2"):
        wanted = [r["event_id"] for r in rows if r["loan_id"] == loan]
        assert [key for owner, key in told if owner == loan] == wanted


class DiesBeforeMarking(PostgresOutbox):
    async def mark_published(self, ids: Sequence[int]) -> None:
        raise Unavailable("died")


async def test_a_death_between_publishing_and_marking_repeats_under_the_same_ids(
    line: Line, world: World
) -> None:
    await write(world, "L-1", 1, 2, 3)
    dying = OutboxRelay(DiesBeforeMarking(world.services.database), line.producer, line.topics)
    with pytest.raises(Unavailable):
        await dying.publish_page()
    await OutboxRelay(PostgresOutbox(world.services.database), line.producer, line.topics).publish_page()
    ids = [key for _, key in await published(line)]
    assert ids[:3] == ids[3:]
    assert len(ids) == 6


async def test_a_second_relay_stands_by_until_the_first_is_gone(line: Line, world: World) -> None:
    first, second = PostgresOutbox(world.services.database), PostgresOutbox(world.services.database)
    assert await first.lead()
    assert not await second.lead()
    await first.close()
    assert await second.lead()
    await second.close()


class Away:
    """A database that is away for two calls, then has one message."""

    def __init__(self) -> None:
        self.calls, self.marked = 0, asyncio.Event()

    async def lead(self) -> bool:
        self.calls += 1
        if self.calls < 3:
            raise Unavailable("away")
        return True

    async def pending(self, limit: int) -> Sequence[OutboxMessage]:
        data: dict[str, object] = {"loan_id": "L-1", "episode": 1, "reason": "cured"}
        left = [] if self.marked.is_set() else [OutboxMessage(1, "L-1", "e-1", TYPE, AT.isoformat(), data)]
        return left[:limit]

    async def mark_published(self, ids: Sequence[int]) -> None:
        self.marked.set()


async def test_the_relay_outlives_a_database_that_goes_away(line: Line, world: World) -> None:
    away, stopping = Away(), asyncio.Event()
    running = asyncio.create_task(OutboxRelay(away, line.producer, line.topics).run(stopping))

    async def done() -> bool:
        return away.marked.is_set()

    await until(done, "the message is published once the database is back")
    stopping.set()
    await asyncio.wait_for(running, 5)
    assert await published(line) == [("L-1", "e-1")]


class Deaf:
    """A broker that takes a message and never acknowledges it, as one that went away does."""

    def __init__(self) -> None:
        self.sent = asyncio.Event()

    async def send(self, *_: object, **__: object) -> asyncio.Future[None]:
        self.sent.set()
        return asyncio.get_running_loop().create_future()


async def test_asked_to_stop_while_kafka_is_away_the_relay_stops_and_marks_nothing() -> None:
    outbox, producer, stopping = Away(), Deaf(), asyncio.Event()
    relay = OutboxRelay(outbox, producer, Topics(), finish=0.1)
    running = asyncio.create_task(relay.run(stopping))
    await asyncio.wait_for(producer.sent.wait(), 10)
    stopping.set()
    await asyncio.wait_for(running, 10)
    assert not outbox.marked.is_set()
