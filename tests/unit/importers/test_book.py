"""Every record of a file is imported, ignored for a reason, or unparseable."""

from __future__ import annotations

from datetime import date
from io import BytesIO

from hypothesis import given
from hypothesis import strategies as st

from recourse.importers.metro2 import Book, Origin, read, read_book
from tests.unit.importers.lines import base, book_of, file_of, header

KINDS = {
    "imported": lambda n: base(f"FICT-{n}", status="71", profile="1" + "0" * 23),
    "never_overdue": lambda n: base(f"FICT-{n}"),
    "arrears_not_reported": lambda n: base(f"FICT-{n}", status="97", profile="L" * 24),
    "not_a_monthly_auto_loan": lambda n: base(f"FICT-{n}", status="71", frequency="W"),
    "deleted_by_sender": lambda n: base(f"FICT-{n}", status="DA", profile="1" * 24),
    "no_amount": lambda n: base(f"FICT-{n}", status="71", scheduled="0" * 9, original="0" * 9),
    "unparseable": lambda n: f"UNPARSEABLE{n}",
}


def book(file: BytesIO, **options: object) -> Book:
    return read_book(read(file), Origin(), **options)  # type: ignore[arg-type]


@given(st.lists(st.sampled_from(sorted(KINDS)), max_size=12))
def test_whatever_is_mixed_each_record_is_counted_once_for_what_it_is(kinds: list[str]) -> None:
    accounting = book(book_of(*[KINDS[kind](n) for n, kind in enumerate(kinds)])).accounting
    counted = {reason.value: count for reason, count in accounting.ignored.items()}
    counted |= {"imported": accounting.imported, "unparseable": accounting.unparseable}
    assert counted == {k: kinds.count(k) for k in {*kinds, "imported", "unparseable"}}
    assert accounting.records == len(kinds) == sum(counted.values())
    assert accounting.notes == []


def test_an_account_that_comes_twice_counts_once() -> None:
    accounting = book(book_of(KINDS["imported"](1), KINDS["imported"](1))).accounting
    assert (accounting.imported, accounting.ignored) == (1, {"duplicate_account": 1})


def test_a_limit_leaves_the_rest_counted() -> None:
    accounting = book(book_of(*[KINDS["imported"](n) for n in range(5)]), limit=2).accounting
    assert (accounting.imported, accounting.ignored) == (2, {"over_limit": 3})


def test_all_loans_are_in_one_order_of_time_and_each_in_its_own() -> None:
    profiles = ("0" * 24, "210" + "0" * 21, "00001000000000100000001B", "1111111111".ljust(24, "0"))
    lines = [base(f"FICT-{n}", status="78", profile=profile) for n, profile in enumerate(profiles * 5)]
    events = book(book_of(*lines)).events
    times = [event.occurred_at for event in events]
    assert times == sorted(times)
    for loan in {event.subject for event in events}:
        numbers = [event.sequence for event in events if event.subject == loan]
        assert numbers == list(range(1, len(numbers) + 1))


def test_as_of_moves_the_newest_account_to_the_day() -> None:
    older = base("FICT-1", status="71", as_of="12312018")
    moved = book(book_of(older, KINDS["imported"](2)), as_of=date(2026, 11, 24))
    plain = book(book_of(older, KINDS["imported"](2)))
    assert plain.newest == date(2019, 1, 31)
    shifts = {
        (new.occurred_at.date() - old.occurred_at.date()).days
        for old, new in zip(plain.events, moved.events, strict=True)
    }
    assert shifts == {(date(2026, 11, 24) - date(2019, 1, 31)).days}


def test_importing_twice_gives_the_same_events() -> None:
    lines = [KINDS["imported"](n) for n in range(3)]
    assert book(book_of(*lines)).events == book(book_of(*lines)).events


def test_a_file_without_its_ends_says_so_and_is_imported() -> None:
    accounting = book(file_of(KINDS["imported"](1))).accounting
    assert accounting.imported == 1
    assert [note.field for note in accounting.notes] == ["Header", "Trailer"]
    short = book(file_of(header(), KINDS["imported"](1), "0426TRAILER000000009".ljust(426))).accounting
    assert [note.field for note in short.notes] == ["Trailer, Total Base Records"]
