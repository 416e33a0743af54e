"""The consumer: poll → understand → accept (one transaction) → nudge in lanes → mark → commit.

What if it dies? Before the transaction: Kafka redelivers. After it, before the nudge: the redelivered event
is known and its case comes back undelivered. After the nudge, before the mark or the commit: a second nudge
that carries nothing new. An offset is committed only when it and all before it are finished.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from consumers.backoff import Away, Backoff
from consumers.batch import BuryOnce, Record, accept, understand
from consumers.dead_letter import DeadLetters
from consumers.lanes import Lanes
from consumers.rebalance import DrainOnRevoke
from consumers.watermark import Watermark
from recourse.contracts.delivery import AcceptsFacts, Unavailable
from recourse.contracts.events import EventLimits, Refused, Topics
from recourse.contracts.messages import Nudge

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ConsumerLimits:
    """batch: records a transaction. most_lanes: pause above it. Seconds for the rest."""

    batch: int = 128
    most_lanes: int = 2_000
    side_by_side: int = 128
    poll: float = 0.2
    commit_every: float = 1.0
    drain: float = 20.0
    stop: float = 10.0
    stalled_after: float = 120.0


@dataclass(slots=True)
class Health:
    """What `doctor` and the logs tell: counts since the start, and when something last moved."""

    consumed: int = 0
    dead_lettered: int = 0
    nudged: int = 0
    moved_at: float = field(default_factory=time.monotonic)


class Stalled(Exception):
    """There is lag and nothing moves: the process must be started anew (aio-libs/aiokafka #625, #1037)."""


class FactConsumer:
    """One member of the group. `run` returns when asked to stop and raises Stalled when it is stuck."""

    def __init__(
        self,
        consumer: AIOKafkaConsumer,
        facts: AcceptsFacts,
        dead_letters: DeadLetters,
        topics: Topics,
        limits: ConsumerLimits | None = None,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        """clock: business now; with it an event from more than a day ahead of us is refused."""
        self._clock = clock
        self._consumer, self._facts, self._dead_letters, self._topics = consumer, facts, dead_letters, topics
        self._limits = limits or ConsumerLimits()
        self._marks: dict[TopicPartition, Watermark] = defaultdict(Watermark)
        self._delivered: list[Nudge] = []
        self._lanes = Lanes(self._nudge, side_by_side=self._limits.side_by_side)
        self._committed_at = time.monotonic()
        self._stopping = asyncio.Event()
        self._nudge_away = Away("nudge", log)
        self.health = Health()

    async def run(self, stopping: asyncio.Event) -> None:
        """The consumer must be started; this subscribes. Ends within the drain and stop bounds."""
        self._stopping = stopping
        self._consumer.subscribe(list(self._topics.incoming()), listener=DrainOnRevoke(self._release))
        try:
            while not stopping.is_set():
                await self._poll()
                await self._tick()
                await self._watch()
                if self._lanes.failure is not None:
                    raise Stalled(f"a delivery failed: {self._lanes.failure}")
        finally:
            await self._lanes.drain(self._limits.drain)
            with suppress(Unavailable):
                await self._commit()
            await self._lanes.abandon()

    async def _poll(self) -> None:
        paused = self._lanes.load >= self._limits.most_lanes
        assigned = self._consumer.assignment()
        (self._consumer.pause if paused else self._consumer.resume)(*assigned)
        polled = await self._consumer.getmany(
            timeout_ms=int(self._limits.poll * 1000), max_records=self._limits.batch
        )
        records = [record for partition in polled.values() for record in partition]
        if records:
            await self._take(records)

    async def _take(self, records: list[Record]) -> None:
        for record in records:
            self._marks[_partition(record)].begin(record.offset)
        self.health.consumed += len(records)
        self.health.moved_at = time.monotonic()
        nudges = await self._accept(records)
        if nudges is None:
            return  # asked to stop or revoked while waiting: whoever has them next gets the records again
        batch = _Batch(records, self._marks, len(nudges))
        for nudge in nudges:
            self._lanes.put(nudge, batch.one_done)
        batch.finish_if_done()

    async def _accept(self, records: list[Record]) -> list[Nudge] | None:
        """Until it is written, or None. Meanwhile partitions are paused and polled, so that we stay in the
        group."""
        backoff, away, mine = Backoff(), Away("accept", log), {_partition(r) for r in records}
        marks = {tp: self._marks[tp] for tp in mine}
        bury = BuryOnce(self._bury)
        while True:
            try:
                now = self._clock() if self._clock else None
                batch = await understand(records, EventLimits(now=now), bury)
                nudges = await accept(batch, self._facts, bury) if batch else []
            except (Unavailable, KafkaError) as error:
                wait = backoff.next()
                away.failed(str(error) or type(error).__name__, wait=round(wait, 1))
                await self._wait_paused(wait)
            else:
                away.worked()
                return nudges
            if self._stopping.is_set() or any(self._marks.get(tp) is not mark for tp, mark in marks.items()):
                return None

    async def _wait_paused(self, seconds: float) -> None:
        """Poll only what is ours and paused: a record of a partition just assigned must not be fetched here,
        where nobody would take it."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and not self._stopping.is_set():
            mine = [tp for tp in self._marks if tp in self._consumer.assignment()]
            self._consumer.pause(*mine)
            if mine:
                await self._consumer.getmany(*mine, timeout_ms=int(min(left, 1.0) * 1000) + 1)
            else:
                await asyncio.sleep(min(left, 1.0))

    async def _bury(self, record: Record, refused: Refused) -> None:
        await self._dead_letters.send(record, refused)
        self.health.dead_lettered += 1
        log.warning(
            "dead letter",
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            code=refused.code.value,
            field=refused.field,
        )

    async def _nudge(self, nudge: Nudge) -> None:
        backoff = Backoff()
        while True:
            try:
                await self._facts.nudge(nudge)
            except Unavailable as error:
                self._nudge_away.failed(str(error), case_id=nudge.case_id, cases=self._lanes.load)
                await asyncio.sleep(backoff.next())
            else:
                self._nudge_away.worked()
                self._delivered.append(nudge)
                self.health.nudged += 1
                self.health.moved_at = time.monotonic()
                return

    async def _tick(self) -> None:
        if time.monotonic() - self._committed_at >= self._limits.commit_every:
            with suppress(Unavailable):
                await self._commit()

    async def _commit(self) -> None:
        """Mark what was nudged, then commit what was finished by then: whatever a committed offset stands
        for is marked, so that the sweeper has nothing to do after an orderly stop."""
        self._committed_at = time.monotonic()
        positions = {tp: p for tp, mark in self._marks.items() if (p := mark.advance()) is not None}
        delivered, self._delivered = self._delivered, []
        try:
            await self._facts.mark_delivered(delivered)
        except Unavailable:
            self._delivered = [*delivered, *self._delivered]
            raise
        if not positions:
            return
        try:
            await self._consumer.commit(positions)
        except (CommitFailedError, IllegalStateError, KafkaError) as error:
            # Lost the partition or the broker: the records will be delivered again, which is harmless.
            log.warning("commit failed, records will be redelivered", error=type(error).__name__)
            return
        for tp, position in positions.items():
            if tp in self._marks:
                self._marks[tp].committed(position)

    async def _release(self, revoked: set[TopicPartition]) -> None:
        """Drain within the bound, commit, and forget the partitions: later finishes touch nobody's offset."""
        await self._lanes.drain(self._limits.drain)
        with suppress(Unavailable):
            await self._commit()
        for tp in revoked:
            self._marks.pop(tp, None)

    async def _watch(self) -> None:
        if self._lanes.load:
            self.health.moved_at = time.monotonic()  # a run is being told, however long the engine is away
        if time.monotonic() - self.health.moved_at < self._limits.stalled_after:
            return
        lag = 0
        for tp in self._consumer.assignment():
            end = self._consumer.highwater(tp)
            position = self._marks[tp].position() if tp in self._marks else None
            lag += max((end or 0) - (position or end or 0), 0)
        if lag > 0 and not self._consumer.paused():
            raise Stalled(f"{lag} records behind and nothing moved for {self._limits.stalled_after:.0f} s")
        self.health.moved_at = time.monotonic()


class _Batch:
    """Finishes a batch's offsets when its last nudge is delivered."""

    def __init__(
        self, records: list[Record], marks: dict[TopicPartition, Watermark], outstanding: int
    ) -> None:
        self._finishing = [(marks[_partition(r)], r.offset) for r in records]
        self._outstanding = outstanding

    def one_done(self) -> None:
        self._outstanding -= 1
        self.finish_if_done()

    def finish_if_done(self) -> None:
        if self._outstanding == 0:
            for mark, offset in self._finishing:
                mark.finish(offset)


def _partition(record: Record) -> TopicPartition:
    return TopicPartition(record.topic, record.partition)
