"""Money agreements on a real database: who decides what, what the bank is told, what the case waits for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest

from activities.reminding import RemindingActivities
from recourse.contracts.messages import StepCommand
from recourse.domain.agreements import (
    AgreementState,
    Extension,
    Part,
    PaymentPlan,
    Settlement,
    Terms,
    Waived,
    Waiver,
)
from recourse.domain.situation import Channel
from recourse.service import agreeing, tokens
from recourse.service.agreeing import Answer, NotAuthorised, Proposal, Ruling
from recourse.service.context import Unit
from recourse.service.noting import Pointless, RequestReused, Unknown
from recourse.storage.money_agreements import AgreementRow
from tests.events import adjusted, arrears, payment, reversal
from tests.fakes import FakeMessenger
from tests.integration.conftest import World
from tests.integration.service.conftest import NOON, OpenCase, open_case

SMALL = PaymentPlan((Part(date(2026, 11, 20), 100_000), Part(date(2026, 12, 20), 252_017)))
"""Within an agent's own limits: 44 days, two parts."""
LARGE = PaymentPlan((Part(date(2026, 11, 20), 100_000), Part(date(2027, 6, 20), 252_017)))
WAIVED = Waiver(Waived.FEES, 30_000)
"""30,000 of 352,017 is more than the five percent of an agent."""


@pytest.fixture
async def case(world: World) -> OpenCase:
    return await open_case(world)


def left(unpaid: int) -> list[dict[str, Any]]:
    """The bank's statement of the one installment."""
    return arrears((7, date(2026, 11, 5), unpaid))


async def propose(world: World, case: OpenCase, terms: Terms, **values: Any) -> AgreementRow:
    asked = Proposal(case.id, terms, **{"actor": "agent-1", "role": "agent", "request_id": "r-1"} | values)
    return (await world.services.run(partial(agreeing.propose, proposal=asked)))[0]


async def rule(
    world: World,
    what: Callable[..., Awaitable[Answer]],
    key: str,
    actor: str = "lead-1",
    role: str = "lead",
    **more: Any,
) -> AgreementRow:
    ruling = Ruling(key, actor, role, **{"request_id": "r-2"} | more)

    async def work(unit: Unit) -> Answer:
        return await what(unit, ruling)

    return (await world.services.run(work))[0]


async def told(world: World) -> list[str]:
    rows = await world.rows("SELECT type FROM outbox WHERE type LIKE 'recourse.agreement.%' ORDER BY id")
    return [row["type"].split(".")[2] for row in rows]


async def state(world: World, key: str = "agr-r-1") -> str:
    return str(await world.scalar("SELECT state FROM agreement WHERE id = :k", k=key))


async def test_what_a_person_may_decide_alone_is_in_force_at_once_and_stops_the_ladder(
    world: World, case: OpenCase
) -> None:
    before = await case.reach("sms_friendly")
    row = await propose(world, case, SMALL)
    assert (row.state, row.beyond, row.decided_by) == (AgreementState.ACTIVE, (), "agent-1")
    plan = await case.plan()
    assert (plan.kind, plan.reason) == ("wait", "agreement")
    messenger = FakeMessenger()
    activities = RemindingActivities(world.services, {Channel.SMS: messenger, Channel.EMAIL: messenger})
    # No workflow was told yet, and the reminder is due: the claim itself must see the agreement.
    result = await activities.send_reminder(StepCommand(case.id, "sms_friendly", before.number))
    assert (result.outcome, messenger.sent) == ("stale", [])
    assert await told(world) == ["approved"]
    data = await world.scalar("SELECT data FROM outbox WHERE type = 'recourse.agreement.approved.v1'")
    assert [part["amount"]["amount_minor"] for part in data["parts"]] == [100_000, 252_017]


async def test_beyond_it_somebody_else_with_the_authority_has_to_approve(
    world: World, case: OpenCase
) -> None:
    row = await propose(world, case, LARGE)
    assert (row.state, row.beyond) == (AgreementState.PROPOSED, ("days",))
    assert (await case.decide()).step_id == "sms_friendly", "a proposal stops nothing"
    assert await told(world) == []
    with pytest.raises(NotAuthorised, match="beyond the authority of agent in days"):
        await rule(world, agreeing.approve, row.id, "agent-2", "agent")
    approved = await rule(world, agreeing.approve, row.id)
    assert (approved.state, approved.decided_by) == (AgreementState.ACTIVE, "lead-1")
    assert (await case.plan()).reason == "agreement"
    lines = await world.rows("SELECT event, actor FROM step WHERE event LIKE 'agreement_%' ORDER BY id")
    assert [(line["event"], line["actor"]) for line in lines] == [
        ("agreement_proposed", "agent-1"),
        ("agreement_approved", "lead-1"),
    ]


