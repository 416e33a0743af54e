"""Reading a Metro 2 file: one record a line, each led by its length (Record Descriptor Word, Field 1).

The character format, which furnishers exchange and the bureaus' tools write: base segments of 426 characters,
longer where further segments follow. The packed format (binary numbers, no line ends) is not read.
Lines are read one by one, so a file of any size passes in bounded memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import BinaryIO, Final

from recourse.importers.metro2.profile import PROFILE_CODES, STATUSES
from recourse.importers.metro2.records import BaseSegment, Finding, Header, Record, Rejected, Trailer

BASE_LENGTH: Final = 426
MAX_LENGTH: Final = 9_999
"""The largest length that a Record Descriptor Word can state."""
EARLIEST: Final = date(1993, 1, 1)
"""Metro 2 is younger than this; an earlier date of account information is a slip."""

_DIGITS = re.compile(r"[0-9]+")
_NO_DATE = "00000000"


def read(file: BinaryIO) -> Iterator[Record]:
    """Every record of a file in its order; blank lines and an end-of-file mark (1A) are none."""
    for line, text in _lines(file):
        if text is None:
            yield _rejected(line, "Record Descriptor Word (Field 1)", _TOO_LONG)
        elif text.strip(" \x1a"):
            yield parse(line, text)


_TOO_LONG = f"no line end within {MAX_LENGTH} characters; send the character format, one record a line"


def _lines(file: BinaryIO) -> Iterator[tuple[int, str | None]]:
    """(1-based number, text) of each line; None for one that is too long, which is read past."""
    number = 0
    while raw := file.readline(MAX_LENGTH + 3):
        number += 1
        whole = len(raw) <= MAX_LENGTH or raw.endswith(b"\n")
        while not whole and not raw.endswith(b"\n"):
            raw = file.readline(MAX_LENGTH)
            if not raw:
                break
        # Latin-1 keeps one byte one column, whatever the sender's code page did to the names.
        yield number, raw.decode("latin-1").rstrip("\r\n") if whole else None


def parse(line: int, text: str) -> Record:
    """One line without its line end."""
    if not _DIGITS.fullmatch(text[:4]) or len(text) < 4:
        return _rejected(line, "Record Descriptor Word (Field 1)", "the line must begin with four digits")
    if text[4:10] == "HEADER":
        return Header(line, _plain_date(text[47:55]))
    if text[4:11] == "TRAILER":
        return Trailer(line, _plain_number(text[11:20]))
    if len(text) < BASE_LENGTH:
        reason = f"{len(text)} characters, at least {BASE_LENGTH} are wanted; was the file cut?"
        return _rejected(line, "Base Segment", reason)
    return _Fields(line, text).base_segment()


def _rejected(line: int, field: str, reason: str) -> Rejected:
    return Rejected(Finding(line, field, reason))


def _plain_number(text: str) -> int | None:
    return int(text) if _DIGITS.fullmatch(text) else None


def _plain_date(text: str) -> date | None:
    """MMDDYYYY."""
    if len(text) != 8 or not _DIGITS.fullmatch(text):
        return None
    try:
        return date(int(text[4:]), int(text[:2]), int(text[2:4]))
    except ValueError:
        return None


class _Fields:
    """The fields of one base segment. Positions are 1-based and inclusive, as the CRRG prints them."""

    def __init__(self, line: int, text: str) -> None:
        self._line = line
        self._text = text
        self._notes: list[Finding] = []

    def base_segment(self) -> BaseSegment | Rejected:
        number, status = self._cut(43, 72).strip(), self._cut(124, 125)
        as_of = _plain_date(self._cut(182, 189))
        if not number:
            return _rejected(self._line, "Consumer Account Number (Field 7)", "blank; it names the loan")
        if status not in STATUSES:
            return _rejected(self._line, "Account Status (Field 17A)", "not a status of the CRRG")
        if as_of is None or as_of < EARLIEST:
            reason = "must be a date as MMDDYYYY, 1993 or later"
            return _rejected(self._line, "Date of Account Information (Field 24)", reason)
        self._check_length()
        return BaseSegment(
            line=self._line,
            account_number=number,
            portfolio=self._cut(73, 73),
            account_type=self._cut(74, 75),
            opened=self._date(76, 83, "Date Opened (Field 10)"),
            original_amount=self._number(93, 101, "Original Loan Amount (Field 12)"),
            term_months=self._number(102, 104, "Terms Duration (Field 13)"),
            frequency=self._cut(105, 105),
            scheduled_payment=self._number(106, 114, "Scheduled Monthly Payment Amount (Field 15)"),
            status=status,
            rating=self._cut(126, 126).strip(),
            profile=self._profile(),
            special_comment=self._cut(151, 152).strip(),
            balance=self._number(155, 163, "Current Balance (Field 21)"),
            past_due=self._number(164, 172, "Amount Past Due (Field 22)"),
            charged_off=self._number(173, 181, "Original Charge-off Amount (Field 23)"),
            as_of=as_of,
            first_delinquency=self._date(190, 197, "Date of First Delinquency (Field 25)"),
            closed=self._date(198, 205, "Date Closed (Field 26)"),
            last_payment=self._date(206, 213, "Date of Last Payment (Field 27)"),
            notes=tuple(self._notes),
        )

    def _cut(self, first: int, last: int) -> str:
        return self._text[first - 1 : last]

    def _note(self, field: str, reason: str) -> None:
        self._notes.append(Finding(self._line, field, reason))

    def _check_length(self) -> None:
        """A length that differs spoils the segments behind the base segment, not the base segment."""
        if int(self._cut(1, 4)) != len(self._text):
            self._note("Record Descriptor Word (Field 1)", "differs from the line's length")

    def _number(self, first: int, last: int, field: str) -> int | None:
        text = self._cut(first, last)
        if not text.strip():
            return None
        value = _plain_number(text)
        if value is None:
            self._note(field, "must be digits, no sign; taken as not reported")
        return value

    def _date(self, first: int, last: int, field: str) -> date | None:
        text = self._cut(first, last)
        if not text.strip() or text == _NO_DATE:
            return None
        value = _plain_date(text)
        if value is None:
            self._note(field, "must be a date as MMDDYYYY; taken as not reported")
        return value

    def _profile(self) -> str:
        profile = self._cut(127, 150)
        if set(profile) - PROFILE_CODES:
            self._note("Payment History Profile (Field 18)", "a code the CRRG has not; that month is skipped")
        return profile
