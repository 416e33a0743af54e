"""The real book, where it is at hand. What is expected is counted here, from the text, by other means."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from zipfile import ZipFile

import pytest

from recourse.contracts.events import decode, encode_binary
from recourse.importers.metro2 import Book, Origin, read, read_book
from recourse.importers.metro2.opening import opened

LATE = {"71", "78", "80", "82", "83", "84"}


class Lines(list[str]):
    """Kept out of what a failing test prints; for the same reason the tests compare counts, not lines."""

    def __repr__(self) -> str:
        return f"<{len(self)} lines>"


@pytest.fixture(scope="module")
def lines(path: Path) -> Lines:
    with ZipFile(path) as archive:
        text = archive.read(archive.namelist()[0]).decode("latin-1")
    return Lines(x for x in text.splitlines() if x.strip() and x[4:10] not in {"HEADER", "TRAILE"})


@pytest.fixture(scope="module")
def book(path: Path) -> Book:
    with opened(path) as (stream, _):
        return read_book(read(stream), Origin())


def late(line: str) -> bool:
    rated = line[123:125] == "13" and line[125] in "123456"
    return line[:4].isdigit() and (line[123:125] in LATE or rated or bool(set(line[126:150]) & set("123456")))


def test_every_record_is_accounted_for(book: Book, lines: Lines) -> None:
    accounting = book.accounting
    garbage = sum(x.startswith("UNPARSEABLE") for x in lines)
    told = sum(map(late, lines))
    clean = Lines(x for x in lines if x[:4].isdigit() and not late(x))
    bad = sum(x[123:125] in {"97", "96"} or bool(set(x[126:150]) & set("GHJKL")) for x in clean)
    assert accounting.records == len(lines) == 1998
    assert accounting.unparseable == garbage == 1
    assert accounting.imported == told
    assert accounting.ignored == {"arrears_not_reported": bad, "never_overdue": len(clean) - bad}
    assert accounting.records == accounting.imported + accounting.ignored.total() + accounting.unparseable


def test_what_ended_in_the_book_ended_in_the_events(book: Book, lines: Lines) -> None:
    """Charged off: status 97, or an L that a paid (64) or repossessed (96) account carries on from."""
    told = Lines(x for x in lines if late(x))
    gone = sum(x[123:125] == "97" or (x[123:125] in {"64", "96"} and "L" in x[126:150]) for x in told)
    paid = sum(x[123:125] in {"13", "64"} for x in told)
    events = book.accounting.events
    assert events["bank.loan.snapshot.v1"] == len(told)
    assert events["bank.loan.charged_off.v1"] == gone
    assert events["bank.loan.closed.v1"] == paid


def test_the_stream_is_in_order_and_fit_for_the_wire(book: Book) -> None:
    times = [event.occurred_at for event in book.events]
    assert times == sorted(times)
    last: Counter[str] = Counter()
    for event in book.events:
        key, value, headers = encode_binary(event)
        assert decode(key, value, headers) == event
        assert event.sequence == last[event.subject] + 1
        last[event.subject] += 1


def test_nothing_that_names_a_borrower_is_in_the_events(book: Book, lines: Lines) -> None:
    """Account numbers, and every word of the parts with names, addresses and numbers of people."""
    stream = "\n".join(f"{event.event_id} {event.subject} {event.raw}" for event in book.events)
    tokens = "\n".join(set(re.split(r'[\s"]+', stream)))
    accounts = {x[42:72].strip() for x in lines if x[:4].isdigit()}
    words = {word for x in lines if x[:4].isdigit() for word in x[231:].split() if len(word) > 5}
    leaks = sum(word in tokens for word in accounts | words)
    assert leaks == 0
