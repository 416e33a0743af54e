"""What a crash left behind is found: facts nobody was told of, cases without a run, claims without an end."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import text
from temporalio.testing import ActivityEnvironment

from activities.recalling import Recalls
from activities.reminding import RemindingActivities
from activities.sweeping import PAGE, SweepingActivities
from recourse.contracts.delivery import Unavailable
from recourse.contracts.messages import StepCommand, StepResult, SweepReport
from recourse.domain.situation import Channel
from recourse.ports import NotHandedOver
from recourse.service import reminding, sweeping
from recourse.storage.database import Tx
from recourse.storage.positions import Shown
from tests.events import overdue, payment, snapshot
from tests.fakes import FakeDesk, FakeMessenger
from tests.integration.conftest import World
from tests.integration.service.conftest import NOON, OpenCase, open_case
from tests.integration.service.located import FIELD, Tracker, desk, ended, granted


async def _sweep(world: World) -> SweepReport:
    recalls = Recalls(world.services, FakeDesk())
    return await ActivityEnvironment().run(SweepingActivities(world.delivery, recalls).sweep)


async def _told(world: World) -> None:
    """Everything accepted so far was delivered, as it is when nothing went wrong."""
    assert await world.delivery.deliver(await world.services.run(partial(sweeping.undelivered, limit=100)))


async def _claimed(world: World, case: OpenCase) -> tuple[StepCommand, reminding.Claimed]:
    plan = await case.reach("sms_friendly")
    command = StepCommand(case.id, "sms_friendly", plan.number)
    claimed = await world.services.run(partial(reminding.claim, command=command))
    assert not isinstance(claimed, StepResult)
    return command, claimed


async def _long_ago(world: World) -> None:
    """The claim was written an hour ago by the database's own clock."""

    async def shift(tx: Tx) -> None:
        await tx.execute(text("UPDATE contact_attempt SET recorded_at = recorded_at - interval '1 hour'"))

    await world.services.database.write(shift)


async def test_facts_that_were_accepted_but_never_delivered_are_delivered_once(world: World) -> None:
    world.set_now(NOON)
    for loan in ("L-1", "L-2"):
        await world.delivery.accept([snapshot(loan, at=NOON), overdue(loan, at=NOON)])
    first, second = await _sweep(world), await _sweep(world)
    assert (first.delivered, second.delivered) == (2, 0)
    assert {n.case_id for n in world.runs.nudges} == {"case-L-1-1", "case-L-2-1"}
    facts = await world.scalar("SELECT max(facts_due) FROM collection_case")
    assert max(n.highest_fact for n in world.runs.nudges) == facts


async def test_a_payment_that_closed_a_case_is_told_to_its_run_as_well(world: World) -> None:
    await open_case(world)
    await _told(world)
    await world.delivery.accept([payment("L-1", at=NOON + timedelta(hours=1))])
    assert (await _sweep(world)).delivered == 1
    assert (await _sweep(world)) == SweepReport()


async def test_leave_that_ran_out_is_ended_and_places_whose_time_is_over_go(world: World) -> None:
    case = await open_case(world, days=FIELD)
    row = await granted(world, case)
    assert isinstance(await desk(world, Tracker()).locate(row.id, "read-1", "desk-1"), Shown)
    await _told(world)
    assert (await _sweep(world)).positions == 0
    world.set_now(NOON + timedelta(days=31))
    assert [(await _sweep(world)).positions for _ in range(2)] == [1, 0]
    assert await ended(world, row.id) == "expired"
    assert await world.scalar("SELECT count(*) FROM location_fix") == 1


async def test_while_the_engine_is_down_nothing_is_marked_as_delivered(world: World) -> None:
    await open_case(world)
    world.runs.down = True
    with pytest.raises(Unavailable):
        await _sweep(world)
    world.runs.down = False
    assert (await _sweep(world)).delivered == 1


async def test_an_open_case_whose_run_is_gone_is_started_again_and_a_closed_one_is_not(world: World) -> None:
    await open_case(world, "L-1")
    await open_case(world, "L-2")
    await world.delivery.accept([payment("L-2", at=NOON + timedelta(hours=1))])
    await _told(world)
    world.runs.nudges.clear()  # the engine's memory is lost
    report = await _sweep(world)
    assert (report.delivered, report.resumed) == (0, 1)
    assert [n.case_id for n in world.runs.nudges] == ["case-L-1-1"]


async def test_more_cases_than_a_page_holds_are_all_delivered_and_all_resumed(world: World) -> None:
    world.set_now(NOON)
    loans = [f"L-{number:03d}" for number in range(2 * PAGE + 1)]
    await world.delivery.accept([overdue(loan, at=NOON) for loan in loans])
    assert (await _sweep(world)).delivered == 2 * PAGE + 1
    world.runs.nudges.clear()
    assert (await _sweep(world)).resumed == 2 * PAGE + 1
    assert {n.case_id for n in world.runs.nudges} == {f"case-{loan}-1" for loan in loans}


async def test_a_claim_whose_sender_died_becomes_unknown_and_a_person_checks(world: World) -> None:
    case = await open_case(world)
    await _claimed(world, case)
    await _told(world)
    assert (await _sweep(world)).reconciled == 0  # its sender may still be at it
    await _long_ago(world)
    assert (await _sweep(world)).reconciled == 1
    assert await world.scalar("SELECT state FROM contact_attempt") == "unknown"
    assert await world.scalar("SELECT kind FROM agent_task WHERE state = 'open'") == "check_delivery"
    assert (await _sweep(world)).reconciled == 0


async def test_a_claim_left_by_a_case_that_closed_is_ended_without_a_task(world: World) -> None:
    case = await open_case(world)
    await _claimed(world, case)
    await world.delivery.accept([payment("L-1", at=NOON + timedelta(hours=1))])
    await _long_ago(world)
    assert (await _sweep(world)).reconciled == 1
    assert await world.scalar("SELECT state FROM contact_attempt") == "unknown"
    assert await world.scalar("SELECT count(*) FROM agent_task") == 0


async def test_a_retry_that_is_sending_right_now_is_not_taken_for_dead(world: World) -> None:
    """The slot is claimed again under the same key long after the first try."""
    case, messenger = await open_case(world), FakeMessenger()
    plan = await case.reach("sms_friendly")
    command = StepCommand(case.id, "sms_friendly", plan.number)
    activities = RemindingActivities(world.services, {Channel.SMS: messenger})
    messenger.failure = NotHandedOver("smpp: cannot bind")
    with pytest.raises(Exception, match="cannot bind"):
        await activities.send_reminder(command)
    await _long_ago(world)
    claimed = await world.services.run(partial(reminding.claim, command=command))
    assert not isinstance(claimed, StepResult)
    assert (await _sweep(world)).reconciled == 0
    assert await world.scalar("SELECT state FROM contact_attempt") == "claimed"


async def test_an_answer_that_came_before_the_sweep_is_left_as_it_is(world: World) -> None:
    case, messenger = await open_case(world), FakeMessenger()
    plan = await case.reach("sms_friendly")
    activities = RemindingActivities(world.services, {Channel.SMS: messenger})
    await activities.send_reminder(StepCommand(case.id, "sms_friendly", plan.number))
    await _long_ago(world)
    assert (await _sweep(world)).reconciled == 0
    assert await world.scalar("SELECT state FROM contact_attempt") == "sent"
