"""What a person said on the phone counts, also when the task ended under the agent's hands."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from recourse.service.answering import CLAIM_LASTS
from tests.events import payment
from tests.integration.conftest import World
from tests.integration.service.conftest import NOON, OpenCase, answer

Called = tuple[OpenCase, str]
FIVE_MINUTES = timedelta(minutes=5)


async def _state(world: World, task: str) -> str:
    state: str = await world.scalar("SELECT state FROM agent_task WHERE id = :t", t=task)
    return state


@pytest.fixture
async def claimed_late(world: World, called: Called) -> datetime:
    """Claimed five minutes before the task expires; returns when it would."""
    expires: datetime = await world.scalar("SELECT expires_at FROM agent_task")
    world.set_now(expires - FIVE_MINUTES)
    assert (await answer(world, called[1], "claim", "r1")).receipt.accepted
    return expires


@pytest.mark.parametrize("outcome", ["no_contact", "hardship", "promise"])
async def test_a_task_does_not_expire_while_somebody_works_on_it(
    world: World, called: Called, claimed_late: datetime, outcome: str
) -> None:
    case, task = called
    world.set_now(claimed_late + FIVE_MINUTES)
    await case.decide()
    assert await _state(world, task) == "claimed"
    said: dict[str, Any] = {"outcome": outcome}
    if outcome == "promise":
        said |= {"promise_minor": 352017, "promise_on": (claimed_late.date() + timedelta(days=3)).isoformat()}
    assert (await answer(world, task, "complete", "r2", **said)).receipt.accepted
    assert await _state(world, task) == "done"
    assert await world.scalar("SELECT state FROM contact_attempt") == "connected"


async def test_a_claim_that_ran_out_lets_the_task_expire(
    world: World, called: Called, claimed_late: datetime
) -> None:
    case, task = called
    world.set_now(claimed_late - FIVE_MINUTES + CLAIM_LASTS + timedelta(seconds=1))
    await case.decide()
    assert await _state(world, task) == "expired"


async def test_a_task_without_an_expiry_does_not_get_one_by_being_claimed(
    world: World, called: Called
) -> None:
    case, task = called
    await world.execute("UPDATE agent_task SET expires_at = NULL")
    assert (await answer(world, task, "claim", "r1")).receipt.accepted
    world.set_now(NOON + timedelta(days=60))
    await case.decide()
    assert await _state(world, task) == "claimed"


async def _expire(world: World, called: Called) -> None:
    expires: datetime = await world.scalar("SELECT expires_at FROM agent_task")
    world.set_now(expires - FIVE_MINUTES)
    await answer(world, called[1], "claim", "r1")
    world.set_now(expires + timedelta(days=1))
    await called[0].decide()
    assert await _state(world, called[1]) == "expired"


async def _cancel(world: World, called: Called) -> None:
    """The account was cured while the agent was on the phone."""
    await answer(world, called[1], "claim", "r1")
    await world.delivery.accept([payment("L-1", at=NOON + timedelta(days=1))])
    assert await _state(world, called[1]) == "cancelled"


@pytest.fixture
async def expired(world: World, called: Called) -> Called:
    await _expire(world, called)
    return called


@pytest.fixture
async def cancelled(world: World, called: Called) -> Called:
    await _cancel(world, called)
    return called


@pytest.mark.parametrize("ended", ["expired", "cancelled"])
@pytest.mark.parametrize(
    ("outcome", "left"),
    [
        ("hardship", "SELECT count(*) FROM hold WHERE reason = 'hardship' AND person_id = 'C-L-1'"),
        ("disputes", "SELECT count(*) FROM hold WHERE reason = 'dispute' AND loan_id = 'L-1'"),
        ("no_contact", "SELECT count(*) FROM party WHERE id = 'C-L-1' AND cardinality(ceased) = 5"),
        ("wrong_number", "SELECT count(*) FROM person_contact_point WHERE unusable_code = 'wrong_number'"),
    ],
)
async def test_who_held_a_task_that_ended_may_still_tell_what_the_person_said(
    world: World, called: Called, ended: str, outcome: str, left: str
) -> None:
    _, task = called
    await {"expired": _expire, "cancelled": _cancel}[ended](world, called)
    outcomes = "SELECT id FROM step WHERE event = 'outcome' AND step_id = 'screening'"
    steps = await world.rows(outcomes)
    assert (await answer(world, task, "complete", "r2", outcome=outcome)).receipt.accepted
    assert await world.scalar(left) == 1
    assert await world.rows(outcomes) == steps
    told = "SELECT state, outcome, completed_by FROM agent_task WHERE step_id = 'screening'"
    assert await world.rows(told) == [{"state": ended, "outcome": outcome, "completed_by": "agent-1"}]
    assert await world.rows("SELECT code, actor, step_id FROM step WHERE event = 'told'") == [
        {"code": outcome, "actor": "agent-1", "step_id": "screening"}
    ]


async def test_it_is_told_once_and_by_nobody_else(world: World, expired: Called) -> None:
    _, task = expired
    other = await answer(world, task, "complete", "r2", outcome="no_contact", actor="agent-2")
    first = await answer(world, task, "complete", "r3", outcome="hardship")
    again = await answer(world, task, "complete", "r3", outcome="hardship")
    second = await answer(world, task, "complete", "r4", outcome="no_contact")
    assert [a.receipt.code for a in (other, first, again, second)] == ["task_expired", "", "", "task_expired"]
    assert first.receipt == again.receipt
    assert await world.scalar("SELECT count(*) FROM hold") == 1


@pytest.mark.parametrize("outcome", ["no_answer", "refuses", "callback"])
async def test_what_would_only_move_the_ladder_is_too_late(
    world: World, expired: Called, outcome: str
) -> None:
    refused = await answer(world, expired[1], "complete", "r2", outcome=outcome)
    assert refused.receipt.code == "task_expired"


async def test_a_promise_counts_while_the_case_is_open_and_not_after_it(
    world: World, expired: Called
) -> None:
    case, task = expired
    now: datetime = (await case.plan()).due_at or pytest.fail("no due")
    promise = {"outcome": "promise", "promise_minor": 352017, "promise_on": now.date().isoformat()}
    result = await answer(world, task, "complete", "r2", **promise)
    assert result.plan is not None
    assert (result.plan.kind, result.plan.reason) == ("wait", "promise")


async def test_a_promise_on_a_closed_case_is_refused(world: World, cancelled: Called) -> None:
    promise = {"outcome": "promise", "promise_minor": 352017, "promise_on": "2026-11-12"}
    refused = await answer(world, cancelled[1], "complete", "r2", **promise)
    assert refused.receipt.code == "task_cancelled"
    assert await world.scalar("SELECT count(*) FROM promise") == 0
