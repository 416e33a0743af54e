"""A bureau file's loans as a simulation begins with them: what is really unpaid, and what falls due yet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from recourse.contracts.events import BankEvent
from recourse.domain.delinquency import Arrears, Installment
from recourse.domain.ids import LoanId
from recourse.domain.law.hours import local_date
from recourse.importers.metro2.book import Book
from recourse.simulation.loans import LAST_DUE_DAY, Loan

SNAPSHOT, CLOSED = "bank.loan.snapshot.v1", "bank.loan.closed.v1"


def opening_loans(book: Book, first: date, zone: str) -> tuple[Loan, ...]:
    """The loans that exist on the first day of a window, in the order of their ids.

    A window that begins within the file's dates finds the arrears of that day. For a later one all dates are
    moved by whole days, so that the newest account is stated for its first day.
    """
    if book.newest is None:
        return ()
    shift = max(first - book.newest, timedelta(0))
    by_loan: dict[str, list[BankEvent]] = defaultdict(list)
    for event in book.events:
        if local_date(event.occurred_at, zone) <= first - shift:
            by_loan[event.subject].append(event)
    loans = (_loan(LoanId(loan_id), by_loan[loan_id], first, shift) for loan_id in sorted(by_loan))
    return tuple(loan for loan in loans if loan is not None)


def _loan(loan_id: LoanId, events: Sequence[BankEvent], first: date, shift: timedelta) -> Loan | None:
    """None for a loan that has ended, or of which nothing is left to pay."""
    if any(event.type == CLOSED for event in events):
        return None
    snapshot = next(event.raw for event in events if event.type == SNAPSHOT)
    stated = [event.raw["arrears"] for event in events if "arrears" in event.raw]
    arrears = _arrears(stated[-1] if stated else [], shift, first)
    schedule = [(item["number"], _day(item["due_date"], shift)) for item in snapshot["schedule"]]
    coming = [(number, due) for number, due in schedule if due >= first]
    if not coming and not arrears:
        return None
    number, due = coming[0] if coming else (len(schedule) + 1, first)
    return Loan(
        loan_id,
        installment_minor=snapshot["contract"]["installment_minor"],
        due_day=min(due.day, LAST_DUE_DAY),
        next_number=number,
        left=len(coming),
        arrears=arrears,
    )


def _arrears(stated: Sequence[dict[str, Any]], shift: timedelta, first: date) -> Arrears:
    """What fell due before the window; what falls due in it is left to the simulation."""
    items = (
        Installment(
            item["number"],
            _day(item["due_date"], shift),
            item["amount_due_minor"],
            item["amount_unpaid_minor"],
        )
        for item in stated
    )
    return Arrears.of(item for item in items if item.due_date < first)


def _day(text: str, shift: timedelta) -> date:
    return date.fromisoformat(text) + shift
