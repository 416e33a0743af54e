"""A reminder leaves once, through the gate, or not at all; an unknown outcome goes to a person."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial

import pytest
from temporalio.exceptions import ApplicationError

from activities.reminding import RemindingActivities
from recourse.contracts.messages import StepCommand, StepResult
from recourse.domain.ids import LoanId
from recourse.domain.situation import Channel, HoldReason
from recourse.ports import NotHandedOver, OutcomeUnknown, RefusedByProvider
from recourse.service import reminding
from recourse.service.noting import HoldRequest, place_hold
from tests import opened
from tests.events import payment
from tests.fakes import FakeMessenger, SlowMessenger
from tests.integration.conftest import World
from tests.integration.service.conftest import NOON, OpenCase, open_case


def _command(case: OpenCase, number: int) -> StepCommand:
    return StepCommand(case.id, "sms_friendly", number)


def _activities(world: World, messenger: FakeMessenger) -> RemindingActivities:
    return RemindingActivities(world.services, {Channel.SMS: messenger, Channel.EMAIL: messenger})


async def test_a_due_reminder_is_sent_recorded_and_followed_by_the_next_plan(world: World) -> None:
    case, messenger = await open_case(world), FakeMessenger()
    plan = await case.reach("sms_friendly")
    result = await _activities(world, messenger).send_reminder(_command(case, plan.number))
    assert (result.outcome, result.code) == ("done", "sent")
    assert result.plan.step_id == "email_friendly"
    assert [m.to for m in messenger.sent] == ["+8613800000001"]
    assert "3,520.17 CNY" in messenger.sent[0].body
    attempt = (await opened.contacts(world))[0]
    assert attempt["state"] == "sent"
    assert attempt["provider_refs"] == ["ref-1"]
    assert attempt["content"] == messenger.sent[0].body


async def test_a_reminder_before_its_time_does_nothing(world: World) -> None:
    case, messenger = await open_case(world), FakeMessenger()
    plan = await case.decide()
    assert plan.due_at is not None
    world.set_now(plan.due_at - timedelta(minutes=10))
    result = await _activities(world, messenger).send_reminder(_command(case, plan.number))
    assert result.outcome == "stale"
    assert messenger.sent == []


async def test_a_payment_between_plan_and_send_stops_it(world: World) -> None:
    case, messenger = await open_case(world), FakeMessenger()
    plan = await case.reach("sms_friendly")
    await world.delivery.accept([payment("L-1", at=NOON + timedelta(hours=1))])
    result = await _activities(world, messenger).send_reminder(_command(case, plan.number))
    assert result.plan.kind == "close"
    assert messenger.sent == []


async def test_a_hold_between_plan_and_send_stops_it(world: World) -> None:
    case, messenger = await open_case(world), FakeMessenger()
    plan = await case.reach("sms_friendly")
    request = HoldRequest(HoldReason.DISPUTE, "agent-1", "test", loan_id=LoanId("L-1"))
    await world.services.run(partial(place_hold, request=request))
    result = await _activities(world, messenger).send_reminder(_command(case, plan.number))
    assert (result.plan.kind, result.plan.reason) == ("wait", "hold")
    assert messenger.sent == []


async def test_a_provider_that_is_down_frees_the_slot_and_the_retry_passes_the_gate_again(
    world: World,
) -> None:
    case, messenger = await open_case(world), FakeMessenger()
    plan = await case.reach("sms_friendly")
    activities = _activities(world, messenger)
    messenger.failure = NotHandedOver("smpp: cannot bind")
    with pytest.raises(ApplicationError):
        await activities.send_reminder(_command(case, plan.number))
    assert await world.scalar("SELECT state FROM contact_attempt") == "not_sent"
    messenger.failure = None
    result = await activities.send_reminder(_command(case, plan.number))
    assert result.outcome == "done"
    assert await world.scalar("SELECT count(*) FROM contact_attempt") == 1
    assert await world.scalar("SELECT count(*) FROM step WHERE event = 'claimed'") == 2


async def test_a_lost_reply_is_never_sent_again_and_a_person_checks(world: World) -> None:
    case, messenger = await open_case(world), FakeMessenger()
    plan = await case.reach("sms_friendly")
    messenger.failure = OutcomeUnknown("reply lost")
    activities = _activities(world, messenger)
    result = await activities.send_reminder(_command(case, plan.number))
    messenger.failure = None
    await activities.send_reminder(_command(case, plan.number))
    assert (result.outcome, result.code) == ("open", "outcome_unknown")
    assert messenger.sent == []
    assert await world.scalar("SELECT state FROM contact_attempt") == "unknown"
    assert await world.scalar("SELECT kind FROM agent_task") == "check_delivery"


async def test_a_worker_that_dies_after_its_claim_is_never_followed_by_a_second_send(world: World) -> None:
    case, messenger = await open_case(world), FakeMessenger()
    plan = await case.reach("sms_friendly")
    command = _command(case, plan.number)
    claimed = await world.services.run(partial(reminding.claim, command=command))
    assert not isinstance(claimed, StepResult)
    result = await _activities(world, messenger).send_reminder(command)  # the retry on another worker
    assert result.code == "outcome_unknown"
    assert messenger.sent == []


async def test_a_provider_that_does_not_come_to_an_end_is_left_and_a_person_checks(world: World) -> None:
    case, slow = await open_case(world), SlowMessenger()
    command = _command(case, (await case.reach("sms_friendly")).number)
    impatient = RemindingActivities(world.services, {Channel.SMS: slow}, within=0.2)
    result = await asyncio.wait_for(impatient.send_reminder(command), 10)
    assert (result.outcome, result.code) == ("open", "outcome_unknown")
    assert await world.scalar("SELECT state FROM contact_attempt") == "unknown"
    assert await world.scalar("SELECT kind FROM agent_task") == "check_delivery"


async def test_a_refused_address_is_unable_and_not_tried_again(world: World) -> None:
    case, messenger = await open_case(world), FakeMessenger()
    plan = await case.reach("sms_friendly")
    messenger.failure = RefusedByProvider("smpp_0x0000000B")
    result = await _activities(world, messenger).send_reminder(_command(case, plan.number))
    assert (result.outcome, result.code) == ("unable", "smpp_0x0000000B")
    assert result.plan.step_id == "email_friendly"


async def test_without_consent_the_gate_refuses_with_its_source(world: World) -> None:
    case, messenger = await open_case(world, consent=False), FakeMessenger()
    plan = await case.reach("sms_friendly")
    result = await _activities(world, messenger).send_reminder(_command(case, plan.number))
    assert (result.outcome, result.code) == ("refused", "no_consent")
    refused = (await world.rows("SELECT source FROM step WHERE code = 'no_consent'"))[0]
    assert "个人信息保护法" in refused["source"]
    assert await world.scalar("SELECT count(*) FROM outbox WHERE type = 'recourse.contact.refused.v1'") == 1


async def test_a_step_that_is_late_past_closing_hour_waits_for_the_morning(world: World) -> None:
    case, messenger = await open_case(world), FakeMessenger()
    plan = await case.reach("sms_friendly")
    assert plan.due_at is not None
    world.set_now(plan.due_at.replace(hour=15))  # 23:00 in Shanghai
    result = await _activities(world, messenger).send_reminder(_command(case, plan.number))
    assert messenger.sent == []
    assert result.plan.due_at is not None
    assert result.plan.due_at.hour == 0  # 08:00 in Shanghai


@pytest.mark.parametrize("first", ["reminder", "payment"])
async def test_payment_and_reminder_at_the_same_moment_never_end_with_a_later_claim(
    world: World, first: str
) -> None:
    """I3: no provider call whose claim committed after the payment's commit."""
    case, messenger = await open_case(world), FakeMessenger()
    plan = await case.reach("sms_friendly")

    async def remind() -> None:
        await _activities(world, messenger).send_reminder(_command(case, plan.number))

    async def pay() -> None:
        await world.delivery.accept([payment("L-1", at=NOON + timedelta(hours=1))])

    async with world.busy("party", "C-L-1"):
        one = asyncio.create_task(remind() if first == "reminder" else pay())
        await world.waiting(1)
        other = asyncio.create_task(pay() if first == "reminder" else remind())
        await world.waiting(2)
    await asyncio.gather(one, other)
    rows = await world.rows("SELECT event FROM step WHERE event IN ('claimed', 'closed') ORDER BY id")
    wanted = ["claimed", "closed"] if first == "reminder" else ["closed"]
    assert [row["event"] for row in rows] == wanted
    assert len(messenger.sent) == wanted.count("claimed")
