"""Fictitious Metro 2 records, written field by field from the CRRG's positions and not from the reader."""

from __future__ import annotations

from datetime import date
from io import BytesIO

from recourse.importers.metro2 import BaseSegment, read

NOBODY = "SECRETSON"
"""Surname in every base segment; nothing that comes out may have it."""


def day(value: date | None) -> str:
    return f"{value:%m%d}{value.year:04d}" if value else "0" * 8


def base(
    account: str = "FICT-0001",
    *,
    profile: str = "0" * 24,
    status: str = "11",
    rating: str = " ",
    as_of: str = "01312019",
    opened: str = "03152016",
    original: str = "000018000",
    term: str = "060",
    frequency: str = "M",
    scheduled: str = "000000350",
    balance: str = "000009000",
    past_due: str = "000000000",
    charged_off: str = "000000000",
    first_delinquency: str = "00000000",
    closed: str = "00000000",
    last_payment: str = "00000000",
    comment: str = "  ",
    portfolio: str = "I",
    kind: str = "00",
    further: str = "",
) -> str:
    text = "".join(
        [
            f"{426 + len(further):04d}1",
            "02012019000000",
            "0",
            f"{'FICTLENDER':<20}",
            "  ",
            f"{account:<30}",
            portfolio + kind + opened,
            "0" * 9 + original + term + frequency + scheduled + "0" * 9,
            status + rating + f"{profile:<24}" + comment + "  ",
            balance + past_due + charged_off,
            as_of + first_delinquency + closed + last_payment,
            "F" + " " * 16 + " ",
            f"{NOBODY:<25}{'ANN':<20}",
        ]
    )
    return f"{text:<426}{further}"


def header() -> str:
    return f"{'0426HEADER':<47}{'01312019':<379}"


def trailer(records: int) -> str:
    return f"{'0426TRAILER'}{records:09d}".ljust(426)


def file_of(*lines: str) -> BytesIO:
    return BytesIO("".join(f"{line}\n" for line in lines).encode("latin-1"))


def book_of(*lines: str) -> BytesIO:
    return file_of(header(), *lines, trailer(len(lines)))


def account_of(line: str) -> BaseSegment:
    (record,) = read(file_of(line))
    assert isinstance(record, BaseSegment), record
    return record
