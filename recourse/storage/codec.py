"""Domain values as JSON in jsonb columns, both ways, by their own types."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from recourse.contracts.messages import PlanData
from recourse.domain.facts import (
    BankFact,
    ChargedOff,
    Entry,
    LoanAdjusted,
    LoanEnded,
    OverdueReported,
    PaymentReceived,
    PaymentReversed,
    SnapshotReceived,
)
from recourse.domain.fold import Account

_ACCOUNT: TypeAdapter[Account] = TypeAdapter(Account)
_PLAN: TypeAdapter[PlanData] = TypeAdapter(PlanData)
_FACTS: dict[str, tuple[type[Any], TypeAdapter[Any]]] = {
    name: (kind, TypeAdapter(kind))
    for name, kind in {
        "overdue": OverdueReported,
        "payment": PaymentReceived,
        "reversal": PaymentReversed,
        "adjustment": LoanAdjusted,
        "charge_off": ChargedOff,
        "loan_end": LoanEnded,
        "snapshot": SnapshotReceived,
    }.items()
}
_NAMES = {kind: name for name, (kind, _) in _FACTS.items()}

BANK_KINDS = tuple(_FACTS)


def account_to_json(account: Account) -> Any:
    return _ACCOUNT.dump_python(account, mode="json")


def account_from_json(value: Any) -> Account:
    return _ACCOUNT.validate_python(value)


def fact_to_json(fact: BankFact) -> tuple[str, Any]:
    """(kind, payload) of a bank fact."""
    name = _NAMES[type(fact)]
    return name, _FACTS[name][1].dump_python(fact, mode="json")


def entry_from_row(
    event_id: str, occurred_at: datetime, sequence: int | None, kind: str, payload: Any
) -> Entry:
    return Entry(event_id, occurred_at, sequence, _FACTS[kind][1].validate_python(payload))


def plan_to_json(plan: PlanData) -> Any:
    return _PLAN.dump_python(plan, mode="json")


def plan_from_json(value: Any) -> PlanData:
    return _PLAN.validate_python(value)
