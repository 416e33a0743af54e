"""What is open in the real book becomes loans that a strategy can be tried on."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from recourse.importers.metro2 import Origin, read, read_book
from recourse.importers.metro2.loans import opening_loans
from recourse.importers.metro2.opening import opened

ZONE = "America/New_York"


def test_the_real_file_gives_loans_with_the_arrears_it_reports(path: Path) -> None:
    first = date(2027, 1, 1)
    with opened(path) as (stream, _):
        book = read_book(read(stream), Origin(key=b"test"))
    ended = {event.subject for event in book.events if event.type == "bank.loan.closed.v1"}
    loans = opening_loans(book, first, ZONE)
    late = [loan for loan in loans if loan.arrears]
    assert len({loan.id for loan in loans}) == len(loans) > 100
    assert not ended & {loan.id for loan in loans}
    assert len(late) >= 31 + 12 + 5 + 1, "the statuses 71, 78, 80 and 82"
    assert all(loan.arrears.dpd(first) > 0 for loan in late)
