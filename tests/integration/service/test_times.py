"""Business time in a transaction: of two that meet on a loan, the one that came second says so."""

from __future__ import annotations

import asyncio
from datetime import datetime

from recourse.domain.ids import LoanId, PersonId
from recourse.service.context import Unit
from tests.integration.conftest import World
from tests.integration.service.conftest import open_case

LOAN, PERSON = LoanId("L-1"), PersonId("C-L-1")


async def test_who_had_to_wait_for_a_loan_writes_a_later_time_than_who_had_it_first(world: World) -> None:
    await open_case(world)
    begun, first_is_done = asyncio.Event(), asyncio.Event()

    async def slow(unit: Unit) -> tuple[datetime, datetime]:
        at_first = unit.now
        begun.set()
        await first_is_done.wait()
        await unit.lock_loans([LOAN])
        return at_first, unit.now

    async def quick(unit: Unit) -> datetime:
        await unit.lock_loans([LOAN])
        return unit.now

    waiting = asyncio.create_task(world.services.run(slow))
    await begun.wait()
    quick_at = await world.services.run(quick)
    first_is_done.set()
    began_at, slow_at = await waiting
    assert began_at < quick_at < slow_at


async def test_each_way_to_a_lock_reads_the_clock_again(world: World) -> None:
    await open_case(world)

    async def use_case(unit: Unit) -> list[datetime]:
        times = [unit.now]
        for _ in range(2):
            await unit.lock_people([PERSON])
            times.append(unit.now)
            await unit.lock_contact_points([LOAN])
            times.append(unit.now)
        return times

    times = await world.services.run(use_case)
    assert times == sorted(set(times))


async def test_a_loan_that_is_held_already_is_not_asked_for_again_and_time_stands(world: World) -> None:
    await open_case(world)

    async def use_case(unit: Unit) -> tuple[datetime, datetime]:
        await unit.lock_loans([LOAN])
        held_at = unit.now
        await unit.lock_loans([LOAN])
        return held_at, unit.now

    held_at, later = await world.services.run(use_case)
    assert held_at == later
