"""Records as they really come: longer lines, lines that lie, garbage between good ones."""

from __future__ import annotations

from datetime import date
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recourse.importers.metro2 import BaseSegment, Header, Rejected, Trailer, read
from recourse.importers.metro2.opening import NotReadable, opened
from tests.unit.importers.lines import NOBODY, account_of, base, book_of, file_of, header, trailer


def test_fields_are_read_from_the_positions_of_the_crrg() -> None:
    account = account_of(
        base(
            "FICT-7",
            status="71",
            profile="10" + "0" * 20 + "BB",
            past_due="000000700",
            first_delinquency="12202018",
            last_payment="01052019",
            closed="01312019",
            charged_off="000001234",
            comment="AU",
        )
    )
    assert (account.account_number, account.status, account.profile[:2]) == ("FICT-7", "71", "10")
    assert (account.opened, account.as_of) == (date(2016, 3, 15), date(2019, 1, 31))
    assert (account.first_delinquency, account.last_payment) == (date(2018, 12, 20), date(2019, 1, 5))
    assert (account.original_amount, account.term_months, account.frequency) == (18000, 60, "M")
    assert (account.scheduled_payment, account.past_due, account.charged_off) == (350, 700, 1234)
    assert (account.closed, account.special_comment, account.rating) == (date(2019, 1, 31), "AU", "")
    assert account.notes == ()


def test_header_and_trailer_are_no_accounts() -> None:
    first, account, last = read(book_of(base()))
    assert isinstance(first, Header)
    assert first.activity_date == date(2019, 1, 31)
    assert isinstance(account, BaseSegment)
    assert isinstance(last, Trailer)
    assert last.base_records == 1


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        ("UNPARSEABLE" + base(), "Record Descriptor Word (Field 1)"),
        ("042", "Record Descriptor Word (Field 1)"),
        ("²" + base()[1:], "Record Descriptor Word (Field 1)"),
        ("9" * 20_000, "Record Descriptor Word (Field 1)"),
        (base()[:425], "Base Segment"),
        (base(account=""), "Consumer Account Number (Field 7)"),
        (base(status="99"), "Account Status (Field 17A)"),
        (base(status="  "), "Account Status (Field 17A)"),
        (base(as_of="02302019"), "Date of Account Information (Field 24)"),
        (base(as_of="00000000"), "Date of Account Information (Field 24)"),
        (base(as_of="01311919"), "Date of Account Information (Field 24)"),
    ],
)
def test_a_bad_record_names_line_and_field_and_spares_its_neighbours(bad: str, field: str) -> None:
    before, rejected, after = read(file_of(base("A"), bad, base("B")))
    assert isinstance(before, BaseSegment)
    assert isinstance(after, BaseSegment)
    assert isinstance(rejected, Rejected)
    assert (rejected.finding.line, rejected.finding.field) == (2, field)
    assert (before.line, after.line) == (1, 3)


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        (base(past_due="-00000015"), "past_due", None),
        (base(scheduled="00000035X"), "scheduled_payment", None),
        (base(opened="13132016"), "opened", None),
        (base(term="LOC"), "term_months", None),
    ],
)
def test_an_odd_field_is_noted_and_taken_as_not_reported(line: str, field: str, value: object) -> None:
    account = account_of(line)
    assert getattr(account, field) is value
    assert len(account.notes) == 1


def test_a_wrong_length_spoils_the_further_segments_only() -> None:
    longer = base(further="J2".ljust(200))
    assert account_of(longer).notes == ()
    cut = account_of(longer[:526])
    assert [note.field for note in cut.notes] == ["Record Descriptor Word (Field 1)"]


def test_line_ends_of_any_system_and_an_end_of_file_mark() -> None:
    text = f"{header()}\r\n{base('A')}\r\n\r\n{base('B')}\r\n{trailer(2)}\r\n\x1a"
    kinds = [type(record) for record in read(BytesIO(text.encode()))]
    assert kinds == [Header, BaseSegment, BaseSegment, Trailer]


def test_a_name_in_another_code_page_does_not_move_the_columns() -> None:
    line = base().replace(NOBODY, "SÉCRETSÖN")
    assert account_of(line) == account_of(base())


def test_no_personal_data_in_a_repr() -> None:
    assert "FICT-0001" not in repr(account_of(base()))
    assert NOBODY not in repr(account_of(base()))


@given(st.lists(st.one_of(st.binary(max_size=700), st.just(base().encode())), max_size=6))
def test_whatever_the_bytes_every_line_gives_one_record_or_is_blank(lines: list[bytes]) -> None:
    clean = [line.replace(b"\n", b" ") for line in lines]
    records = list(read(BytesIO(b"\n".join(clean))))
    wanted = [line for line in clean if line.decode("latin-1").rstrip("\r").strip(" \x1a")]
    assert len(records) == len(wanted)


def test_a_zip_with_one_file_is_the_file(tmp_path: Path) -> None:
    path = tmp_path / "book.zip"
    with ZipFile(path, "w") as archive:
        archive.writestr("book.txt", book_of(base()).getvalue())
    with opened(path) as (stream, size):
        assert len(list(read(stream))) == 3
    assert size == len(book_of(base()).getvalue())


def test_a_zip_with_two_files_or_a_broken_one_says_what_to_do(tmp_path: Path) -> None:
    two, broken = tmp_path / "two.zip", tmp_path / "broken.zip"
    with ZipFile(two, "w") as archive:
        archive.writestr("a", base())
        archive.writestr("b", base())
    with ZipFile(broken, "w") as archive:
        archive.writestr("a", base())
    spoilt = bytearray(broken.read_bytes())
    spoilt[100] ^= 1
    broken.write_bytes(bytes(spoilt))
    with pytest.raises(NotReadable, match="2 files"), opened(two):
        pass
    with pytest.raises(NotReadable, match="whole"), opened(broken) as (stream, _):
        list(read(stream))
    with pytest.raises(NotReadable, match="no such file"), opened(tmp_path / "none"):
        pass
