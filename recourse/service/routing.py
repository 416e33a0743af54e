"""From the bank's event to the domain's fact."""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from recourse.contracts.events import BankEvent, LoanSnapshot
from recourse.contracts.events.models import (
    ArrearsItem,
    InstallmentOverdue,
    LoanAdjusted,
    LoanChargedOff,
    LoanClosed,
    PaymentReceived,
    PaymentReversed,
    Payoff,
)
from recourse.domain import delinquency, facts
from recourse.domain.delinquency import Arrears, Installment
from recourse.domain.facts import BankFact, Entry


def to_entry(event: BankEvent) -> Entry:
    return Entry(event.event_id, event.occurred_at, event.sequence, _fact(event))


def _fact(event: BankEvent) -> BankFact:
    data = event.data
    match data:
        case LoanSnapshot():
            return facts.SnapshotReceived()
        case InstallmentOverdue():
            return facts.OverdueReported(data.as_of, _arrears(data.arrears, data.payoff))
        case PaymentReceived():
            amount = data.amount.amount_minor
            return facts.PaymentReceived(data.payment_id, amount, data.value_date, _maybe(data))
        case PaymentReversed():
            return facts.PaymentReversed(data.payment_id, data.reversal_of, _maybe(data))
        case LoanAdjusted():
            return facts.LoanAdjusted(data.kind, _arrears(data.arrears, data.payoff))
        case LoanChargedOff():
            return facts.ChargedOff(data.amount.amount_minor, data.on)
        case LoanClosed():
            return facts.LoanEnded(facts.LoanEnd(data.reason), data.on)
        case _:
            assert_never(data)


def _maybe(data: PaymentReceived | PaymentReversed) -> Arrears | None:
    return None if data.arrears is None else _arrears(data.arrears, data.payoff)


def _arrears(items: Iterable[ArrearsItem], payoff: Payoff | None) -> Arrears:
    unpaid = [Installment(i.number, i.due_date, i.amount_due_minor, i.amount_unpaid_minor) for i in items]
    whole = delinquency.Payoff(payoff.amount_minor, payoff.good_through) if payoff is not None else None
    return Arrears.of(unpaid, whole)
