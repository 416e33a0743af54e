"""What lender and borrower agree on about money besides a promise: the terms, and how far an agreement is.

An agreement is a promise to the bank's ledger, not a change of it: what the bank has to book counts only once
the bank says so (ADR 25). Amounts are minor units of the loan's currency, dates the lender's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Literal, assert_never


class AgreementKind(StrEnum):
    PAYMENT_PLAN = "payment_plan"
    SETTLEMENT = "settlement"
    EXTENSION = "extension"
    RESTRUCTURE = "restructure"
    WAIVER = "waiver"


class AgreementState(StrEnum):
    PROPOSED = "proposed"
    """Somebody else has to approve it."""
    DECLINED = "declined"
    APPROVED = "approved"
    """The bank was told and has to book it."""
    ACTIVE = "active"
    """The borrower has to pay."""
    KEPT = "kept"
    BROKEN = "broken"
    CANCELLED = "cancelled"


IN_FORCE = frozenset({AgreementState.APPROVED, AgreementState.ACTIVE})
JUDGED = IN_FORCE | {AgreementState.KEPT, AgreementState.BROKEN}
"""What facts decide, again at every fact: a reversal takes back what a payment had made kept."""


class Waived(StrEnum):
    FEES = "fees"
    INTEREST = "interest"
    AMOUNT = "amount"


@dataclass(frozen=True, slots=True)
class Part:
    """What is to be paid by a day."""

    due_on: date
    amount_minor: int


@dataclass(frozen=True, slots=True)
class PaymentPlan:
    """The arrears in parts, in the order of their days."""

    parts: tuple[Part, ...]
    kind: Literal["payment_plan"] = "payment_plan"


@dataclass(frozen=True, slots=True)
class Settlement:
    """`pay_minor` by a day, and the rest, `waived_minor`, is waived."""

    pay_minor: int
    pay_by: date
    waived_minor: int
    kind: Literal["settlement"] = "settlement"


@dataclass(frozen=True, slots=True)
class Extension:
    """So many unpaid installments move to the end of the contract."""

    installments: int
    kind: Literal["extension"] = "extension"


@dataclass(frozen=True, slots=True)
class Restructure:
    """A new schedule for all that is owed (re-age): so many monthly installments from a day on."""

    installments: int
    amount_minor: int
    first_due_on: date
    kind: Literal["restructure"] = "restructure"


@dataclass(frozen=True, slots=True)
class Waiver:
    of: Waived
    amount_minor: int
    kind: Literal["waiver"] = "waiver"


Terms = PaymentPlan | Settlement | Extension | Restructure | Waiver


@dataclass(frozen=True, slots=True)
class Agreement:
    """since: when it came into force, before which no money counts for it; None while it is only proposed."""

    id: str
    terms: Terms
    state: AgreementState
    since: datetime | None = None

    @property
    def kind(self) -> AgreementKind:
        return AgreementKind(self.terms.kind)


def parts_of(terms: Terms) -> tuple[Part, ...]:
    """What the borrower has to pay; empty for what only the bank has to book."""
    match terms:
        case PaymentPlan(parts=parts):
            return parts
        case Settlement(pay_minor=pay, pay_by=on):
            return (Part(on, pay),)
        case Extension() | Restructure() | Waiver():
            return ()
        case _:
            assert_never(terms)


@dataclass(frozen=True, slots=True)
class Measure:
    """How far the terms go, as limits of authority are asked about it.

    amount_minor: what is given up, or put into a plan or a new schedule. percent: of the claim, what is given
    up, rounded up. days: until the last payment. installments: how many are agreed on.
    """

    amount_minor: int = 0
    percent: int = 0
    days: int = 0
    installments: int = 0


@dataclass(frozen=True, slots=True)
class GivenUp:
    """What a loan was given already. amount_minor: waived, and settled away. booked_minor: what of it the
    bank has booked, so that the arrears are less by it. installments: moved to the end."""

    amount_minor: int = 0
    booked_minor: int = 0
    installments: int = 0

    def and_(self, other: GivenUp) -> GivenUp:
        return GivenUp(
            self.amount_minor + other.amount_minor,
            self.booked_minor + other.booked_minor,
            self.installments + other.installments,
        )


def given_up(agreements: Iterable[Agreement], after: datetime | None = None) -> GivenUp:
    """By all that are or were in force and were not broken or cancelled; of those that came into force after
    an instant, where one is named."""
    total = GivenUp()
    for a in agreements:
        counts = a.state in IN_FORCE or a.state is AgreementState.KEPT
        if not counts or a.since is None or (after is not None and a.since <= after):
            continue
        match a.terms:
            case Waiver(amount_minor=amount):
                booked = amount if a.state is AgreementState.KEPT else 0
                total = total.and_(GivenUp(amount, booked))
            case Settlement(waived_minor=waived):
                total = total.and_(GivenUp(waived))
            case Extension(installments=installments):
                total = total.and_(GivenUp(installments=installments))
            case PaymentPlan() | Restructure():
                pass
            case _:
                assert_never(a.terms)
    return total


def measure(terms: Terms, unpaid_minor: int, today: date, before: GivenUp | None = None) -> Measure:
    """unpaid_minor: the arrears of now, of which a waiver is a part. before: what counts with it, so that two
    halves measure as the whole does."""
    b = before or GivenUp()
    match terms:
        case PaymentPlan(parts=parts):
            days = max(((part.due_on - today).days for part in parts), default=0)
            return Measure(sum(p.amount_minor for p in parts), 0, days, len(parts))
        case Settlement(pay_minor=pay, pay_by=on, waived_minor=waived):
            gone = b.amount_minor + waived
            return Measure(gone, _percent(gone, pay + waived + b.booked_minor), (on - today).days, 1)
        case Extension(installments=installments):
            return Measure(installments=b.installments + installments)
        case Restructure(installments=installments, amount_minor=amount):
            return Measure(amount, 0, 0, installments)
        case Waiver(amount_minor=amount):
            gone = b.amount_minor + amount
            return Measure(gone, _percent(gone, unpaid_minor + b.booked_minor))
        case _:
            assert_never(terms)


def _percent(part: int, whole: int) -> int:
    return -(-part * 100 // whole) if whole > 0 else 100


MOST_PARTS = 120
LONGEST_DAYS = 10 * 366
LONGEST_PAUSE = 92
"""Until the first installment of a new schedule."""


def problem(terms: Terms, unpaid_minor: int, unpaid_installments: int, today: date) -> str | None:
    """What is wrong with the terms, as `field: remedy`; None when they can be meant."""
    match terms:
        case PaymentPlan(parts=parts):
            if (planned := sum(part.amount_minor for part in parts)) < unpaid_minor:
                return f"parts: pay {planned} of {unpaid_minor} unpaid; to give up the rest is a settlement"
            return _problem_of_parts(parts, today)
        case Settlement(pay_minor=pay, pay_by=on, waived_minor=waived):
            if pay + waived < unpaid_minor:
                return (
                    f"waived_minor: with pay_minor less than {unpaid_minor}, which is unpaid; name all of it"
                )
            return (
                _positive(pay, "pay_minor") or _positive(waived, "waived_minor") or _day(on, "pay_by", today)
            )
        case Extension(installments=installments):
            if not 1 <= installments <= max(unpaid_installments, 1):
                return f"installments: 1 to {max(unpaid_installments, 1)}, which is how many are unpaid"
            return None
        case Restructure(installments=installments, amount_minor=amount, first_due_on=on):
            if not 1 <= installments <= MOST_PARTS:
                return f"installments: 1 to {MOST_PARTS}"
            if amount < unpaid_minor:
                return f"amount_minor: less than the {unpaid_minor} unpaid; what is given up is a waiver"
            if on > today + timedelta(days=LONGEST_PAUSE):
                return f"first_due_on: at most {LONGEST_PAUSE} days ahead"
            return _positive(amount, "amount_minor") or _day(on, "first_due_on", today)
        case Waiver(amount_minor=amount):
            if amount > unpaid_minor:
                return "amount_minor: more than is unpaid; a waiver takes away what is owed and no more"
            return _positive(amount, "amount_minor")
        case _:
            assert_never(terms)


def _problem_of_parts(parts: tuple[Part, ...], today: date) -> str | None:
    if not 1 <= len(parts) <= MOST_PARTS:
        return f"parts: 1 to {MOST_PARTS} of them"
    if any(before.due_on >= after.due_on for before, after in pairwise(parts)):
        return "parts: their days must rise, each after the one before"
    wrong = (_positive(p.amount_minor, "parts") or _day(p.due_on, "parts", today) for p in parts)
    return next((found for found in wrong if found), None)


def _positive(amount: int, field: str) -> str | None:
    return None if 0 < amount <= 10**13 else f"{field}: an amount in minor units, more than 0"


def _day(on: date, field: str, today: date) -> str | None:
    if on < today:
        return f"{field}: {on} has passed at the lender's place"
    return f"{field}: {on} is more than ten years ahead" if (on - today).days > LONGEST_DAYS else None
