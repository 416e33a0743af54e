"""The bank's events, as a bank would write them, for every kind of test."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from recourse.contracts.events import BankEvent, parse_line

_numbers = itertools.count(1)


def event(
    loan: str,
    type_: str,
    data: dict[str, Any],
    *,
    at: datetime,
    event_id: str | None = None,
    source: str = "/demo/cn",
) -> BankEvent:

    envelope = {
        "specversion": "1.0",
        "id": event_id or f"evt-{next(_numbers)}",
        "source": source,
        "type": type_,
        "subject": loan,
        "time": at.isoformat(),
        "data": data,
    }
    return parse_line(json.dumps(envelope))


def snapshot(
    loan: str,
    *,
    at: datetime,
    sequence: int | None = 1,
    person: str | None = None,
    region: str = "CN",
    name: str = "测试人",
    mobile: str | None = "+8613800000001",
    email: str | None = "borrower@example.com",
    device: str | None = "DEMO-CN-1",
    gps_consent: str | None = "2026-01-01",
    consent: bool = True,
    zone: str | None = None,
    home: str | None = None,
    currency: str = "CNY",
    contract: dict[str, Any] | None = None,
    others: Sequence[dict[str, Any]] = (),
    lender: str = "demo-auto-finance",
) -> BankEvent:
    points: list[dict[str, Any]] = []
    if mobile:
        points.append({"kind": "mobile", "value": mobile, "consent": ["sms", "call"] if consent else []})
    if email:
        points.append({"kind": "email", "value": email, "consent": ["email"] if consent else []})
    zone = zone or ("Asia/Shanghai" if region == "CN" else "America/New_York")
    data: dict[str, Any] = {
        "lender": lender,
        "region": region,
        "currency": currency,
        "zone": zone,
        "borrower": {
            "id": person or f"C-{loan}",
            "name": name,
            "language": "zh-CN" if region == "CN" else "en",
            "zone": zone,
            "addresses": [
                {
                    "kind": "home",
                    "text": f"home of {person or loan}",
                    "region": home or ("CN-31" if region == "CN" else "US-NY"),
                }
            ],
            "contact_points": points,
        },
    }
    if others:
        data["related_parties"] = list(others)
    if contract is not None:
        data["contract"] = contract
    if sequence is not None:
        data["sequence"] = sequence
    if device:
        data["vehicle"] = {"plate": "沪A00000", "gps": {"device_id": device, "consent_on": gps_consent}}
    return event(loan, "bank.loan.snapshot.v1", data, at=at, source=_source(region))


def _source(region: str) -> str:
    return "/demo/cn" if region == "CN" else "/demo/us"


def arrears(*items: tuple[int, date, int]) -> list[dict[str, Any]]:
    return [
        {
            "number": number,
            "due_date": due.isoformat(),
            "amount_due_minor": amount,
            "amount_unpaid_minor": amount,
        }
        for number, due, amount in items
    ]


def overdue(
    loan: str,
    *,
    at: datetime,
    days: int = 1,
    sequence: int | None = 2,
    amount: int = 352017,
    event_id: str | None = None,
    region: str = "CN",
    payoff: tuple[int, date] | None = None,
) -> BankEvent:
    """One installment, `days` past due at `at` (by the UTC date). payoff: of the whole debt, good through."""
    due = at.astimezone(UTC).date() - timedelta(days=days)
    data: dict[str, Any] = {"as_of": at.date().isoformat(), "arrears": arrears((7, due, amount))}
    if payoff is not None:
        data["payoff"] = {"amount_minor": payoff[0], "good_through": payoff[1].isoformat()}
    if sequence is not None:
        data["sequence"] = sequence
    return event(loan, "bank.installment.overdue.v1", data, at=at, event_id=event_id, source=_source(region))


def payment(
    loan: str,
    *,
    at: datetime,
    amount: int = 352017,
    sequence: int | None = 3,
    left: list[dict[str, Any]] | None = None,
    cured: bool = True,
    payment_id: str = "P-1",
    currency: str = "CNY",
    value_date: date | None = None,
) -> BankEvent:
    """cured: with an empty arrears statement; else with `left`, or without a statement when that is None."""
    data: dict[str, Any] = {
        "payment_id": payment_id,
        "amount": {"amount_minor": amount, "currency": currency},
        "value_date": (value_date or at.date()).isoformat(),
    }
    if sequence is not None:
        data["sequence"] = sequence
    if cured:
        data["arrears"] = []
    elif left is not None:
        data["arrears"] = left
    return event(loan, "bank.payment.received.v1", data, at=at)


def reversal(
    loan: str, *, at: datetime, of: str = "P-1", sequence: int | None = 4, left: Any = None
) -> BankEvent:
    data: dict[str, Any] = {"payment_id": f"R-{of}", "reversal_of": of}
    if sequence is not None:
        data["sequence"] = sequence
    if left is not None:
        data["arrears"] = left
    return event(loan, "bank.payment.reversed.v1", data, at=at)


def adjusted(
    loan: str, *, at: datetime, kind: str, left: list[dict[str, Any]], sequence: int = 3
) -> BankEvent:
    data = {"sequence": sequence, "kind": kind, "arrears": left}
    return event(loan, "bank.loan.adjusted.v1", data, at=at)
