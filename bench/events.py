"""What the bank says in the benchmark: a loan's master data, and that it is overdue."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from recourse.contracts.events import BankEvent, parse_line

SOURCE = "/bench/cn"
LENDERS = {SOURCE: {"name": "bench", "region": "CN", "currency": "CNY", "zone": "Asia/Shanghai"}}
EVENING = datetime(2026, 11, 6, 14, 30, tzinfo=UTC)
"""Half past ten at the borrowers' place: every first reminder is due the next morning, so that what is
measured is the way to the decision and nothing is sent meanwhile."""


def names(prefix: str, count: int) -> list[str]:
    return [f"{prefix}-{number:05d}" for number in range(count)]


def snapshots(loans: Sequence[str]) -> list[BankEvent]:
    """Every borrower can be reached by SMS and e-mail."""
    return [_event(loan, "bank.loan.snapshot.v1", 1, _master_data(loan)) for loan in loans]


def overdue(loans: Sequence[str], each: int = 1) -> list[BankEvent]:
    """`each` reports in a row a loan, as a bank that reports every few minutes while it recomputes."""
    return [
        _event(loan, "bank.installment.overdue.v1", 2 + n, _arrears()) for loan in loans for n in range(each)
    ]


def _event(loan: str, type_: str, sequence: int, data: dict[str, Any]) -> BankEvent:
    envelope = {
        "specversion": "1.0",
        "id": f"{loan}-{sequence}",
        "source": SOURCE,
        "type": type_,
        "subject": loan,
        "time": EVENING.isoformat(),
        "data": data | {"sequence": sequence},
    }
    return parse_line(json.dumps(envelope))


def _arrears() -> dict[str, Any]:
    installment = {
        "number": 7,
        "due_date": (EVENING - timedelta(days=1)).date().isoformat(),
        "amount_due_minor": 352017,
        "amount_unpaid_minor": 352017,
    }
    return {"as_of": EVENING.date().isoformat(), "arrears": [installment]}


def _master_data(loan: str) -> dict[str, Any]:
    number = int(loan.rpartition("-")[2])
    return {
        "lender": "bench",
        "region": "CN",
        "currency": "CNY",
        "zone": "Asia/Shanghai",
        "borrower": {
            "id": f"C-{loan}",
            "name": "测试人",
            "language": "zh-CN",
            "zone": "Asia/Shanghai",
            "addresses": [{"kind": "home", "text": "—", "region": "CN-31"}],
            "contact_points": [
                {"kind": "mobile", "value": f"+86138{number:08d}", "consent": ["sms", "call"]},
                {"kind": "email", "value": f"{loan}@example.com", "consent": ["email"]},
            ],
        },
    }
