"""A bureau file as the opening state of a simulation: arrears as the file has them, on the window's day."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from recourse.importers.metro2 import Origin, read, read_book
from recourse.importers.metro2.loans import opening_loans
from tests.unit.importers.lines import base, book_of

ROOT = Path(__file__).parents[3]
ZONE = "America/New_York"
THIRTY, SIXTY = "71", "78"


def loans_of(*lines: str, first: date) -> dict[int, int]:
    """Days past due on the first day -> how much is unpaid, of each loan."""
    book = read_book(read(book_of(*lines)), Origin())
    return {loan.arrears.dpd(first): loan.arrears.unpaid_minor for loan in opening_loans(book, first, ZONE)}


@pytest.mark.parametrize("first", [date(2019, 1, 31), date(2027, 3, 1)])
@pytest.mark.parametrize(("status", "profile", "bucket"), [(THIRTY, "0", 1), (SIXTY, "10", 2)])
def test_a_loan_is_as_late_on_the_first_day_as_its_status_says(
    first: date, status: str, profile: str, bucket: int
) -> None:
    line = base("A", status=status, profile=f"{profile:0<24}", past_due=f"{350 * bucket:09d}")
    ((days, unpaid),) = loans_of(line, first=first).items()
    assert 30 * bucket <= days < 30 * bucket + 30
    assert unpaid == 350_00 * bucket


def test_a_window_within_the_file_finds_what_was_unpaid_then() -> None:
    """Sixty days late at the end of November, current at the end of January."""
    line = base("A", status="11", profile=f"{'0210':0<24}")
    (days,) = loans_of(line, first=date(2018, 11, 30))
    assert 60 <= days < 90
    assert list(loans_of(line, first=date(2019, 1, 31)).values()) == [0]


def test_a_loan_that_has_ended_is_not_simulated() -> None:
    assert (
        loans_of(base("A", status="13", profile=f"{'1':0<24}", closed="01152019"), first=date(2027, 3, 1))
        == {}
    )


def test_what_is_left_of_the_contract_falls_due_from_the_first_day_on() -> None:
    first = date(2019, 1, 31)
    book = read_book(read(book_of(base("A", status=THIRTY, opened="03152016", term="060"))), Origin())
    (loan,) = opening_loans(book, first, ZONE)
    assert loan.installment_minor == 350_00
    assert loan.next_number + loan.left == 61
    assert loan.arrears.installments[-1].number == loan.next_number - 1