async def test_two_tokens_of_one_person_are_not_two_people(world: World, case: OpenCase) -> None:
    first = await world.services.run(partial(tokens.issue, role="agent", name="one"))
    second = await world.services.run(partial(tokens.issue, role="lead", name="one", person=first.person))
    row = await propose(world, case, LARGE, actor=first.actor)
    with pytest.raises(NotAuthorised, match="another person"):
        await rule(world, agreeing.approve, row.id, second.actor)
    assert await state(world) == "proposed"


async def test_nobody_is_asked_for_what_nobody_may_agree_on(world: World, case: OpenCase) -> None:
    with pytest.raises(NotAuthorised, match="beyond everybody's authority"):
        await propose(world, case, Settlement(100, date(2026, 12, 1), 351_917))
    with pytest.raises(NotAuthorised, match="role: auditor"):
        await propose(world, case, SMALL, role="auditor")
    assert await world.scalar("SELECT count(*) FROM agreement") == 0


async def test_the_same_request_is_one_agreement_and_another_under_its_id_is_refused(
    world: World, case: OpenCase
) -> None:
    rows = await asyncio.gather(*(propose(world, case, LARGE) for _ in range(4)))
    assert {row.id for row in rows} == {"agr-r-1"}
    with pytest.raises(RequestReused, match="request_id"):
        await propose(world, case, SMALL)
    approved = [await rule(world, agreeing.approve, "agr-r-1") for _ in range(2)]
    assert {row.state for row in approved} == {AgreementState.ACTIVE}
    with pytest.raises(Pointless, match="is active already"):
        await rule(world, agreeing.approve, "agr-r-1", request_id="another")
    assert await told(world) == ["approved"]


async def test_of_a_yes_and_a_no_at_the_same_moment_one_counts(world: World, case: OpenCase) -> None:
    row = await propose(world, case, LARGE)
    answers = await asyncio.gather(
        rule(world, agreeing.approve, row.id, "lead-1"),
        rule(world, agreeing.decline, row.id, "lead-2", request_id="no"),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, Pointless) for answer in answers) == 1
    assert (
        await world.scalar(
            "SELECT count(*) FROM fact WHERE kind IN ('agreement_approved', 'agreement_declined')"
        )
        == 1
    )


async def test_approval_is_asked_again_on_its_day(world: World, case: OpenCase) -> None:
    """A first part that has passed meanwhile can be kept by nobody."""
    row = await propose(world, case, LARGE)
    world.set_now(NOON + timedelta(days=20))
    with pytest.raises(Pointless, match="parts: 2026-11-20 has passed"):
        await rule(world, agreeing.approve, row.id)


async def test_what_does_not_exist_or_cannot_be_meant_is_named(world: World, case: OpenCase) -> None:
    with pytest.raises(Unknown, match="agreement agr-0"):
        await rule(world, agreeing.approve, "agr-0")
    with pytest.raises(Unknown, match="case-of-nobody"):
        await world.services.run(
            partial(agreeing.propose, proposal=Proposal("case-of-nobody", SMALL, "agent-1", "agent"))
        )
    with pytest.raises(Pointless, match="amount_minor: more than is unpaid"):
        await propose(world, case, Waiver(Waived.FEES, 10**9))
    await propose(world, case, SMALL)
    with pytest.raises(Pointless, match="kind: a payment_plan is in force"):
        await propose(world, case, SMALL, request_id="r-9")


