"""A call that comes late makes what follows from it late, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from recourse.contracts.events.models import PaymentReceived
from recourse.demo.book import START, Loan, loans
from recourse.demo.script import Script

BOOK = {loan.id: loan for loan in loans()}


def of_plot(name: str) -> Loan:
    return next(loan for loan in BOOK.values() if loan.plot.name == name)


def call(loan: Loan, step: str = "call_first") -> dict[str, str]:
    return {"id": f"task-{loan.id}-{step}", "loan_id": loan.id, "step_id": step, "kind": "call"}


@pytest.mark.parametrize("days_late", [0, 1, 9])
def test_a_promise_is_paid_the_day_before_it_is_due_however_late_the_call_was(days_late: int) -> None:
    loan, script = of_plot("promise_kept"), Script(BOOK)
    called = START + timedelta(days=loan.first_day + 3 + days_late)
    said = script.says(call(loan), called)
    assert said["promise_on"] == (called.date() + timedelta(days=4)).isoformat()
    assert script.payments() == {}
    script.heard(call(loan), said, called)
    payment = script.payments()[loan.id]
    assert isinstance(payment.event.data, PaymentReceived)
    assert payment.event.data.value_date == called.date() + timedelta(days=3)
    assert payment.event.data.amount.amount_minor == loan.monthly_minor
    assert payment.event.sequence == 3
    assert (START + timedelta(days=payment.day)).date() == called.date() + timedelta(days=3)


def test_who_breaks_a_promise_pays_nothing_for_it_and_promises_once() -> None:
    loan, script = of_plot("promise_broken"), Script(BOOK)
    called = START + timedelta(days=4)
    said = script.says(call(loan), called)
    script.heard(call(loan), said, called)
    assert said["outcome"] == "promise"
    assert script.payments() == {}
    assert script.says(call(loan), called) == {"outcome": "no_answer"}


def test_a_dispute_is_answered_once_some_days_after_it_was_raised() -> None:
    loan, script = of_plot("dispute_answered"), Script(BOOK)
    raised = datetime(2026, 11, 20, 9, tzinfo=UTC)
    for at in (raised, raised + timedelta(days=1)):
        script.heard(call(loan), {"outcome": "disputes"}, at)
    assert script.disputes_to_answer(raised + timedelta(days=5) - timedelta(seconds=1)) == []
    assert script.disputes_to_answer(raised + timedelta(days=5)) == [loan.id]
    assert script.disputes_to_answer(raised + timedelta(days=6)) == []


def test_steps_that_a_plot_does_not_name_are_answered_as_usual() -> None:
    loan = of_plot("hardship_hold")
    assert Script(BOOK).says(call(loan, "call_first"), START) == {"outcome": "no_answer"}
    assert Script(BOOK).says(call(loan, "screening"), START) == {"outcome": "hardship"}
