"""What stands in a Metro 2 file, as far as collections need it. Names, numbers and addresses of people and
the further segments (J1, J2, K1 to L1, N1) are not read at all."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with one line.

    line: 1-based. field: the field's name and CRRG number. reason: what is wrong and what is wanted; never
    the value, which may be personal data.
    """

    line: int
    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class Header:
    """activity_date: positions 48 to 55, the end of the reporting period."""

    line: int
    activity_date: date | None


@dataclass(frozen=True, slots=True)
class Trailer:
    """base_records: positions 12 to 20, how many base segments the sender counted."""

    line: int
    base_records: int | None


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that cannot be read. Its neighbours are not touched by it."""

    finding: Finding


@dataclass(frozen=True, slots=True)
class BaseSegment:
    """One account. Amounts are whole dollars as in the file; None where the file has none or nonsense.

    account_number: Field 7, kept out of every repr. status: Field 17A. rating: Field 17B, blank when none.
    profile: Field 18, 24 characters, the month *before* `as_of` first. as_of: Field 24, date of account
    information. notes: fields that were not usable; the record stands all the same.
    """

    line: int
    account_number: str = field(repr=False)
    portfolio: str
    account_type: str
    opened: date | None
    original_amount: int | None
    term_months: int | None
    frequency: str
    scheduled_payment: int | None
    status: str
    rating: str
    profile: str
    special_comment: str
    balance: int | None
    past_due: int | None
    charged_off: int | None
    as_of: date
    first_delinquency: date | None
    closed: date | None
    last_payment: date | None
    notes: tuple[Finding, ...] = ()


Record = Header | Trailer | BaseSegment | Rejected
