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
from recourse.service.agreeing import Answer, Proposal, Ruling
from recourse.service.authorising import NotAuthorised
from recourse.service.context import Unit
from recourse.service.noting import Pointless, RequestReused, Unknown
from recourse.storage.money_agreements import AgreementRow
from tests.events import adjusted, arrears, overdue, payment, reversal
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


FIVE_PERCENT = 17_600
"""Of 352,017: ceil(100 * 17,600 / 352,017) = 5, and one more makes 6. Less than the 20,000 of an agent."""


async def booked(world: World, unpaid: int, days: int, sequence: int) -> None:
    later = NOON + timedelta(days=days)
    world.set_now(later)
    await world.delivery.accept(
        [adjusted("L-1", at=later, kind="waiver", left=left(unpaid), sequence=sequence)]
    )


async def waive(world: World, case: OpenCase, amount: int, request: str, **who: Any) -> AgreementRow:
    return await propose(world, case, Waiver(Waived.FEES, amount), request_id=request, **who)


@pytest.mark.parametrize(
    ("second", "state", "beyond"), [(7_600, "approved", ()), (7_601, "proposed", ("percent",))]
)
async def test_what_was_waived_before_counts_with_what_is_asked_for_to_the_cent(
    world: World, case: OpenCase, second: int, state: str, beyond: tuple[str, ...]
) -> None:
    """Ten thousand and 7,600 are five percent of the claim that there would be without the first waiver."""
    await waive(world, case, FIVE_PERCENT - 7_600, "r-1")
    await booked(world, 352_017 - 10_000, days=1, sequence=3)
    row = await waive(world, case, second, "r-2", actor="agent-2")
    assert (row.state, row.beyond) == (state, beyond)


async def test_whoever_gave_it_and_in_whichever_case_of_the_loan(world: World, case: OpenCase) -> None:
    await rule(world, agreeing.approve, (await waive(world, case, 50_000, "r-1")).id)
    later = NOON + timedelta(days=1)
    world.set_now(later)
    await world.delivery.accept(
        [
            adjusted("L-1", at=later, kind="waiver", left=left(302_017)),
            payment("L-1", at=later, amount=302_017, sequence=4),
        ]
    )
    again = later + timedelta(days=30)
    world.set_now(again)
    await world.delivery.accept([overdue("L-1", at=again, sequence=5)])
    row = await waive(world, OpenCase(world, "case-L-1-2"), 1, "r-2")
    assert (row.state, row.beyond) == (AgreementState.PROPOSED, ("amount", "percent"))
    with pytest.raises(NotAuthorised, match="with 50000 minor units given up already; may: lead"):
        await rule(world, agreeing.approve, row.id, "agent-2", "agent")


@pytest.mark.parametrize(("less", "state"), [(timedelta(seconds=30), "proposed"), (timedelta(), "approved")])
async def test_after_the_period_it_counts_no_more(
    world: World, case: OpenCase, less: timedelta, state: str
) -> None:
    """365 times 24 hours after it came into force, exclusive at its far edge."""
    first = await waive(world, case, FIVE_PERCENT, "r-1")
    assert first.since is not None
    await booked(world, 352_017 - FIVE_PERCENT, days=1, sequence=3)
    world.set_now(first.since + timedelta(days=365) - less)
    assert (await waive(world, case, 1_000, "r-2")).state == state


async def test_settlements_and_extensions_count_and_what_came_to_nothing_does_not(
    world: World, case: OpenCase
) -> None:
    settlement = Settlement(341_017, date(2026, 12, 1), 11_000)
    held = await propose(world, case, settlement, role="lead", actor="lead-1", request_id="r-1")
    row = await waive(world, case, 9_001, "r-2")
    assert row.beyond == ("amount", "percent"), "11,000 and 9,001 are more than the 20,000 of an agent"
    await rule(world, agreeing.decline, row.id, code="no", request_id="d-1")
    await rule(world, agreeing.cancel, held.id, code="asked", request_id="c-1")
    assert (await waive(world, case, 9_001, "r-3")).state is AgreementState.APPROVED
    first = await propose(world, case, Extension(1), request_id="r-4")
    later = NOON + timedelta(days=1)
    world.set_now(later)
    await world.delivery.accept([adjusted("L-1", at=later, kind="extension", left=left(352_017))])
    assert await state(world, first.id) == "kept"
    second = await propose(world, case, Extension(1), request_id="r-5")
    assert (second.state, second.beyond) == (AgreementState.PROPOSED, ("installments",))


async def test_of_two_waivers_at_once_the_second_is_measured_with_the_first(
    world: World, case: OpenCase
) -> None:
    """One of a kind is in force at a time; a settlement and a waiver are two kinds."""
    settlement = Settlement(334_417, date(2026, 12, 1), FIVE_PERCENT)
    rows = await asyncio.gather(
        propose(world, case, settlement, role="lead", actor="lead-1", request_id="r-1"),
        waive(world, case, FIVE_PERCENT, "r-2"),
    )
    given = sum(row.state is not AgreementState.PROPOSED for row in rows)
    assert (given, rows[0].beyond) in {(1, ()), (2, ())}
    if rows[1].state is AgreementState.PROPOSED:
        assert rows[1].beyond == ("amount", "percent")


PAID = Settlement(300_000, date(2026, 12, 1), 52_017)


