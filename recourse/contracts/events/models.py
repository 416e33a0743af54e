"""The bank's seven event types. Unknown extra fields are ignored; known ones are strict.

Additive only: a new field has a default, none is removed, renamed or narrowed (`tests/unit/contracts` holds
it). Personal data travels in `LoanSnapshot` alone.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from recourse.domain import zones

MAX_MINOR = 10**13
"""A hundred thousand million yuan: beyond it a number is a mistake, not a car loan."""


_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_YEARS = range(1900, 2201)


def _iso_date(value: Any) -> Any:
    """Dates are `YYYY-MM-DD`; pydantic alone would also take timestamps, numbers and weeks.

    A day that stands for "never" (9999-12-31) is refused: nothing can be reckoned from it.
    """
    if isinstance(value, date):
        return value
    try:
        day = date.fromisoformat(value) if isinstance(value, str) and _DAY.fullmatch(value) else None
    except ValueError:  # its text would repeat the value
        day = None
    if day is None:
        raise ValueError("must be a date as YYYY-MM-DD")
    if day.year not in _YEARS:
        raise ValueError("must lie between 1900 and 2200; leave an open date out")
    return day


def _instant(value: Any) -> Any:
    """Instants are RFC 3339 texts with an offset, as `ce_time` is."""
    if isinstance(value, datetime):
        return value
    try:
        instant = datetime.fromisoformat(value) if isinstance(value, str) and "T" in value else None
    except ValueError:  # its text would repeat the value
        instant = None
    if instant is None or instant.tzinfo is None:
        raise ValueError("must be an instant with an offset, as 2026-11-06T09:00:00+08:00")
    if instant.year not in _YEARS:
        raise ValueError("must lie between 1900 and 2200")
    return instant


def _zone(name: str) -> str:
    if not zones.exists(name):
        raise ValueError("must be an IANA time zone, such as Asia/Shanghai; leave an unknown one out")
    return name


Day = Annotated[date, BeforeValidator(_iso_date)]
Instant = Annotated[AwareDatetime, BeforeValidator(_instant)]
Minor = Annotated[int, Field(strict=True, ge=0, le=MAX_MINOR)]
PositiveMinor = Annotated[int, Field(strict=True, gt=0, le=MAX_MINOR)]
Currency = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Z]{3}$")]
Identifier = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=128)]
Opaque = Annotated[Identifier, StringConstraints(pattern=r"^[\x21-\x7e]+$")]
Name = Annotated[str, StringConstraints(strict=True, max_length=200)]
Zone = Annotated[Name, AfterValidator(_zone)]
Text = Annotated[str, StringConstraints(strict=True, max_length=2000)]
Region = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$")]
Language = Annotated[
    str, StringConstraints(strict=True, max_length=35, pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]+)*$")
]
"""BCP 47, whose own bound for a buffer is 35."""
Sequence = Annotated[int, Field(strict=True, ge=1, le=2**53 - 1)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Amount(Strict):
    amount_minor: PositiveMinor
    currency: Currency


class ArrearsItem(Strict):
    """One unpaid installment, in minor units of the loan's currency."""

    number: Annotated[int, Field(strict=True, ge=0, le=10_000)]
    due_date: Day
    amount_due_minor: PositiveMinor
    amount_unpaid_minor: PositiveMinor

    @model_validator(mode="after")
    def _unpaid_within_due(self) -> ArrearsItem:
        if self.amount_unpaid_minor > self.amount_due_minor:
            raise ValueError("amount_unpaid_minor must not exceed amount_due_minor")
        return self


def _numbers_once(items: list[ArrearsItem]) -> list[ArrearsItem]:
    if len({item.number for item in items}) != len(items):
        raise ValueError("each installment number may stand once")
    return items


ArrearsList = Annotated[list[ArrearsItem], Field(max_length=600)]


class Payoff(Strict):
    """What would settle the whole debt, in minor units of the loan's currency. good_through: the last day on
    which it does."""

    amount_minor: PositiveMinor
    good_through: Day


class Sequenced(Strict):
    sequence: Sequence | None = None


class WithArrears(Sequenced):
    """arrears: every unpaid installment after the fact; an empty list means cured. payoff: of the same
    moment."""

    arrears: ArrearsList
    payoff: Payoff | None = None

    @model_validator(mode="after")
    def _once(self) -> WithArrears:
        _numbers_once(self.arrears)
        return self


class MaybeArrears(Sequenced):
    arrears: ArrearsList | None = None
    payoff: Payoff | None = None

    @model_validator(mode="after")
    def _once(self) -> MaybeArrears:
        _numbers_once(self.arrears or [])
        if self.payoff is not None and self.arrears is None:
            raise ValueError("payoff comes with arrears: they are of one moment")
        return self


class InstallmentOverdue(WithArrears):
    as_of: Day


