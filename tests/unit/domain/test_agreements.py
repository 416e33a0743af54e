"""Money agreements: what binds the ladder, what keeps or breaks them, and that no money counts twice."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recourse.domain.agreements import (
    Agreement,
    AgreementState,
    Extension,
    Part,
    PaymentPlan,
    Restructure,
    Settlement,
    Terms,
    Waived,
    Waiver,
    given_up,
    measure,
    problem,
)
from recourse.domain.decide import decide
from recourse.domain.decision import Alarm, Close, Decision, DoStep, Wait, WaitReason
from recourse.domain.delinquency import Arrears
from recourse.domain.facts import LoanEnd
from recourse.domain.fold import Adjustment, Payment
from recourse.domain.keeping import AgreementVerdict
from recourse.domain.law.gate import gate
from recourse.domain.law.verdict import Allowed, LocateEffect, RefusalCode, Refused
from recourse.domain.situation import PromiseState, Situation, StepOutcome
from recourse.packs.record import situation_from_json, situation_to_json
from tests.examples import examples
from tests.unit.domain.builders import CN, contact, ladder, pack, promise, record, remind, rules, situation
from tests.unit.domain.builders import shanghai as at

MADE = at("2026-11-06T12:00")
TICK = timedelta(microseconds=1)
PLAN = PaymentPlan((Part(date(2026, 11, 20), 10_000), Part(date(2026, 12, 20), 20_000)))
FIRST_EDGE, SECOND_EDGE = at("2026-11-24T00:00"), at("2026-12-24T00:00")
"""The day itself, three days of grace, and then the first instant of the next."""
SETTLED = Settlement(30_000, date(2026, 11, 20), 50_000)
NO_WARNING = pack("CN")
"""A law without a limitation rule, so that nothing else wakes the case up."""


def agreement(terms: Terms = PLAN, state: AgreementState | None = None, key: str = "A-1") -> Agreement:
    pays = isinstance(terms, PaymentPlan | Settlement)
    return Agreement(key, terms, state or AgreementState(("approved", "active")[pays]), MADE)


def paid(amount: int, when: datetime, number: int = 1, *, reversed_: bool = False) -> Payment:
    return Payment(f"P-{number}", amount, when.date(), when, reversed_)


def agreed(*agreements: Agreement, payments: tuple[Payment, ...] = (), booked: str = "") -> Situation:
    s = situation(MADE, days=20)
    statements = (Adjustment(booked, MADE + timedelta(days=2)),) if booked else ()
    account = replace(s.account, payments=payments, adjustments=statements)
    return replace(s, agreements=agreements, account=account)


def judge(s: Situation, now: datetime) -> Decision:
    return decide(s, rules(ladder(remind("first", 1)), NO_WARNING), now)


def verdict(state: AgreementState, code: str = "", key: str = "A-1") -> AgreementVerdict:
    return AgreementVerdict(key, state, code)


def test_a_plan_in_force_waits_for_its_next_part_and_nothing_else_is_planned() -> None:
    assert judge(agreed(agreement()), MADE).plan == Wait(WaitReason.AGREEMENT, FIRST_EDGE)
    after_the_first = agreed(agreement(), payments=(paid(10_000, MADE),))
    assert judge(after_the_first, FIRST_EDGE).plan == Wait(WaitReason.AGREEMENT, SECOND_EDGE)


def test_a_missed_part_breaks_the_plan_at_its_deadline_and_the_ladder_goes_on_at_once() -> None:
    assert judge(agreed(agreement()), FIRST_EDGE - TICK).agreements == ()
    broken = judge(agreed(agreement()), FIRST_EDGE)
    assert broken.agreements == (verdict(AgreementState.BROKEN),)
    assert isinstance(broken.plan, DoStep)


@pytest.mark.parametrize(("first", "kept"), [(9_500, True), (9_499, False)])
def test_ninety_five_percent_of_a_part_is_enough_and_one_unit_less_is_not(first: int, kept: bool) -> None:
    decision = judge(agreed(agreement(), payments=(paid(first, MADE),)), FIRST_EDGE)
    assert decision.agreements == (() if kept else (verdict(AgreementState.BROKEN),))


def test_a_plan_is_kept_when_all_its_parts_are_paid_also_ahead_of_time() -> None:
    s = agreed(agreement(), payments=(paid(30_000, MADE + timedelta(hours=1)),))
    assert judge(s, MADE + timedelta(days=1)).agreements == (verdict(AgreementState.KEPT),)


def test_money_from_before_the_agreement_or_from_its_deadline_on_does_not_count() -> None:
    for when in (MADE - TICK, FIRST_EDGE):
        s = agreed(agreement(), payments=(paid(30_000, when),))
        assert judge(s, FIRST_EDGE).agreements == (verdict(AgreementState.BROKEN),), when


def test_a_reversal_takes_back_what_its_payment_had_made_kept() -> None:
    kept = agreement(state=AgreementState.KEPT)
    gone = paid(30_000, MADE, reversed_=True)
    reopened = judge(agreed(kept, payments=(gone,)), MADE + timedelta(days=1))
    assert reopened.agreements == (verdict(AgreementState.ACTIVE),)
    assert reopened.plan == Wait(WaitReason.AGREEMENT, FIRST_EDGE)
    assert judge(agreed(kept, payments=(gone,)), FIRST_EDGE).agreements == (verdict(AgreementState.BROKEN),)


def test_a_payment_the_bank_tells_late_of_mends_what_had_been_called_broken() -> None:
    s = agreed(agreement(state=AgreementState.BROKEN), payments=(paid(10_000, MADE + timedelta(days=1)),))
    assert judge(s, FIRST_EDGE + timedelta(days=1)).agreements == (verdict(AgreementState.ACTIVE),)


def test_a_broken_agreement_takes_no_more_money_from_one_that_runs() -> None:
    again = replace(agreement(key="A-2"), since=FIRST_EDGE + timedelta(days=1))
    later = paid(30_000, FIRST_EDGE + timedelta(days=2))
    terms = PaymentPlan((Part(date(2026, 12, 20), 30_000),))
    s = agreed(agreement(), replace(again, terms=terms), payments=(later,))
    found = judge(s, FIRST_EDGE + timedelta(days=3)).agreements
    assert found == (verdict(AgreementState.BROKEN), verdict(AgreementState.KEPT, key="A-2"))


def test_money_that_a_promise_was_waiting_for_does_not_pay_a_part_as_well() -> None:
    s = agreed(agreement(), payments=(paid(10_000, MADE),))
    s = replace(s, promises=(promise(MADE, date(2026, 11, 10), 10_000),))
    decision = judge(s, FIRST_EDGE)
    assert [v.state for v in decision.promises] == [PromiseState.KEPT]
    assert decision.agreements == (verdict(AgreementState.BROKEN),)


def test_money_for_a_part_that_is_due_first_does_not_keep_a_promise_as_well() -> None:
    s = agreed(agreement(), payments=(paid(10_000, MADE),))
    s = replace(s, promises=(promise(MADE, date(2026, 11, 27), 10_000),))
    decision = judge(s, at("2026-11-29T00:00"))
    assert [v.state for v in decision.promises] == [PromiseState.BROKEN]
    assert decision.agreements == ()


def test_a_paid_settlement_still_stops_everything_until_the_bank_has_closed_the_loan() -> None:
    s = agreed(agreement(SETTLED), payments=(paid(30_000, MADE),))
    decision = judge(s, MADE + timedelta(days=1))
    booking = at("2026-11-17T00:00")
    assert decision.agreements == (verdict(AgreementState.KEPT),)
    assert decision.plan == Wait(WaitReason.AGREEMENT, booking)
    chased = judge(agreed(agreement(SETTLED, AgreementState.KEPT), payments=s.account.payments), booking)
    assert chased.alarms == (Alarm("chase_booking-A-1", "chase_booking", "lead", booking),)
    assert chased.plan == Wait(WaitReason.AGREEMENT, None)


def test_an_alarm_is_raised_once() -> None:
    s = agreed(agreement(SETTLED, AgreementState.KEPT), payments=(paid(30_000, MADE),))
    known = record("chase_booking-A-1", StepOutcome.OPEN, MADE)
    assert judge(replace(s, steps=(known,)), at("2026-11-20T00:00")).alarms == ()


@pytest.mark.parametrize(
    "terms",
    [Extension(1), Restructure(12, 100_000, date(2026, 12, 5)), Waiver(Waived.FEES, 500)],
    ids=["extension", "restructure", "waiver"],
)
def test_what_the_bank_books_counts_by_its_own_statement_and_lapses_without_one(terms: Terms) -> None:
    deadline = at("2026-11-17T00:00")
    waiting = judge(agreed(agreement(terms)), MADE)
    assert waiting.plan == Wait(WaitReason.AGREEMENT, deadline)
    assert judge(agreed(agreement(terms), payments=(paid(90_000, MADE),)), MADE).agreements == ()
    booked = judge(agreed(agreement(terms), booked=terms.kind), MADE + timedelta(days=2))
    assert booked.agreements == (verdict(AgreementState.KEPT),)
    lapsed = judge(agreed(agreement(terms), booked="correction"), deadline)
    assert lapsed.agreements == (verdict(AgreementState.CANCELLED, "not_booked"),)
    assert isinstance(lapsed.plan, DoStep)


def test_one_statement_of_the_bank_books_one_agreement() -> None:
    second = replace(agreement(Extension(1), key="A-2"), since=MADE + timedelta(hours=1))
    s = agreed(agreement(Extension(1)), second, booked="extension")
    assert judge(s, MADE + timedelta(days=2)).agreements == (verdict(AgreementState.KEPT),)


@pytest.mark.parametrize(
    ("end", "state"), [(LoanEnd.SETTLED, AgreementState.KEPT), (LoanEnd.SOLD, AgreementState.CANCELLED)]
)
def test_when_the_case_ends_nothing_is_left_in_force(end: LoanEnd, state: AgreementState) -> None:
    proposed = replace(agreement(key="A-2"), state=AgreementState.PROPOSED, since=None)
    s = agreed(agreement(), proposed)
    decision = judge(replace(s, account=replace(s.account, ended=end)), MADE)
    assert isinstance(decision.plan, Close)
    wanted = (verdict(state, end.value), verdict(AgreementState.CANCELLED, end.value, "A-2"))
    assert decision.agreements == wanted


def test_a_closed_case_is_not_judged_again() -> None:
    s = agreed(agreement(state=AgreementState.KEPT), payments=(paid(30_000, MADE, reversed_=True),))
    s = replace(s, account=replace(s.account, arrears=Arrears()))
    assert judge(s, FIRST_EDGE).agreements == ()


def test_the_gate_refuses_with_its_own_code_what_the_law_stops_for_an_agreed_plan() -> None:
    for effect in (contact(), LocateEffect("assess_recovery")):
        refused = gate(effect, agreed(agreement()), (CN,), MADE)
        assert isinstance(refused, Refused)
        assert (refused.code, refused.detail) == (RefusalCode.AGREEMENT_IN_FORCE, "payment_plan")
        assert refused.source == "house rule: an agreed plan is kept to"
    for state in (AgreementState.BROKEN, AgreementState.KEPT, AgreementState.PROPOSED):
        assert isinstance(gate(contact(), agreed(agreement(state=state)), (CN,), MADE), Allowed)


def test_a_situation_with_every_kind_reads_back_as_it_was_stored() -> None:
    every: tuple[Terms, ...] = (
        PLAN,
        SETTLED,
        Extension(2),
        Restructure(3, 9, date(2026, 12, 5)),
        Waiver(Waived.INTEREST, 7),
    )
    s = agreed(*(agreement(terms, key=f"A-{n}") for n, terms in enumerate(every)))
    assert situation_from_json(situation_to_json(s)) == s


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        (PaymentPlan(()), "parts"),
        (PaymentPlan((Part(date(2026, 11, 5), 1),)), "parts"),
        (PaymentPlan((Part(date(2026, 11, 9), 0),)), "parts"),
        (PaymentPlan((Part(date(2026, 12, 9), 1), Part(date(2026, 12, 9), 1))), "parts"),
        (PaymentPlan((Part(date(2026, 12, 9), 999),)), "parts"),
        (Settlement(0, date(2026, 12, 1), 1000), "pay_minor"),
        (Settlement(4, date(2026, 12, 1), 1), "waived_minor"),
        (Settlement(1, date(2026, 12, 1), 0), "waived_minor"),
        (Settlement(1, date(2026, 11, 5), 999), "pay_by"),
        (Extension(0), "installments"),
        (Extension(3), "installments"),
        (Restructure(0, 1, date(2026, 12, 1)), "installments"),
        (Restructure(1, 1000, date(2060, 12, 1)), "first_due_on"),
        (Restructure(1, 1000, date(2027, 3, 1)), "first_due_on"),
        (Restructure(1, 999, date(2026, 12, 1)), "amount_minor"),
        (Waiver(Waived.FEES, 1001), "amount_minor"),
        (Waiver(Waived.FEES, 0), "amount_minor"),
    ],
)
def test_terms_that_cannot_be_meant_are_named_by_their_field(terms: Terms, field: str) -> None:
    found = problem(terms, 1000, 2, date(2026, 11, 6))
    assert found is not None
    assert found.startswith(f"{field}: ")


amounts = st.integers(1, 3000)
days = st.integers(0, 40)


@st.composite
def running(draw: st.DrawFn) -> tuple[Situation, datetime]:
    """Two plans, perhaps a promise, and payments at any time around them."""

    def plan(key: str) -> Agreement:
        due = sorted(draw(st.sets(days, min_size=1, max_size=3)))
        parts = tuple(Part(MADE.date() + timedelta(days=n), draw(amounts)) for n in due)
        return replace(agreement(PaymentPlan(parts), key=key), since=MADE + timedelta(days=draw(days)))

    payments = tuple(
        paid(
            draw(amounts),
            MADE + timedelta(hours=draw(st.integers(-48, 1200))),
            n,
            reversed_=draw(st.booleans()),
        )
        for n in range(draw(st.integers(0, 6)))
    )
    s = agreed(plan("A-1"), plan("A-2"), payments=payments)
    if draw(st.booleans()):
        s = replace(s, promises=(promise(MADE, MADE.date() + timedelta(days=draw(days)), draw(amounts)),))
    return s, MADE + timedelta(hours=draw(st.integers(0, 1500)))


@examples(100)
@given(running())
def test_money_counts_once_whatever_runs_beside_each_other(given_: tuple[Situation, datetime]) -> None:
    """What was kept adds up to no more than what came in, less the tolerance of five percent."""
    s, now = given_
    decision = judge(s, now)
    kept = {v.agreement_id for v in decision.agreements if v.state is AgreementState.KEPT}
    kept |= {v.promise_id for v in decision.promises if v.state is PromiseState.KEPT}
    claimed = sum(
        part.amount_minor
        for a in s.agreements
        if a.id in kept and isinstance(a.terms, PaymentPlan)
        for part in a.terms.parts
    )
    claimed += sum(p.amount_minor for p in s.promises if p.id in kept)
    came_in = sum(p.amount_minor for p in s.account.payments if not p.reversed)
    assert came_in * 100 >= claimed * 95


@examples(100)
@given(running(), st.randoms(use_true_random=False))
def test_the_order_in_which_facts_came_changes_nothing(
    given_: tuple[Situation, datetime], shuffled: random.Random
) -> None:
    s, now = given_
    payments = list(s.account.payments)
    shuffled.shuffle(payments)
    other = replace(s, account=replace(s.account, payments=tuple(payments)))
    assert judge(other, now) == judge(s, now)


@examples(100)
@given(running())
def test_what_is_written_down_is_not_judged_otherwise_while_nothing_happens(
    given_: tuple[Situation, datetime],
) -> None:
    """The states of a decision, written into the next situation, give no further verdict then."""
    s, now = given_
    states = {v.agreement_id: v.state for v in judge(s, now).agreements}
    after = replace(s, agreements=tuple(replace(a, state=states.get(a.id, a.state)) for a in s.agreements))
    assert judge(after, now).agreements == ()


@given(
    parts=st.lists(st.integers(1, 10_000), min_size=1, max_size=6),
    claim=st.integers(60_000, 200_000),
    booked=st.booleans(),
)
def test_a_waiver_in_parts_measures_as_the_whole_does(parts: list[int], claim: int, booked: bool) -> None:
    """Whether the bank has booked the parts, which makes the arrears less, or not yet."""
    state = AgreementState.KEPT if booked else AgreementState.APPROVED
    before = [Agreement(f"A-{n}", Waiver(Waived.FEES, part), state, MADE) for n, part in enumerate(parts)]
    unpaid = claim - sum(parts) if booked else claim
    asked = measure(Waiver(Waived.FEES, 500), unpaid, MADE.date(), given_up(before))
    assert asked == measure(Waiver(Waived.FEES, sum(parts) + 500), claim, MADE.date())


@pytest.mark.parametrize(
    ("state", "counts"),
    [
        ("proposed", False),
        ("declined", False),
        ("approved", True),
        ("active", True),
        ("kept", True),
        ("broken", False),
        ("cancelled", False),
    ],
)
def test_what_came_to_nothing_gave_nothing_up(state: str, counts: bool) -> None:
    given_ = [
        agreement(SETTLED, AgreementState(state)),
        agreement(Extension(2), AgreementState(state), "A-2"),
    ]
    found = given_up(given_)
    assert (found.amount_minor, found.installments) == ((50_000, 2) if counts else (0, 0))
    assert found.booked_minor == 0, "the bank books a settlement by closing the loan"


def test_the_window_is_exclusive_at_its_far_edge_and_plans_give_nothing_up() -> None:
    waived = agreement(Waiver(Waived.FEES, 700), AgreementState.KEPT)
    assert given_up([waived], MADE).amount_minor == 0
    assert given_up([waived], MADE - TICK).amount_minor == 700
    assert (
        given_up([agreement(PLAN), agreement(Restructure(12, 80_000, date(2026, 12, 1)))]).amount_minor == 0
    )
