"""Nothing lost, nothing twice: death, redelivery, rebalance and dependencies that are away."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from aiokafka import AIOKafkaProducer

from consumers.loop import Stalled
from recourse.contracts.delivery import Acceptance, AcceptsFacts, Unavailable
from recourse.contracts.events import BankEvent, encode_binary
from recourse.contracts.messages import Nudge
from recourse.delivery import Delivery
from tests.events import overdue, payment
from tests.integration.conftest import World
from tests.integration.consumers.conftest import LIMITS, Line, until

AT = datetime(2026, 11, 6, 2, 0, tzinfo=UTC)


class Unsteady:
    """A delivery whose database or engine is away for the first so many calls."""

    def __init__(self, delivery: Delivery, *, accepts: int = 0, nudges: int = 0) -> None:
        self.delivery, self.accepts, self.nudges, self.asked = delivery, accepts, nudges, 0

    async def accept(self, events: Sequence[BankEvent]) -> Acceptance:
        self.asked += 1
        if self.asked <= self.accepts:
            raise Unavailable("the database is away")
        return await self.delivery.accept(events)

    async def nudge(self, nudge: Nudge) -> None:
        self.nudges -= 1
        if self.nudges >= 0:
            raise Unavailable("the engine is away")
        await self.delivery.nudge(nudge)

    async def mark_delivered(self, nudges: Sequence[Nudge]) -> None:
        await self.delivery.mark_delivered(nudges)


class Stuck(Unsteady):
    """An engine that never answers."""

    async def nudge(self, nudge: Nudge) -> None:
        await asyncio.Event().wait()


async def test_a_record_delivered_again_is_one_fact_and_wakes_nobody_twice(line: Line, world: World) -> None:
    world.set_now(AT)
    events = [overdue(f"L-{n}", at=AT, event_id=f"e{n}") for n in range(6)]
    await line.send(*events, *events)
    first = await line.join(world.delivery)
    await line.caught_up()
    await first.stop()
    nudged = len(world.runs.nudges)
    line.group += "-again"  # a group that has committed nothing reads everything again
    await line.join(world.delivery)
    await line.caught_up()
    assert await world.scalar("SELECT count(*) FROM fact") == 6
    assert await world.scalar("SELECT count(*) FROM collection_case") == 6
    assert len(world.runs.nudges) == nudged


async def test_events_of_one_loan_keep_their_order_and_fold_into_few_nudges(line: Line, world: World) -> None:
    world.set_now(AT)
    await line.send(overdue("L-1", at=AT, sequence=1))
    await line.send(*[payment("L-1", at=AT, sequence=n, amount=1, payment_id=f"P-{n}", cured=False, left=None)
                      for n in range(2, 60)])  # fmt: skip
    await line.join(world.delivery)
    await line.caught_up()
    assert await world.scalar("SELECT count(*) FROM fact") == 59
    assert [n.highest_fact for n in world.runs.nudges] == sorted(n.highest_fact for n in world.runs.nudges)
    assert len(world.runs.nudges) < 10


async def test_while_the_database_is_away_nothing_is_committed_and_poison_is_buried_once(
    line: Line, world: World
) -> None:
    world.set_now(AT)
    facts = Unsteady(world.delivery, accepts=3)
    await line.send(overdue("L-1", at=AT))
    await line.raw(b"poison", b"L-1", encode_binary(overdue("L-1", at=AT))[2])
    member = await line.join(facts)

    async def tried() -> bool:
        return facts.asked >= 2

    await until(tried, "it tries again by itself")
    assert await line.lag() == 2
    await line.caught_up()
    assert await world.scalar("SELECT count(*) FROM fact") == 1
    assert member.consumer.health.dead_lettered == 1
    assert len(await line.quarantine().letters()) == 1


async def test_an_offset_waits_until_the_case_was_told(line: Line, world: World) -> None:
    world.set_now(AT)
    await line.send(overdue("L-1", at=AT))
    facts = Unsteady(world.delivery, nudges=4)
    await line.join(facts)

    async def known() -> bool:
        return bool(await world.scalar("SELECT count(*) FROM fact") == 1)

    await until(known, "the fact counts while the engine is away")
    assert await line.lag() == 1
    await line.caught_up()
    assert [n.case_id for n in world.runs.nudges] == ["case-L-1-1"]


async def test_a_stop_is_bounded_even_when_the_engine_never_answers(line: Line, world: World) -> None:
    world.set_now(AT)
    await line.send(overdue("L-1", at=AT), overdue("L-2", at=AT))
    member = await line.join(Stuck(world.delivery), replace(LIMITS, drain=0.5))

    async def known() -> bool:
        return bool(await world.scalar("SELECT count(*) FROM fact") == 2)

    await until(known, "facts are written")
    await member.stop()
    assert await line.lag() == 2
    await line.join(world.delivery)
    await line.caught_up()
    assert sorted(n.case_id for n in world.runs.nudges) == ["case-L-1-1", "case-L-2-1"]


async def test_members_that_come_and_go_lose_and_double_nothing(line: Line, world: World) -> None:
    world.set_now(AT)
    first = await line.join(world.delivery)
    for n in range(150):
        await line.send(overdue(f"L-{n}", at=AT, event_id=f"e{n}"))
    await line.join(world.delivery)
    for n in range(150, 300):
        await line.send(overdue(f"L-{n}", at=AT, event_id=f"e{n}"))
    await first.stop()
    for n in range(300, 400):
        await line.send(overdue(f"L-{n}", at=AT, event_id=f"e{n}"))
    await line.caught_up(60)
    assert await world.scalar("SELECT count(*) FROM fact") == 400
    told = await world.scalar("SELECT count(*) FROM collection_case WHERE facts_delivered >= facts_due")
    assert told == 400


async def test_above_its_limit_it_stops_reading_and_goes_on_when_lanes_are_free(
    line: Line, world: World
) -> None:
    world.set_now(AT)
    gate = asyncio.Event()

    class Slow(Unsteady):
        async def nudge(self, nudge: Nudge) -> None:
            await gate.wait()
            await self.delivery.nudge(nudge)

    facts: AcceptsFacts = Slow(world.delivery)
    await line.send(*[overdue(f"L-{n}", at=AT) for n in range(60)])
    member = await line.join(facts, replace(LIMITS, batch=5, most_lanes=10))

    async def full() -> bool:
        return member.consumer.health.consumed >= 10

    await until(full, "lanes are full")
    held = member.consumer.health.consumed
    assert held <= 20
    gate.set()
    await line.caught_up()
    assert await world.scalar("SELECT count(*) FROM fact") == 60


class Broken(Unsteady):
    """A delivery with a fault nobody thought of, at its first nudge."""

    async def nudge(self, nudge: Nudge) -> None:
        self.nudges -= 1
        if self.nudges >= 0:
            raise ZeroDivisionError
        await self.delivery.nudge(nudge)


async def test_asked_to_stop_while_the_database_is_away_it_stops_and_commits_nothing(
    line: Line, world: World
) -> None:
    world.set_now(AT)
    away = Unsteady(world.delivery, accepts=1_000)
    await line.send(overdue("L-1", at=AT))
    member = await line.join(away)

    async def tried() -> bool:
        return away.asked >= 3

    await until(tried, "it tries again and again")
    member.stopping.set()
    await asyncio.wait_for(member.task, LIMITS.drain + 3)
    await member.kafka.stop()
    assert await line.lag() == 1


async def test_a_fault_in_a_delivery_starts_the_consumer_anew_instead_of_waiting_for_ever(
    line: Line, world: World
) -> None:
    world.set_now(AT)
    await line.send(overdue("L-1", at=AT))
    member = await line.join(Broken(world.delivery, nudges=1))
    with pytest.raises(Stalled, match="ZeroDivisionError"):
        await asyncio.wait_for(member.task, 20)
    await member.kafka.stop()
    await line.join(world.delivery)
    await line.caught_up()
    assert [n.case_id for n in world.runs.nudges] == ["case-L-1-1"]


async def test_an_engine_that_is_away_for_long_does_not_make_the_consumer_think_it_is_stuck(
    line: Line, world: World
) -> None:
    world.set_now(AT)
    away = Unsteady(world.delivery, nudges=4)  # with its pauses longer than `stalled_after`
    await line.send(overdue("L-1", at=AT))
    member = await line.join(away, replace(LIMITS, stalled_after=0.3))
    await line.caught_up()
    assert not member.task.done()
    assert [n.case_id for n in world.runs.nudges] == ["case-L-1-1"]


@pytest.mark.parametrize("compression", ["gzip", "snappy", "lz4", "zstd"])
async def test_a_bank_may_compress_as_it_likes(line: Line, world: World, compression: str) -> None:
    world.set_now(AT)
    key, value, headers = encode_binary(overdue("L-1", at=AT))
    producer = AIOKafkaProducer(bootstrap_servers=line.brokers, compression_type=compression)
    async with producer:
        await producer.send_and_wait(line.topics.overdue, value=value, key=key, headers=headers)
    await line.join(world.delivery)
    await line.caught_up()
    assert await world.scalar("SELECT count(*) FROM fact") == 1
