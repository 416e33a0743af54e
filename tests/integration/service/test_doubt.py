"""A message whose answer was lost: nothing that requires it goes on until a person, or the answer, says."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from temporalio.exceptions import ApplicationError

from activities.reminding import RemindingActivities
from recourse.contracts.messages import StepCommand, StepResult
from recourse.domain.situation import Channel
from recourse.ports import NotHandedOver, OutcomeUnknown, RefusedByProvider
from tests.events import payment
from tests.fakes import FakeMessenger, SlowMessenger
from tests.integration.conftest import World
from tests.integration.service.conftest import NOON, OpenCase, answer, open_case

MADE = "SELECT count(*) FROM outbox WHERE type = 'recourse.contact.made.v1'"
DOUBT = "SELECT state FROM agent_task WHERE kind = 'check_delivery'"


def _activities(world: World, messenger: FakeMessenger) -> RemindingActivities:
    return RemindingActivities(world.services, {Channel.EMAIL: messenger, Channel.SMS: messenger})


async def _demand(world: World, case: OpenCase, messenger: FakeMessenger) -> StepResult:
    plan = await case.reach("formal_demand")
    command = StepCommand(case.id, "formal_demand", plan.number)
    return await _activities(world, messenger).send_reminder(command)


@pytest.fixture
async def doubted(world: World, located: OpenCase) -> OpenCase:
    """A formal demand that perhaps never left. Fifteen days after one, legal action may be proposed."""
    lost = FakeMessenger()
    lost.failure = OutcomeUnknown("reply lost")
    result = await _demand(world, located, lost)
    assert (result.outcome, result.code) == ("open", "outcome_unknown")
    return located


async def _later(world: World, case: OpenCase, days: int = 20) -> str | None:
    """The step that the ladder comes to, days later."""
    world.set_now(NOON + timedelta(days=days))
    return (await case.decide()).step_id


async def _person_says(world: World, outcome: str) -> None:
    task = await world.scalar("SELECT id FROM agent_task WHERE kind = 'check_delivery'")
    assert (await answer(world, task, "claim", "r1")).receipt.accepted
    assert (await answer(world, task, "complete", "r2", outcome=outcome)).receipt.accepted


async def test_a_demand_that_perhaps_never_left_does_not_open_the_way_to_the_lawyer(
    world: World, doubted: OpenCase
) -> None:
    assert await _later(world, doubted) is None
    assert await world.scalar(MADE) == 0


async def test_a_demand_that_a_person_found_delivered_counts_from_then_on(
    world: World, doubted: OpenCase
) -> None:
    world.set_now(NOON + timedelta(days=2))
    await _person_says(world, "delivered")
    assert await world.scalar("SELECT state FROM contact_attempt") == "sent"
    assert await world.scalar(MADE) == 1
    plan = await doubted.decide()
    assert plan.step_id == "propose_legal"
    assert plan.due_at is not None
    assert plan.due_at >= NOON + timedelta(days=2 + 15)


async def test_a_demand_that_was_not_delivered_goes_out_by_its_fallback_and_the_slot_stays_taken(
    world: World, doubted: OpenCase
) -> None:
    await _person_says(world, "not_delivered")
    assert await world.scalar("SELECT state FROM contact_attempt") == "unknown"
    assert await world.scalar(MADE) == 0
    plan, messenger = await doubted.reach("formal_demand_sms"), FakeMessenger()
    command = StepCommand(doubted.id, "formal_demand_sms", plan.number)
    assert (await _activities(world, messenger).send_reminder(command)).outcome == "done"
    assert len(messenger.sent) == 1
    assert await _later(world, doubted) == "propose_legal"


async def test_an_ordinary_reminder_in_doubt_holds_nothing_up(world: World) -> None:
    case, lost = await open_case(world), FakeMessenger()
    lost.failure = OutcomeUnknown("reply lost")
    plan = await case.reach("sms_friendly")
    result = await _activities(world, lost).send_reminder(StepCommand(case.id, "sms_friendly", plan.number))
    assert (result.outcome, result.plan.step_id) == ("open", "email_friendly")


async def _answers_after_the_next_try(
    world: World, case: OpenCase, failure: Exception | None
) -> asyncio.Task[StepResult]:
    """The first try's answer arrives when the second has written the doubt down."""
    slow, second = SlowMessenger(), FakeMessenger()
    slow.failure = failure
    first = asyncio.create_task(_demand(world, case, slow))
    await slow.asked.wait()
    command = StepCommand(case.id, "formal_demand", (await case.plan()).number)
    doubt = await _activities(world, second).send_reminder(command)
    assert (doubt.outcome, doubt.code, second.sent) == ("open", "outcome_unknown", [])
    slow.let_go.set()
    await asyncio.wait([first])
    return first


