"""The feed of positions: poll → whose is it → keep the newest of those who may be located → commit.

What if it dies? Before the transaction, or after it and before the commit: Kafka redelivers, and the newest
fix stays whatever comes twice or late. While the feed is silent nobody waits for it: a reading asks the
tracking server itself then.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from consumers.backoff import Away, Backoff
from consumers.batch import BuryOnce, Record
from consumers.dead_letter import DeadLetters
from recourse.contracts.delivery import Unavailable
from recourse.contracts.events import Refused
from recourse.ports import Fix, PositionFeed
from recourse.service.feeding import Taken

log = structlog.get_logger(__name__)
Take: TypeAlias = Callable[[Mapping[str, Sequence[Record]], Callable[[Record], Fix | None]], Awaitable[Taken]]


@dataclass(frozen=True, slots=True)
class FeedLimits:
    """batch: records a transaction. Seconds for the rest. told_every: between two lines of the log."""

    batch: int = 500
    poll: float = 0.5
    told_every: float = 60.0


@dataclass(slots=True)
class Counts:
    """Records since the start. Nothing says whose they were."""

    consumed: int = 0
    kept: int = 0
    old: int = 0
    unread: int = 0
    dead_lettered: int = 0
    told_at: float = field(default_factory=time.monotonic)


class PositionConsumer:
    """One member of the group. take: one transaction; raises Unavailable while it cannot be made."""

    def __init__(
        self,
        consumer: AIOKafkaConsumer,
        take: Take,
        feed: PositionFeed,
        dead_letters: DeadLetters,
        topic: str,
        limits: FeedLimits | None = None,
    ) -> None:
        self._consumer, self._take, self._feed, self._dead_letters = consumer, take, feed, dead_letters
        self._topic, self._limits = topic, limits or FeedLimits()
        self._stopping = asyncio.Event()
        self.counts = Counts()

    async def run(self, stopping: asyncio.Event) -> None:
        """The consumer must be started; this subscribes."""
        self._stopping = stopping
        self._consumer.subscribe([self._topic])
        while not stopping.is_set():
            polled = await self._consumer.getmany(
                timeout_ms=int(self._limits.poll * 1000), max_records=self._limits.batch
            )
            records = [record for partition in polled.values() for record in partition]
            if records and await self._accept(records):
                await self._commit(records)
            self._tell()

    async def _accept(self, records: list[Record]) -> bool:
        """Until it is written; False when asked to stop before."""
        backoff, away, bury = Backoff(), Away("take positions", log), BuryOnce(self._bury)
        while not self._stopping.is_set():
            try:
                await self._once(records, bury)
            except (Unavailable, KafkaError) as error:
                wait = backoff.next()
                away.failed(str(error) or type(error).__name__, wait=round(wait, 1))
                await self._rest({_partition(record) for record in records}, wait)
            else:
                away.worked()
                self.counts.consumed += len(records)
                return True
        return False

    async def _once(self, records: list[Record], bury: BuryOnce) -> None:
        by_device: dict[str, list[Record]] = defaultdict(list)
        poison: dict[tuple[str, int, int], tuple[Record, Refused]] = {}
        for record in records:
            try:
                by_device[self._feed.device_of(record.value)].append(record)
            except Refused as refused:
                poison[_place(record)] = record, refused

        def read(record: Record) -> Fix | None:
            try:
                return self._feed.fix_of(record.value or b"")
            except Refused as refused:
                poison[_place(record)] = record, refused
                return None

        taken = await self._take(by_device, read)
        await asyncio.gather(*(bury(record, refused) for record, refused in poison.values()))
        self.counts.kept += taken.kept
        self.counts.old += taken.old
        self.counts.unread += taken.unread

    async def _bury(self, record: Record, refused: Refused) -> None:
        await self._dead_letters.send(record, refused, without_value=True)
        self.counts.dead_lettered += 1
        log.warning(
            "dead letter",
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            code=refused.code.value,
            field=refused.field,
        )

    async def _rest(self, mine: set[TopicPartition], seconds: float) -> None:
        """Poll only what is ours and paused, so that we stay in the group and take nothing that nobody would
        look at."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and not self._stopping.is_set():
            held = mine & set(self._consumer.assignment())
            self._consumer.pause(*held)
            if held:
                await self._consumer.getmany(*held, timeout_ms=int(min(left, 1.0) * 1000) + 1)
            else:
                await asyncio.sleep(min(left, 1.0))
        self._consumer.resume(*(mine & set(self._consumer.assignment())))

    async def _commit(self, records: list[Record]) -> None:
        after: dict[TopicPartition, int] = {}
        for record in records:
            place = _partition(record)
            after[place] = max(after.get(place, 0), record.offset + 1)
        try:
            await self._consumer.commit(after)
        except (CommitFailedError, IllegalStateError, KafkaError) as error:
            log.warning("commit failed, records will be redelivered", error=type(error).__name__)

    def _tell(self) -> None:
        if time.monotonic() - self.counts.told_at >= self._limits.told_every:
            self.counts.told_at = time.monotonic()
            counted = {name: getattr(self.counts, name) for name in _TOLD}
            log.info("positions taken", **counted)


_TOLD = ("consumed", "kept", "old", "unread", "dead_lettered")


def _partition(record: Record) -> TopicPartition:
    return TopicPartition(record.topic, record.partition)


def _place(record: Record) -> tuple[str, int, int]:
    return record.topic, record.partition, record.offset