async def test_a_plan_is_kept_by_the_banks_payments_and_a_reversal_puts_it_in_force_again(
    world: World, case: OpenCase
) -> None:
    await propose(world, case, SMALL)
    later = NOON + timedelta(days=1)
    world.set_now(later)
    await world.delivery.accept(
        [payment("L-1", at=later, amount=352_017, payment_id="P-1", cured=False, left=left(1_000))]
    )
    assert await state(world) == "kept"
    world.set_now(later + timedelta(hours=1))
    await world.delivery.accept(
        [reversal("L-1", at=later + timedelta(hours=1), of="P-1", left=left(352_017))]
    )
    assert await state(world) == "active"
    assert (await case.plan()).reason == "agreement"
    assert await told(world) == ["approved", "kept", "reopened"]


async def test_a_broken_plan_lets_the_ladder_go_on_from_the_debts_own_dates(
    world: World, case: OpenCase
) -> None:
    await propose(world, case, SMALL)
    due = (await case.plan()).due_at
    assert due is not None
    world.set_now(due)
    plan = await case.decide()
    assert await state(world) == "broken"
    # Nineteen days late by now: the steps of the first days have passed, and the ladder is where it would be.
    assert (plan.kind, plan.step_id) == ("task", "screening")
    assert await told(world) == ["approved", "broken"]


async def test_a_waiver_counts_when_the_bank_has_booked_it(world: World, case: OpenCase) -> None:
    row = await propose(world, case, WAIVED)
    await rule(world, agreeing.approve, row.id)
    assert await state(world) == "approved"
    later = NOON + timedelta(days=1)
    world.set_now(later)
    await world.delivery.accept([adjusted("L-1", at=later, kind="waiver", left=left(322_017))])
    assert await state(world) == "kept"
    assert (await case.plan()).step_id == "sms_friendly"


async def test_what_the_bank_never_books_lapses_and_is_said(world: World, case: OpenCase) -> None:
    await propose(world, case, Extension(1))
    due = (await case.plan()).due_at
    assert due is not None
    world.set_now(due)
    await case.decide()
    assert await world.rows("SELECT state, code FROM agreement") == [
        {"state": "cancelled", "code": "not_booked"}
    ]
    assert await told(world) == ["approved", "cancelled"]


async def test_who_cancels_one_in_force_needs_the_authority_for_it(world: World, case: OpenCase) -> None:
    row = await propose(world, case, LARGE)
    await rule(world, agreeing.approve, row.id)
    with pytest.raises(NotAuthorised):
        await rule(world, agreeing.cancel, row.id, "agent-1", "agent")
    cancelled = await rule(world, agreeing.cancel, row.id, "lead-2", code="borrower_asked", request_id="c-1")
    assert cancelled.state is AgreementState.CANCELLED
    assert (await case.plan()).step_id == "sms_friendly"
    assert await told(world) == ["approved", "cancelled"]


async def test_a_proposal_is_taken_back_by_its_proposer(world: World, case: OpenCase) -> None:
    row = await propose(world, case, LARGE)
    assert (await rule(world, agreeing.cancel, row.id, "agent-1", "agent")).state is AgreementState.CANCELLED
    assert await told(world) == []


async def test_when_the_case_ends_its_proposals_end_with_it(world: World, case: OpenCase) -> None:
    await propose(world, case, LARGE)
    await propose(world, case, Extension(1), request_id="r-5")
    later = NOON + timedelta(hours=1)
    world.set_now(later)
    await world.delivery.accept([payment("L-1", at=later)])
    assert await state(world) == "cancelled"
    assert await state(world, "agr-r-5") == "kept"
    assert (await world.rows("SELECT DISTINCT code FROM agreement")) == [{"code": "cured"}]
    with pytest.raises(Pointless, match="case: is closed"):
        await propose(world, case, SMALL, request_id="r-7")


async def test_no_event_of_the_bank_makes_two_agreements_of_one_payment(world: World, case: OpenCase) -> None:
    """Half of it is due first on the plan, so the settlement gets only the other half and stays open."""
    await propose(world, case, SMALL)
    row = await propose(
        world,
        case,
        Settlement(300_000, date(2026, 12, 1), 52_017),
        role="lead",
        actor="lead-1",
        request_id="r-3",
    )
    assert row.state is AgreementState.ACTIVE
    later = NOON + timedelta(days=1)
    world.set_now(later)
    await world.delivery.accept(
        [payment("L-1", at=later, amount=300_000, payment_id="P-1", cured=False, left=left(52_017))]
    )
    assert [await state(world), await state(world, "agr-r-3")] == ["active", "active"]
