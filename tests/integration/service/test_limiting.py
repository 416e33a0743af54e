"""The limitation clock of real rows: a receipt restarts it, a message that was only sent does not."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest

from activities.reminding import RemindingActivities
from recourse.contracts.messages import StepCommand
from recourse.domain.ids import CaseId, LoanId
from recourse.domain.situation import Channel, HoldReason
from recourse.service import noting
from recourse.service.limiting import LimitationLine, Limits
from recourse.service.noting import HoldRequest
from tests.fakes import FakeMessenger
from tests.integration.conftest import World
from tests.integration.service.conftest import NOON, OpenCase, answer, open_case

DUE = date(2026, 11, 5)


async def clock(world: World, case_id: str = "case-L-1-1") -> LimitationLine:
    services = world.services
    async with services.database.reading() as tx:
        now = await services.database.now(tx)
        [line] = await Limits(services.book, services.lenders).of_case(tx, CaseId(case_id), now)
    return line


async def running_out(world: World, within: int) -> tuple[list[str], int]:
    services = world.services
    async with services.database.reading() as tx:
        now = await services.database.now(tx)
        lines, unknown = await Limits(services.book, services.lenders).running_out(tx, now, within)
    return [line.case_id for line in lines], unknown


@pytest.fixture
async def reminded(world: World) -> OpenCase:
    """A text was sent, under the reference ref-1."""
    case = await open_case(world)
    plan = await case.reach("sms_friendly")
    activities = RemindingActivities(
        world.services, {Channel.SMS: FakeMessenger(), Channel.EMAIL: FakeMessenger()}
    )
    await activities.send_reminder(StepCommand(case.id, "sms_friendly", plan.number))
    return case


async def test_a_text_restarts_it_once_its_receipt_says_delivered(world: World, reminded: OpenCase) -> None:
    before = await clock(world)
    assert (before.runs_from, before.restarted_by) == (DUE, None)
    await world.services.run(partial(noting.note_receipt, provider_ref="ref-1", state="undeliverable"))
    assert (await clock(world)).restarted_by is None
    await world.services.run(partial(noting.note_receipt, provider_ref="ref-1", state="delivered"))
    after = await clock(world)
    attempt = await world.scalar("SELECT id FROM contact_attempt")
    assert after.restarted_by is not None
    assert (after.restarted_by["kind"], after.restarted_by["ref"]) == ("message_delivered", attempt)
    assert after.ends_on > before.ends_on


async def test_a_promise_acknowledges_the_debt(world: World, called: tuple[OpenCase, str]) -> None:
    _, task = called
    await answer(world, task, "claim", "c-1")
    said = {"outcome": "promise", "promise_minor": 1000, "promise_on": "2026-11-10"}
    await answer(world, task, "complete", "c-2", **said)
    proof = (await clock(world)).restarted_by
    assert proof is not None
    assert (proof["kind"], proof["ref"]) == ("acknowledged", f"ptp-{task}")


async def test_the_legal_team_is_warned_once_by_the_case_itself(world: World) -> None:
    case = await open_case(world)
    hold = HoldRequest(HoldReason.DEATH, "lead-1", "test", loan_id=LoanId("L-1"))
    await world.services.run(partial(noting.place_hold, request=hold))
    plan = await case.plan()
    assert (plan.reason, plan.due_at) == ("hold", datetime(2029, 5, 8, 16, 0, tzinfo=UTC))
    world.set_now(datetime(2029, 5, 8, 16, 0, tzinfo=UTC))
    for _ in range(2):
        assert (await case.decide()).due_at is None
    [task] = await world.rows("SELECT id, kind, team, state FROM agent_task")
    assert (task["kind"], task["team"], task["state"]) == ("limitation_warning", "legal", "open")
    values = {"actor": "legal-1", "roles": ("legal",)}
    await answer(world, task["id"], "claim", "l-1", **values)
    assert (await answer(world, task["id"], "complete", "l-2", outcome="done", **values)).receipt.accepted
    await case.decide()
    assert await world.scalar("SELECT count(*) FROM agent_task") == 1


async def test_what_runs_out_is_listed_with_what_is_not_known(world: World) -> None:
    await open_case(world, "L-1")
    await open_case(world, "L-2", region="US", days=3)
    assert await running_out(world, 180) == ([], 1)
    world.set_now(NOON + timedelta(days=3 * 365 - 100))
    assert await running_out(world, 180) == (["case-L-1-1"], 1)
    world.set_now(NOON + timedelta(days=3 * 365 + 100))
    assert await running_out(world, 0) == (["case-L-1-1"], 1)
    assert (await clock(world)).days_left < 0
