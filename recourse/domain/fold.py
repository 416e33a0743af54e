"""Folding the bank's facts into the account. The result is a function of the *set* of facts.

Facts come late, doubled and out of order, so the fold orders them itself:

* duplicates (same event id) count once;
* facts with a sequence keep the order of their sequences;
* facts without one are placed among them by the time they happened. To keep that order total, a sequenced
  fact's effective time is the latest time of any sequence up to its own (a bank may back-date);
* ties are broken by event id, so arrival order can never matter.

An arrears statement replaces what was computed before it. Payments without a statement are allocated to the
oldest installment; a reversal puts back what its payment had taken.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import assert_never

from recourse.domain.delinquency import Allocation, Arrears, allocate, restore
from recourse.domain.facts import (
    BankFact,
    ChargedOff,
    Entry,
    LoanAdjusted,
    LoanEnd,
    LoanEnded,
    OverdueReported,
    PaymentReceived,
    PaymentReversed,
    SnapshotReceived,
)


@dataclass(frozen=True, slots=True)
class Payment:
    payment_id: str
    amount_minor: int
    value_date: date
    occurred_at: datetime
    reversed: bool = False


@dataclass(frozen=True, slots=True)
class Adjustment:
    """The bank's own change of what is owed: a waiver, an extension, a restructure, a fee, a correction."""

    kind: str
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Account:
    """The loan's account as the facts tell it.

    certain: False when a reversal came without a statement for a payment whose allocation is not known; the
    amounts may then be too low, and nobody is contacted about a doubtful amount until a statement comes.
    """

    arrears: Arrears = field(default_factory=Arrears)
    payments: tuple[Payment, ...] = ()
    certain: bool = True
    charged_off_on: date | None = None
    ended: LoanEnd | None = None
    last_sequence: int | None = None
    adjustments: tuple[Adjustment, ...] = ()

    @property
    def cured(self) -> bool:
        return not self.arrears and self.certain


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    """The one order of a set of facts, whatever order they arrived in."""
    unique = {e.event_id: e for e in entries}
    sequenced = sorted(
        (e for e in unique.values() if e.sequence is not None), key=lambda e: (e.sequence or 0, e.event_id)
    )
    keyed: list[tuple[tuple[datetime, int, int, str], Entry]] = []
    effective = datetime.min.replace(tzinfo=UTC)
    for rank, entry in enumerate(sequenced):
        effective = max(effective, entry.occurred_at)
        keyed.append(((effective, 0, rank, entry.event_id), entry))
    for entry in unique.values():
        if entry.sequence is None:
            keyed.append(((entry.occurred_at, 1, 0, entry.event_id), entry))
    return [entry for _, entry in sorted(keyed, key=lambda pair: pair[0])]


@dataclass(slots=True)
class _Folding:
    account: Account = field(default_factory=Account)
    allocations: dict[str, Allocation] = field(default_factory=dict)
    reversed_early: set[str] = field(default_factory=set)
    """Payments whose reversal is ordered before them: they never count."""
    spent_elsewhere: set[str] = field(default_factory=set)
    """Payments of more than there was to pay, before a statement: whether a later installment was lowered by
    the rest, only the bank knows."""

    def state(self, arrears: Arrears) -> None:
        self.spent_elsewhere |= {key for key, taken in self.allocations.items() if taken.surplus_minor}
        self.account = replace(self.account, arrears=arrears, certain=True)

    def payment(self, entry: Entry, fact: PaymentReceived) -> None:
        if any(p.payment_id == fact.payment_id for p in self.account.payments):
            return  # the same payment under another event id: money is counted once
        gone = fact.payment_id in self.reversed_early
        payment = Payment(fact.payment_id, fact.amount_minor, fact.value_date, entry.occurred_at, gone)
        self.account = replace(self.account, payments=(*self.account.payments, payment))
        if fact.arrears is not None:
            self.state(fact.arrears)
        elif not gone:
            arrears, allocation = allocate(self.account.arrears, fact.amount_minor)
            self.allocations[fact.payment_id] = allocation
            self.account = replace(self.account, arrears=arrears)

    def reversal(self, fact: PaymentReversed) -> None:
        known = {p.payment_id: p for p in self.account.payments}
        payment = known.get(fact.reversal_of)
        if payment is None:
            self.reversed_early.add(fact.reversal_of)
        already = payment is not None and payment.reversed
        payments = tuple(
            replace(p, reversed=True) if p.payment_id == fact.reversal_of else p
            for p in self.account.payments
        )
        self.account = replace(self.account, payments=payments)
        if fact.arrears is not None:
            self.state(fact.arrears)
        elif payment is not None and not already:
            allocation = self.allocations.pop(fact.reversal_of, None)
            if allocation is None or fact.reversal_of in self.spent_elsewhere:
                self.account = replace(self.account, certain=False)
            else:
                self.account = replace(self.account, arrears=restore(self.account.arrears, allocation))

    def apply(self, entry: Entry) -> None:
        fact: BankFact = entry.fact
        match fact:
            case OverdueReported(arrears=arrears):
                self.state(arrears)
            case LoanAdjusted(kind=kind, arrears=arrears):
                self.state(arrears)
                made = Adjustment(kind, entry.occurred_at)
                self.account = replace(self.account, adjustments=(*self.account.adjustments, made))
            case PaymentReceived():
                self.payment(entry, fact)
            case PaymentReversed():
                self.reversal(fact)
            case ChargedOff(on=on):
                self.account = replace(self.account, charged_off_on=on)
            case LoanEnded(reason=reason):
                self.account = replace(self.account, ended=reason)
            case SnapshotReceived():
                pass
            case _:
                assert_never(fact)
        if entry.sequence is not None:
            self.account = replace(self.account, last_sequence=entry.sequence)


def fold(entries: Iterable[Entry]) -> Account:
    """The account after a set of facts. Pure, order-free, O(n log n)."""
    folding = _Folding()
    for entry in in_order(entries):
        folding.apply(entry)
    return folding.account
