"""Writes the bank's events for a drill, one a line: invented loans that are overdue as of business now.

    python deploy/drill/loans.py NAME COUNT [--dpd DAYS] [--phone SUFFIX] [--mailbox NAME] [--pay]

The settings are those of the deployment (RECOURSE_ENV_FILE). SUFFIX and mailbox choose what the embedded ends
do with a message: see the tables in recourse/stack/ends/smsc.py and smtp_sink.py. --pay writes the payments
that cure the loans of the same NAME instead.
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

from recourse.app.settings import load_settings
from recourse.demo.people import person

OWED = 352_017


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("name")
    options.add_argument("count", type=int)
    options.add_argument("--dpd", type=int, default=1)
    options.add_argument("--phone", default="")
    options.add_argument("--mailbox", default="")
    options.add_argument("--pay", action="store_true")
    chosen = options.parse_args()
    settings = load_settings()
    source = next(iter(settings.lenders))
    now = settings.calendar.calendar().business(datetime.now(UTC))
    for number in range(1, chosen.count + 1):
        loan = f"{chosen.name}-{number:03d}"
        drafts = _payment(loan, now) if chosen.pay else _overdue(loan, number, now, chosen)
        for sequence, (kind, data) in enumerate(drafts, 3 if chosen.pay else 1):
            event = {
                "specversion": "1.0",
                "id": f"{loan}-{sequence}",
                "source": source,
                "type": f"bank.{kind}.v1",
            }
            event |= {"subject": loan, "time": now.isoformat(), "datacontenttype": "application/json"}
            line = json.dumps({**event, "data": {"sequence": sequence, **data}}, ensure_ascii=False)
            sys.stdout.write(line + "\n")


def _overdue(
    loan: str, number: int, now: datetime, chosen: argparse.Namespace
) -> list[tuple[str, dict[str, Any]]]:
    borrower = person(number, "CN") | {"id": f"C-{loan}"}
    mobile, email = borrower["contact_points"]
    mobile["value"] = f"+86190{number:04d}{chosen.phone or f'{number:04d}'}"
    email["value"] = f"{chosen.mailbox or 'borrower'}+{loan.lower()}@example.com"
    contract = {"number": f"HT-{loan}", "signed_on": "2026-04-01", "principal_minor": 11_800_000}
    contract |= {"annual_rate": "0.0798", "term_months": 36, "installment_minor": OWED, "product": "new_car"}
    place = {"lender": "Demo Auto Finance", "region": "CN", "currency": "CNY", "zone": "Asia/Shanghai"}
    gps = {"provider": "traccar", "device_id": loan, "consent_on": "2026-04-01"}
    car = {"plate": "沪A·示001", "make": "Example", "model": "Sedan", "model_year": 2026, "gps": gps}
    due = (now - timedelta(days=chosen.dpd)).date().isoformat()
    arrears = [{"number": 7, "due_date": due, "amount_due_minor": OWED, "amount_unpaid_minor": OWED}]
    return [
        (
            "loan.snapshot",
            {**place, "contract": contract, "schedule": [], "borrower": borrower, "vehicle": car},
        ),
        ("installment.overdue", {"as_of": now.date().isoformat(), "arrears": arrears}),
    ]


def _payment(loan: str, now: datetime) -> list[tuple[str, dict[str, Any]]]:
    amount = {"amount_minor": OWED, "currency": "CNY"}
    day = now.date().isoformat()
    return [
        ("payment.received", {"payment_id": f"{loan}-P", "amount": amount, "value_date": day, "arrears": []})
    ]


if __name__ == "__main__":
    main()