class PaymentReceived(MaybeArrears):
    payment_id: Identifier
    amount: Amount
    value_date: Day
    method: Name | None = None


class PaymentReversed(MaybeArrears):
    payment_id: Identifier
    reversal_of: Identifier
    reason: Text | None = None


class LoanAdjusted(WithArrears):
    kind: Literal["fee", "waiver", "restructure", "extension", "correction"]
    reason: Text | None = None


class LoanChargedOff(Sequenced):
    amount: Amount
    on: Day


class LoanClosed(Sequenced):
    reason: Literal["paid_off", "settled", "sold", "cancelled"]
    on: Day


class Contract(Strict):
    number: Name | None = None
    signed_on: Day | None = None
    principal_minor: Minor | None = None
    annual_rate: Annotated[str, StringConstraints(strict=True, pattern=r"^\d{1,3}(\.\d{1,8})?$")] | None = (
        None
    )
    term_months: Annotated[int, Field(strict=True, ge=0, le=600)] | None = None
    installment_minor: Minor | None = None
    price_minor: PositiveMinor | None = None
    """The whole price, where the vehicle was sold in installments: what was paid down is part of it."""
    product: Name | None = None


class ScheduleItem(Strict):
    number: Annotated[int, Field(strict=True, ge=0, le=10_000)]
    due_date: Day
    amount_due_minor: PositiveMinor


class Address(Strict):
    """text: it is a contact point too, and those are kept in an index, which holds no 2,000 characters."""

    kind: Name = "home"
    text: Annotated[str, StringConstraints(strict=True, max_length=500)] | None = None
    region: Region | None = None


ChannelName = Literal["sms", "call", "email", "letter", "visit"]
WayName = Literal["contract", "letter", "form", "app", "call", "message", "in_person"]


class ConsentProof(Strict):
    """A consent with its proof: when and how it was given, and the bank's id of the paper or recording."""

    channel: ChannelName
    given_at: Instant
    way: WayName
    source: Opaque
    withdrawn_at: Instant | None = None
    withdrawn_way: WayName | None = None
    withdrawn_source: Opaque | None = None

    @model_validator(mode="after")
    def _withdrawn_later(self) -> ConsentProof:
        if self.withdrawn_at is not None and self.withdrawn_at < self.given_at:
            raise ValueError("withdrawn_at: must not come before given_at")
        return self


class ContactPoint(Strict):
    """consent: channels agreed to, without a day; they count until a withdrawal is known. consents: with
    their days and proofs."""

    kind: Literal["mobile", "landline", "email", "address"]
    value: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=320)]
    consent: Annotated[list[ChannelName], Field(max_length=10)] = []
    whereabouts: Literal["home", "work"] | None = None
    consents: Annotated[list[ConsentProof], Field(max_length=50)] = []


class Person(Strict):
    id: Identifier
    name: Name | None = None
    national_id: Name | None = None
    language: Language = "en"
    zone: Zone | None = None
    employer: Name | None = None
    addresses: Annotated[list[Address], Field(max_length=20)] = []
    contact_points: Annotated[list[ContactPoint], Field(max_length=50)] = []


class RelatedParty(Person):
    role: Literal["joint", "guarantor", "reference", "attorney"]


class Gps(Strict):
    provider: Name = "traccar"
    device_id: Identifier
    consent_on: Day | None = None


class Vehicle(Strict):
    plate: Name | None = None
    make: Name | None = None
    model: Name | None = None
    model_year: Annotated[int, Field(strict=True, ge=1900, le=2200)] | None = None
    engine_number: Name | None = None
    vin: Name | None = None
    color: Name | None = None
    mortgage_registration: Name | None = None
    gps: Gps | None = None


class LoanSnapshot(Sequenced):
    """The loan as it stands; the newest sequence wins."""

    lender: Identifier
    region: Region
    currency: Currency
    zone: Zone
    contract: Contract | None = None
    schedule: Annotated[list[ScheduleItem], Field(max_length=600)] = []
    borrower: Person
    related_parties: Annotated[list[RelatedParty], Field(max_length=50)] = []
    vehicle: Vehicle | None = None


BankData = (
    LoanSnapshot
    | InstallmentOverdue
    | PaymentReceived
    | PaymentReversed
    | LoanAdjusted
    | LoanChargedOff
    | LoanClosed
)

BANK_MODELS: dict[str, type[Strict]] = {
    "bank.loan.snapshot.v1": LoanSnapshot,
    "bank.installment.overdue.v1": InstallmentOverdue,
    "bank.payment.received.v1": PaymentReceived,
    "bank.payment.reversed.v1": PaymentReversed,
    "bank.loan.adjusted.v1": LoanAdjusted,
    "bank.loan.charged_off.v1": LoanChargedOff,
    "bank.loan.closed.v1": LoanClosed,
}
