"""What a decision knows of before: notices of earlier defaults, the price, and calls that were asked for."""

from __future__ import annotations

from datetime import timedelta

import pytest

from activities.reminding import RemindingActivities
from recourse.contracts.messages import StepCommand
from recourse.domain.ids import CaseId
from recourse.domain.situation import Channel, Situation
from recourse.storage.situation import gather
from tests.events import overdue, payment, snapshot
from tests.fakes import FakeMessenger
from tests.integration.conftest import World
from tests.integration.service.conftest import NOON, OpenCase, answer, open_case


async def _situation(world: World, case_id: str) -> Situation:
    database = world.services.database
    async with database.reading() as tx:
        return (await gather(tx, CaseId(case_id), await database.now(tx))).situation


@pytest.fixture
async def reminded(world: World) -> OpenCase:
    case = await open_case(world)
    plan = await case.reach("sms_friendly")
    gateways = {Channel.SMS: FakeMessenger(), Channel.EMAIL: FakeMessenger()}
    await RemindingActivities(world.services, gateways).send_reminder(
        StepCommand(case.id, "sms_friendly", plan.number)
    )
    return case


async def test_what_was_sent_in_an_earlier_default_is_known_in_the_next_with_how_late_it_was_at_least(
    world: World, reminded: OpenCase
) -> None:
    sent = await world.scalar("SELECT at FROM contact_attempt")
    assert (await _situation(world, reminded.id)).earlier_notices == ()
    later = NOON + timedelta(days=40)
    world.set_now(later)
    await world.delivery.accept([payment("L-1", at=later)])
    await world.delivery.accept([overdue("L-1", at=later, days=1, sequence=4)])
    [before] = (await _situation(world, "case-L-1-2")).earlier_notices
    assert (before.template, before.at, before.dpd, before.earlier) == ("reminder_friendly", sent, 1, True)
    world.set_now(NOON + timedelta(days=4 * 365))
    assert (await _situation(world, "case-L-1-2")).earlier_notices == ()


async def test_the_price_is_the_one_of_the_banks_contract_and_none_where_it_names_none(world: World) -> None:
    case = await open_case(world)
    assert (await _situation(world, case.id)).price_minor is None
    await world.delivery.accept(
        [snapshot("L-1", at=NOON, sequence=9, contract={"number": "HT-1", "price_minor": 11_800_000})]
    )
    assert (await _situation(world, case.id)).price_minor == 11_800_000


async def test_a_call_in_which_another_was_asked_for_says_so_in_the_ledger(
    world: World, called: tuple[OpenCase, str]
) -> None:
    case, task = called
    await answer(world, task, "claim", "c-1")
    assert [a.asked_back for a in (await _situation(world, case.id)).attempts] == [False]
    await answer(world, task, "complete", "c-2", outcome="callback")
    assert [a.asked_back for a in (await _situation(world, case.id)).attempts] == [True]
