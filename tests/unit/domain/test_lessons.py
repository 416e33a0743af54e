"""Lessons from other systems' bugs that no other test is about; docs/lessons.md has all twelve."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recourse.domain.decide import decide
from recourse.domain.decision import Close, DoStep, Wait, WaitReason
from recourse.domain.delinquency import Arrears, Installment
from recourse.domain.facts import (
    BankFact,
    Entry,
    LoanAdjusted,
    LoanEnd,
    LoanEnded,
    OverdueReported,
    PaymentReceived,
    PaymentReversed,
)
from recourse.domain.fold import fold
from recourse.domain.situation import StepOutcome, StepRecord
from tests.unit.domain.builders import (
    CN_LADDER,
    CN_NOON,
    UNLIMITED,
    borrower,
    ladder,
    remind,
    rules,
    situation,
    with_steps,
)

OWED = Arrears((Installment(7, date(2026, 11, 1), 500, 500),))
NOTHING = Arrears()


@given(late=st.integers(0, 30 * 60))
def test_a_late_timer_shifts_no_later_step(late: int) -> None:
    """Kill Bill #2297, #535: the next check was counted from when the last one ran."""
    made = rules(ladder(remind("first", 3), remind("second", 12)))
    s = situation(CN_NOON, days=1)
    first = decide(s, made, CN_NOON).plan
    assert isinstance(first, DoStep)

    def second(done_at: datetime) -> datetime:
        plan = decide(with_steps(s, StepRecord("first", StepOutcome.DONE, done_at)), made, done_at).plan
        assert isinstance(plan, DoStep)
        assert plan.step_id == "second"
        return plan.due_at

    assert second(first.due_at + timedelta(minutes=late)) == second(first.due_at)


@pytest.mark.parametrize(
    "fact",
    [
        PaymentReceived("P-1", 500, date(2026, 11, 5), NOTHING),
        PaymentReceived("P-1", 500, date(2026, 11, 5)),
        LoanAdjusted("waiver", NOTHING),
        LoanAdjusted("correction", NOTHING),
        OverdueReported(date(2026, 11, 5), NOTHING),
        LoanEnded(LoanEnd.SETTLED, date(2026, 11, 5)),
    ],
    ids=["payment", "payment without a statement", "waiver", "correction", "statement", "settlement"],
)
def test_whatever_takes_the_debt_away_ends_the_case(fact: BankFact) -> None:
    """Kill Bill #695: a credit zeroed the balance, and only payments were listened to."""
    entries = [
        Entry("e-1", CN_NOON, None, OverdueReported(date(2026, 11, 2), OWED)),
        Entry("e-2", CN_NOON + timedelta(hours=1), None, fact),
    ]
    s = replace(situation(), account=fold(entries))
    assert isinstance(decide(s, rules(CN_LADDER), CN_NOON + timedelta(hours=2)).plan, Close)


@pytest.mark.parametrize(
    "fact",
    [
        PaymentReversed("R-1", "P-1", OWED),
        PaymentReversed("R-1", "P-1"),
        LoanAdjusted("fee", OWED),
        OverdueReported(date(2026, 11, 6), OWED),
    ],
    ids=["reversal", "reversal without a statement", "fee", "statement"],
)
def test_whatever_brings_the_debt_back_is_seen(fact: BankFact) -> None:
    """Receive: a chargeback re-opens a claim."""
    entries = [
        Entry("e-1", CN_NOON, None, OverdueReported(date(2026, 11, 2), OWED)),
        Entry("e-2", CN_NOON + timedelta(hours=1), None, PaymentReceived("P-1", 500, date(2026, 11, 6))),
        Entry("e-3", CN_NOON + timedelta(hours=2), None, fact),
    ]
    assert fold(entries).arrears.unpaid_minor == 500
    assert fold(entries[:2]).arrears.unpaid_minor == 0


@given(days=st.integers(1, 400), hours=st.integers(0, 24 * 400))
def test_nothing_is_scheduled_once_the_ladder_is_exhausted(days: int, hours: int) -> None:
    """Hyperswitch #13665: an exhausted ladder stayed scheduled for ever. What is left to a case is the one
    warning before its claim runs out (test_limitation.py), where the law has a limitation rule."""
    spent = [StepRecord(step.id, StepOutcome.UNABLE, CN_NOON) for step in CN_LADDER.steps]
    s = with_steps(situation(days=days), *spent)
    made = rules(CN_LADDER, UNLIMITED)
    plan = decide(s, made, CN_NOON + timedelta(hours=hours)).plan
    assert plan == Wait(WaitReason.LADDER_DONE, None)


@given(hours=st.integers(0, 24 * 400))
def test_nothing_is_scheduled_after_the_end(hours: int) -> None:
    s = situation()
    over = replace(s, account=replace(s.account, ended=LoanEnd.PAID_OFF), parties=(borrower(),))
    assert isinstance(decide(over, rules(CN_LADDER), CN_NOON + timedelta(hours=hours)).plan, Close)


@given(st.integers(1, 999), st.integers(0, 300))
def test_a_fee_is_not_lost_when_less_than_all_is_paid(paid: int, fee: int) -> None:
    """ERPNext #58220: interest and fees vanished with a partial payment."""
    with_fee = Arrears((*OWED.installments, Installment(8, date(2026, 11, 2), 200 + fee, 200 + fee)))
    at = datetime(2026, 11, 6, tzinfo=UTC)
    entries = [
        Entry("e-1", at, None, OverdueReported(date(2026, 11, 5), OWED)),
        Entry("e-2", at + timedelta(hours=1), None, LoanAdjusted("fee", with_fee)),
        Entry("e-3", at + timedelta(hours=2), None, PaymentReceived("P-1", paid, date(2026, 11, 6))),
    ]
    left = fold(entries).arrears
    assert left.unpaid_minor == max(500 + 200 + fee - paid, 0)
    assert all(i.number == 8 for i in left.installments) or paid < 500
