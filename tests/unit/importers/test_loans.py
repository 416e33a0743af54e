"""A bureau file as the opening state of a simulation: arrears as the file has them, on the window's day."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest

from recourse.importers.metro2 import Origin, read, read_book
from recourse.importers.metro2.loans import opening_loans
from recourse.importers.metro2.opening import opened
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


def test_the_real_file_gives_loans_with_the_arrears_it_reports() -> None:
    path = Path(os.environ.get("RECOURSE_TEST_DATA", ROOT.parent / "shared" / "data"))
    file = path / "metro2" / "m2_2k_lines_deidentified.zip"
    if not file.exists():
        pytest.skip(
            f"the real book is not here: {file}; set RECOURSE_TEST_DATA to the folder that has metro2/"
        )
    first = date(2027, 1, 1)
    with opened(file) as (stream, _):
        book = read_book(read(stream), Origin(key=b"test"))
    ended = {event.subject for event in book.events if event.type == "bank.loan.closed.v1"}
    loans = opening_loans(book, first, ZONE)
    late = [loan for loan in loans if loan.arrears]
    assert len({loan.id for loan in loans}) == len(loans) > 100
    assert not ended & {loan.id for loan in loans}
    assert len(late) >= 31 + 12 + 5 + 1, "the statuses 71, 78, 80 and 82"
    assert all(loan.arrears.dpd(first) > 0 for loan in late)
