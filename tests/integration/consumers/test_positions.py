"""The feed of positions on a real broker and a real database: killed, doubled, poisoned and unread."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from consumers.batch import Record
from consumers.dead_letter import DeadLetters
from consumers.positions import FeedLimits, PositionConsumer
from consumers.quarantine import NotRetryable
from recourse.contracts.delivery import Unavailable
from recourse.domain.ids import LoanId
from recourse.gateways.traccar_feed import TraccarFeed
from recourse.ports import Fix
from recourse.service import feeding
from recourse.service.feeding import Taken
from recourse.storage import positions
from tests.forwarded import forwarded
from tests.integration.conftest import World
from tests.integration.consumers.conftest import Line, until
from tests.integration.service.conftest import CIPHER, open_case
from tests.integration.service.located import FIELD, granted

DEVICE = "DEMO-CN-1"
Read = Callable[[Record], Fix | None]


@dataclass
class Feed:
    """A group on a topic of its own."""

    line: Line
    world: World
    before: Callable[[], None] = lambda: None
    after: Callable[[], Awaitable[None]] | None = None

    @property
    def topic(self) -> str:
        return self.line.topics.positions

    async def take(self, records: Mapping[str, Sequence[Record]], read: Read) -> Taken:
        self.before()
        take = partial(feeding.take, cipher=CIPHER, records=records, read=read)
        taken = await self.world.services.run(take)
        if self.after is not None:
            await self.after()
        return taken

    async def run(self, stopping: asyncio.Event, consumers: list[PositionConsumer]) -> None:
        kafka = AIOKafkaConsumer(
            bootstrap_servers=self.line.brokers,
            group_id=self.line.group,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            session_timeout_ms=6_000,
            heartbeat_interval_ms=500,
        )
        await kafka.start()
        try:
            letters = DeadLetters(self.line.producer, self.line.topics)
            consumers.append(
                PositionConsumer(kafka, self.take, TraccarFeed(), letters, self.topic, FeedLimits(poll=0.1))
            )
            await consumers[-1].run(stopping)
        finally:
            await kafka.stop()

    async def send(self, *values: bytes) -> None:
        for value in values:
            await self.line.producer.send(self.topic, value=value, key=b"7", partition=0)
        await self.line.producer.flush()

    async def committed(self) -> bool:
        asking = AIOKafkaConsumer(
            bootstrap_servers=self.line.brokers, group_id=self.line.group, enable_auto_commit=False
        )
        async with asking:
            place = TopicPartition(self.topic, 0)
            asking.assign([place])
            ends = await asking.end_offsets([place])
            return bool(ends[place] == await asking.committed(place))

    async def latitude(self) -> float | None:
        async with self.world.services.database.reading() as tx:
            heard = await positions.heard(tx, CIPHER, LoanId("L-1"))
        return heard.place.latitude if heard else None


@pytest.fixture
async def feed(line: Line, world: World) -> Feed:
    line.topics = replace(line.topics, positions=f"{line.group}.positions")
    await line.create(line.topics.positions, {})
    case = await open_case(world, days=FIELD, device=DEVICE)
    await case.reach("locate_vehicle")
    await world.execute("UPDATE collection_case SET stage = 'field'")
    await granted(world, case)
    return Feed(line, world)


async def test_of_a_stream_only_the_newest_of_whom_somebody_may_locate_stays_and_poison_keeps_no_place(
    feed: Feed,
) -> None:
    stopping, consumers = asyncio.Event(), list[PositionConsumer]()
    new = forwarded(DEVICE, latitude=31.5, age=timedelta(minutes=1))
    old = forwarded(DEVICE, latitude=31.1, age=timedelta(minutes=9))
    poison = forwarded(DEVICE, latitude=99.0)
    broken = b'{"device": {"uniqueId": "x"'
    running = asyncio.create_task(feed.run(stopping, consumers))
    await feed.send(old, forwarded("DEMO-CN-2"), poison, new, broken, old, new, forwarded("DEMO-CN-3"))
    await until(feed.committed, "everything is committed")
    stopping.set()
    await running
    assert await feed.latitude() == 31.5
    counts = consumers[0].counts
    assert (counts.consumed, counts.unread, counts.dead_lettered) == (8, 2, 2)
    assert await feed.world.scalar("SELECT count(*) FROM position_feed") == 1
    letters = await feed.line.quarantine().letters()
    assert {letter.sha256 for letter in letters} == {
        hashlib.sha256(value).hexdigest() for value in (poison, broken)
    }
    assert [(letter.value, letter.topic) for letter in letters] == [(None, feed.topic)] * 2
    with pytest.raises(NotRetryable, match="not kept whole"):
        await feed.line.quarantine().retry(letters, "operator-1")


async def test_killed_after_the_write_and_before_the_commit_the_next_one_changes_nothing_and_loses_nothing(
    feed: Feed,
) -> None:
    written = asyncio.Event()

    async def hang() -> None:
        written.set()
        await asyncio.Event().wait()

    feed.after = hang
    first, second = (
        forwarded(DEVICE, latitude=31.5, age=timedelta(minutes=5)),
        forwarded(DEVICE, latitude=31.6, age=timedelta(minutes=1)),
    )
    await feed.send(first)

    dying = asyncio.create_task(feed.run(asyncio.Event(), []))
    await asyncio.wait_for(written.wait(), 30)
    dying.cancel()
    with suppress(asyncio.CancelledError):
        await dying
    feed.after = None
    assert not await feed.committed()
    await feed.send(second)
    stopping, consumers = asyncio.Event(), list[PositionConsumer]()
    running = asyncio.create_task(feed.run(stopping, consumers))
    await until(feed.committed, "everything is committed")
    stopping.set()
    await running
    assert consumers[0].counts.consumed == 2  # the first came again
    assert await feed.latitude() == 31.6


async def test_while_the_database_is_away_nothing_is_committed_and_it_goes_on_by_itself(feed: Feed) -> None:
    failures = iter([True, True])

    def away() -> None:
        if next(failures, False):
            raise Unavailable("database")

    feed.before = away
    stopping, consumers = asyncio.Event(), list[PositionConsumer]()
    await feed.send(forwarded(DEVICE, latitude=31.5))
    running = asyncio.create_task(feed.run(stopping, consumers))
    await until(feed.committed, "it is committed in the end")
    stopping.set()
    await running
    assert (await feed.latitude(), next(failures, None)) == (31.5, None)