@pytest.fixture
async def paid(world: World, case: OpenCase) -> OpenCase:
    """A settlement that the borrower has paid and the bank has not booked."""
    await propose(world, case, PAID, role="lead", actor="lead-1")
    later = NOON + timedelta(days=1)
    world.set_now(later)
    await world.delivery.accept(
        [payment("L-1", at=later, amount=300_000, payment_id="P-1", cured=False, left=left(52_017))]
    )
    assert await state(world) == "kept"
    return case


async def test_a_paid_settlement_is_cancelled_by_two_persons_with_one_reason(
    world: World, paid: OpenCase
) -> None:
    due = (await paid.plan()).due_at
    assert due is not None
    world.set_now(due)
    await paid.decide()
    assert await world.scalar("SELECT state FROM agent_task WHERE kind = 'chase_booking'") == "open"
    asked = {"code": "wrong_loan"}
    first = [await rule(world, agreeing.cancel, "agr-r-1", request_id="c-1", **asked) for _ in range(2)]
    assert {row.state for row in first} == {AgreementState.KEPT}
    assert (await paid.plan()).reason == "agreement", "one person alone takes nothing from the borrower"
    with pytest.raises(NotAuthorised, match="another person"):
        await rule(world, agreeing.cancel, "agr-r-1", request_id="c-2", **asked)
    with pytest.raises(Pointless, match="code: it was asked for as wrong_loan"):
        await rule(world, agreeing.cancel, "agr-r-1", "legal-1", "legal", request_id="c-3", code="other")
    done = await rule(world, agreeing.cancel, "agr-r-1", "legal-1", "legal", request_id="c-4", **asked)
    assert (done.state, done.code, done.cancel_asked_by) == (AgreementState.CANCELLED, "wrong_loan", "lead-1")
    again = await rule(world, agreeing.cancel, "agr-r-1", "legal-1", "legal", request_id="c-4", **asked)
    assert again.state is AgreementState.CANCELLED
    assert (await paid.decide()).reason != "agreement"
    assert await told(world) == ["approved", "kept", "cancelled"]
    assert await world.scalar("SELECT state FROM agent_task WHERE kind = 'chase_booking'") == "cancelled"
    lines = await world.rows(
        "SELECT event, actor, code FROM step WHERE event LIKE 'agreement_cancel%' ORDER BY id"
    )
    assert [(line["event"], line["actor"], line["code"]) for line in lines] == [
        ("agreement_cancel_asked", "lead-1", "wrong_loan"),
        ("agreement_cancelled", "legal-1", "wrong_loan"),
    ]


async def test_two_tokens_of_one_person_do_not_cancel_a_paid_settlement(world: World, paid: OpenCase) -> None:
    one = await world.services.run(partial(tokens.issue, role="lead", name="x"))
    two = await world.services.run(partial(tokens.issue, role="legal", name="x", person=one.person))
    await rule(world, agreeing.cancel, "agr-r-1", one.actor, "lead", code="wrong_loan")
    with pytest.raises(NotAuthorised, match="another person"):
        await rule(world, agreeing.cancel, "agr-r-1", two.actor, "legal", code="wrong_loan", request_id="c-2")


async def test_who_has_no_say_in_settlements_asks_for_no_cancelling_and_confirms_none(
    world: World, paid: OpenCase
) -> None:
    with pytest.raises(NotAuthorised, match="agent has no authority"):
        await rule(world, agreeing.cancel, "agr-r-1", "agent-1", "agent", code="wrong_loan")
    await rule(world, agreeing.cancel, "agr-r-1", code="wrong_loan", request_id="c-1")
    with pytest.raises(NotAuthorised, match="beyond the authority of agent"):
        await rule(world, agreeing.cancel, "agr-r-1", "agent-1", "agent", code="wrong_loan", request_id="c-2")


async def test_a_payment_taken_back_in_between_begins_the_cancelling_anew(
    world: World, paid: OpenCase
) -> None:
    await rule(world, agreeing.cancel, "agr-r-1", code="wrong_loan", request_id="c-1")
    at = NOON + timedelta(days=2)
    for number, fact in enumerate(
        (
            reversal("L-1", at=at, of="P-1", left=left(352_017)),
            payment(
                "L-1", at=at, amount=300_000, payment_id="P-2", sequence=5, cured=False, left=left(52_017)
            ),
        )
    ):
        world.set_now(at + timedelta(minutes=number))
        await world.delivery.accept([fact])
    assert await state(world) == "kept"
    row = await rule(world, agreeing.cancel, "agr-r-1", "legal-1", "legal", code="new", request_id="c-2")
    assert (row.state, row.cancel_asked_by, row.cancel_code) == (AgreementState.KEPT, "legal-1", "new")


async def test_a_kept_plan_and_a_settlement_that_the_bank_has_booked_are_not_cancelled(
    world: World, paid: OpenCase
) -> None:
    at = NOON + timedelta(days=2)
    world.set_now(at)
    await world.delivery.accept([payment("L-1", at=at, amount=52_017, payment_id="P-9", sequence=6)])
    with pytest.raises(Pointless, match="case: is closed"):
        await rule(world, agreeing.cancel, "agr-r-1", code="wrong_loan")
    await world.execute(
        "UPDATE agreement SET terms = jsonb_build_object('kind', 'waiver', 'of', 'fees', 'amount_minor', 5)"
    )
    with pytest.raises(Pointless, match="waiver was kept"):
        await rule(world, agreeing.cancel, "agr-r-1", code="wrong_loan")
