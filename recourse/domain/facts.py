"""What happened. A fact is never refused and never changed; later facts may outweigh it.

These are the bank's: they come over Kafka and are folded into the loan's account (`recourse.domain.fold`).
Holds, cease requests and statuses of the legal desk stand in the same ordered log (`service.noting`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from recourse.domain.delinquency import Arrears, Installment


@dataclass(frozen=True, slots=True)
class OverdueReported:
    as_of: date
    arrears: Arrears


@dataclass(frozen=True, slots=True)
class PaymentReceived:
    payment_id: str
    amount_minor: int
    value_date: date
    arrears: Arrears | None = None


@dataclass(frozen=True, slots=True)
class PaymentReversed:
    payment_id: str
    """Identity of the reversal itself."""
    reversal_of: str
    arrears: Arrears | None = None


@dataclass(frozen=True, slots=True)
class LoanAdjusted:
    kind: str
    arrears: Arrears


@dataclass(frozen=True, slots=True)
class ChargedOff:
    amount_minor: int
    on: date


class LoanEnd(StrEnum):
    PAID_OFF = "paid_off"
    SETTLED = "settled"
    SOLD = "sold"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class LoanEnded:
    reason: LoanEnd
    on: date


@dataclass(frozen=True, slots=True)
class SnapshotReceived:
    """The loan as it stands. Personal data is kept in its own tables; the fact says only that it came."""


BankFact = (
    OverdueReported
    | PaymentReceived
    | PaymentReversed
    | LoanAdjusted
    | ChargedOff
    | LoanEnded
    | SnapshotReceived
)


def stated(fact: BankFact) -> tuple[Installment, ...]:
    """The installments that the bank names as unpaid in the fact itself."""
    match fact:
        case OverdueReported() | LoanAdjusted() | PaymentReceived() | PaymentReversed():
            return fact.arrears.installments if fact.arrears is not None else ()
        case _:
            return ()


@dataclass(frozen=True, slots=True)
class Entry:
    """A bank fact with its place in the world.

    event_id: the bank's deduplication key. occurred_at: when it happened in the bank (aware UTC).
    sequence: the bank's strictly rising counter per loan, where it has one.
    """

    event_id: str
    occurred_at: datetime
    sequence: int | None
    fact: BankFact
