"""What would not have been done, had everything been known that came later with an earlier date."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from recourse.domain.delinquency import Arrears, Installment
from recourse.domain.facts import (
    BankFact,
    Entry,
    LoanEnd,
    LoanEnded,
    OverdueReported,
    PaymentReceived,
    PaymentReversed,
)
from recourse.domain.hindsight import regretted
from recourse.domain.situation import StepOutcome, StepRecord

ZONE = "Asia/Shanghai"
DUE = date(2026, 11, 1)
NOON = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)
"""Twelve o'clock in Shanghai, on the first day past due."""
DAY = timedelta(days=1)
OVERDUE = Entry("e-1", NOON, 1, OverdueReported(NOON.date(), Arrears((Installment(1, DUE, 500, 500),))))


def entry(event_id: str, at: datetime, fact: BankFact) -> Entry:
    return Entry(event_id, at, None, fact)


def paid(amount: int, value_date: date, booked: datetime, arrears: Arrears | None = None) -> Entry:
    return entry(f"p-{booked}", booked, PaymentReceived(f"P-{booked}", amount, value_date, arrears))


def act(day: int, outcome: StepOutcome = StepOutcome.DONE) -> StepRecord:
    return StepRecord(f"step_{day}", outcome, NOON + DAY * day)


ACTS = tuple(act(day) for day in range(1, 6))
"""Steps at noon of 3 to 7 November."""


def test_nothing_is_regretted_while_the_debt_was_there() -> None:
    assert regretted([OVERDUE], ACTS, ZONE) == ()


def test_a_payment_dated_back_puts_the_steps_after_its_value_date_in_the_wrong() -> None:
    late = paid(500, date(2026, 11, 4), NOON + DAY * 5, Arrears())
    found = regretted([OVERDUE, late], ACTS, ZONE)
    assert [r.step_id for r in found] == ["step_3", "step_4", "step_5"]


def test_on_the_value_date_itself_the_hour_is_unknown_and_the_step_stands() -> None:
    late = paid(500, date(2026, 11, 7), NOON + DAY * 8)
    assert regretted([OVERDUE, late], ACTS, ZONE) == ()


def test_a_payment_of_less_than_the_debt_puts_nothing_in_the_wrong() -> None:
    assert regretted([OVERDUE, paid(499, date(2026, 11, 2), NOON + DAY * 9)], ACTS, ZONE) == ()


def test_two_payments_dated_back_count_together_and_one_under_two_ids_once() -> None:
    first = paid(250, date(2026, 11, 2), NOON + DAY * 9)
    second = paid(250, date(2026, 11, 2), NOON + DAY * 10)
    again = Entry("other-id", NOON + DAY * 11, None, first.fact)
    assert regretted([OVERDUE, first, again], ACTS, ZONE) == ()
    assert len(regretted([OVERDUE, first, second], ACTS, ZONE)) == 5


def test_a_payment_that_bounced_puts_nothing_in_the_wrong() -> None:
    late = paid(500, date(2026, 11, 2), NOON + DAY * 9)
    back = entry("r-1", NOON + DAY * 12, PaymentReversed("R-1", f"P-{late.occurred_at}"))
    assert regretted([OVERDUE, late, back], ACTS, ZONE) == ()


def test_a_loan_that_had_ended_and_was_told_late() -> None:
    ended = entry("x-1", NOON + DAY * 3, LoanEnded(LoanEnd.SOLD, date(2026, 11, 5)))
    assert [r.step_id for r in regretted([OVERDUE, ended], ACTS, ZONE)] == ["step_3", "step_4", "step_5"]


def test_what_was_refused_or_never_left_troubled_nobody() -> None:
    late = paid(500, date(2026, 11, 2), NOON + DAY * 9)
    quiet = [act(2, outcome) for outcome in (StepOutcome.REFUSED, StepOutcome.UNABLE, StepOutcome.NOT_SENT)]
    assert regretted([OVERDUE, late], quiet, ZONE) == ()


@given(
    st.lists(st.tuples(st.integers(1, 300), st.integers(0, 6), st.integers(0, 12)), max_size=6),
    st.randoms(use_true_random=False),
)
def test_the_answer_is_that_of_a_bank_that_books_at_once(
    payments: list[tuple[int, int, int]], random: object
) -> None:
    """Counted by hand: by each noon, the money whose value date had passed or which was booked by then."""
    entries = [OVERDUE] + [
        Entry(
            f"p-{n}",
            NOON + DAY * (value + delay),
            None,
            PaymentReceived(f"P-{n}", amount, (NOON + DAY * value).date()),
        )
        for n, (amount, value, delay) in enumerate(payments)
    ]
    shuffled = list(entries)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    expected = []
    for step in ACTS:
        there = sum(
            amount
            for amount, value, delay in payments
            if NOON + DAY * (value + delay) <= step.at or (NOON + DAY * value).date() < step.at.date()
        )
        if there >= 500:
            expected.append(step.step_id)
    assert [r.step_id for r in regretted(shuffled, ACTS, ZONE)] == expected
