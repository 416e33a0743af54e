"""What the bank is told of agreements about money."""

from __future__ import annotations

from typing import Any

from recourse.domain.agreements import (
    Extension,
    PaymentPlan,
    Restructure,
    Settlement,
    Terms,
    Waiver,
    parts_of,
)
from recourse.service.context import Unit
from recourse.storage import outbox
from recourse.storage.situation import Gathered


async def tell(unit: Unit, gathered: Gathered, type_: str, data: dict[str, Any]) -> None:
    """In the transaction of what is told."""
    about = {"loan_id": gathered.case.loan_id, "episode": gathered.case.episode}
    await outbox.put(unit.tx, gathered.case.loan_id, type_, unit.now, about | data)


def terms_told(terms: Terms, currency: str) -> dict[str, Any]:
    """The terms as the bank is told of them."""

    def money(minor: int) -> dict[str, Any]:
        return {"amount_minor": minor, "currency": currency}

    told: dict[str, Any] = {
        "parts": [{"due_on": p.due_on.isoformat(), "amount": money(p.amount_minor)} for p in parts_of(terms)]
    }
    match terms:
        case PaymentPlan():
            return told
        case Settlement(waived_minor=waived):
            return told | {"gives_up": money(waived)}
        case Waiver(of=of, amount_minor=amount):
            return {"gives_up": money(amount), "waived": of.value}
        case Extension(installments=installments):
            return {"installments": installments}
        case Restructure(installments=installments, amount_minor=amount, first_due_on=on):
            return {"installments": installments, "amount": money(amount), "first_due_on": on.isoformat()}