async def test_an_answer_that_comes_late_is_the_better_one_and_takes_the_question_back(
    world: World, located: OpenCase
) -> None:
    result = (await _answers_after_the_next_try(world, located, None)).result()
    assert (result.outcome, result.code, result.plan.step_id) == ("done", "sent", "propose_legal")
    [attempt] = await world.rows("SELECT state, provider_refs, parts FROM contact_attempt")
    assert attempt == {"state": "sent", "provider_refs": ["ref-1"], "parts": 1}
    assert await world.scalar(DOUBT) == "cancelled"
    assert await world.scalar(MADE) == 1


async def test_a_refusal_that_comes_late_lets_the_fallback_take_over(world: World, located: OpenCase) -> None:
    late = await _answers_after_the_next_try(world, located, RefusedByProvider("smtp_550"))
    assert (late.result().outcome, late.result().plan.step_id) == ("unable", "formal_demand_sms")
    [attempt] = await world.rows("SELECT state, disposition FROM contact_attempt")
    assert attempt == {"state": "not_sent", "disposition": "smtp_550"}
    assert await world.scalar(DOUBT) == "cancelled"


async def test_a_message_that_never_left_after_all_is_sent_once_by_the_next_try(
    world: World, located: OpenCase
) -> None:
    late = await _answers_after_the_next_try(world, located, NotHandedOver("smtp: connection refused"))
    assert isinstance(late.exception(), ApplicationError)
    assert await world.scalar(DOUBT) == "cancelled"
    messenger = FakeMessenger()
    assert (await _demand(world, located, messenger)).outcome == "done"
    assert len(messenger.sent) == 1
    assert await world.scalar("SELECT count(*) FROM contact_attempt") == 1


async def test_a_doubt_that_comes_late_is_told_once(world: World, located: OpenCase) -> None:
    late = await _answers_after_the_next_try(world, located, OutcomeUnknown("reply lost"))
    assert late.result().outcome == "stale"
    assert await world.scalar("SELECT count(*) FROM agent_task WHERE kind = 'check_delivery'") == 1


@pytest.mark.parametrize(
    ("failure", "state"),
    [(None, "sent"), (RefusedByProvider("smtp_550"), "not_sent"), (OutcomeUnknown("lost"), "unknown")],
)
async def test_what_comes_after_a_person_has_said_corrects_the_contact_and_nothing_else(
    world: World, located: OpenCase, failure: Exception | None, state: str
) -> None:
    slow = SlowMessenger()
    slow.failure = failure
    first = asyncio.create_task(_demand(world, located, slow))
    await slow.asked.wait()
    command = StepCommand(located.id, "formal_demand", (await located.plan()).number)
    await _activities(world, FakeMessenger()).send_reminder(command)
    await _person_says(world, "not_delivered")
    written = "SELECT (SELECT count(*) FROM step) AS steps, (SELECT count(*) FROM outbox) AS outbox"
    before = await world.rows(written)
    slow.let_go.set()
    assert (await first).outcome == "stale"
    assert await world.rows(written) == before
    assert await world.scalar("SELECT state FROM contact_attempt") == state


async def test_a_message_in_doubt_of_a_case_that_closed_asks_nobody(world: World, located: OpenCase) -> None:
    slow = SlowMessenger()
    slow.failure = OutcomeUnknown("reply lost")
    first = asyncio.create_task(_demand(world, located, slow))
    await slow.asked.wait()
    loan = located.id.removeprefix("case-").removesuffix("-1")
    await world.delivery.accept([payment(loan, at=NOON + timedelta(hours=1))])
    slow.let_go.set()
    assert ((await first).outcome, (await first).plan.kind) == ("unable", "close")
    assert await world.scalar("SELECT count(*) FROM agent_task") == 0
