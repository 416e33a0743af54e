"""One account as the bank's events: a snapshot, then its facts in order of time. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from recourse.contracts.events import BANK_MODELS, BankEvent
from recourse.contracts.events.models import BankData
from recourse.domain.delinquency import Arrears
from recourse.domain.facts import (
    BankFact,
    ChargedOff,
    LoanAdjusted,
    LoanEnded,
    OverdueReported,
    PaymentReceived,
)
from recourse.importers.metro2.ageing import due_date
from recourse.importers.metro2.invented import borrower, opaque
from recourse.importers.metro2.reconstruct import Story, reconstruct
from recourse.importers.metro2.records import BaseSegment

_SNAPSHOT_AT = 4
"""Hour of the lender's day; before every fact."""
_REASONS = {
    "correction": "the bureau file jumps from one month to the next",
    "fee": "the amount past due is above the unpaid installments",
}


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the events say they come from.

    source: `ce_source`. zone: IANA name, the lender's. key: secret for minting ids; the same key gives the
    same ids. shift: added to every date, so that an old file can be played at any time.
    """

    source: str = "/demo/us"
    lender: str = "demo-motor-credit"
    region: str = "US"
    currency: str = "USD"
    zone: str = "America/New_York"
    key: bytes = field(default=b"", repr=False)
    shift: timedelta = timedelta(0)

    def loan_id(self, account_number: str) -> str:
        return "m2-" + opaque("loan", account_number, self.key)


def bank_events(account: BaseSegment, origin: Origin) -> list[BankEvent]:
    """In order of time, `sequence` from 1. Empty when nothing can be told (see `reconstruct`).

    `ce_id` is made of the account, the file's date and the sequence: importing a file twice repeats ids, and
    the second time changes nothing.
    """
    loan_id = origin.loan_id(account.account_number)
    story = reconstruct(account, loan_id)
    return _Writer(account, origin, loan_id).write(story) if story else []


@dataclass(slots=True)
class _Writer:
    account: BaseSegment
    origin: Origin
    loan_id: str
    events: list[BankEvent] = field(default_factory=list)

    def write(self, story: Story) -> list[BankEvent]:
        self._add("bank.loan.snapshot.v1", story.start + timedelta(days=1), _SNAPSHOT_AT, self._loan(story))
        for dated in story.facts:
            type_, data = self._data(dated.fact)
            self._add(type_, dated.on, dated.hour, data)
        return self.events

    def _add(self, type_: str, on: date, hour: int, data: dict[str, Any]) -> None:
        sequence = len(self.events) + 1
        raw = {"sequence": sequence, **data}
        self.events.append(
            BankEvent(
                event_id=f"{self.loan_id}-{self.account.as_of:%Y%m%d}-{sequence}",
                source=self.origin.source,
                type=type_,
                subject=self.loan_id,
                occurred_at=self._instant(on, hour),
                data=cast(BankData, BANK_MODELS[type_].model_validate(raw)),
                raw=raw,
            )
        )

    def _instant(self, on: date, hour: int) -> datetime:
        """Later than the event before, if only by a minute; loans spread over the hour by their line."""
        moment = time(hour, self.account.line % 60)
        local = datetime.combine(on + self.origin.shift, moment, ZoneInfo(self.origin.zone))
        instant = local.astimezone(UTC)
        if self.events:
            instant = max(instant, self.events[-1].occurred_at + timedelta(minutes=1))
        return instant

    def _day(self, day: date) -> str:
        return (day + self.origin.shift).isoformat()

    def _arrears(self, arrears: Arrears) -> list[dict[str, Any]]:
        return [
            {
                "number": item.number,
                "due_date": self._day(item.due_date),
                "amount_due_minor": item.due_minor,
                "amount_unpaid_minor": item.unpaid_minor,
            }
            for item in arrears.installments
        ]

    def _amount(self, minor: int) -> dict[str, Any]:
        return {"amount_minor": minor, "currency": self.origin.currency}

    def _data(self, fact: BankFact) -> tuple[str, dict[str, Any]]:
        match fact:
            case OverdueReported(as_of=as_of, arrears=arrears):
                data: dict[str, Any] = {"as_of": self._day(as_of), "arrears": self._arrears(arrears)}
                return "bank.installment.overdue.v1", data
            case PaymentReceived():
                data = {
                    "payment_id": fact.payment_id,
                    "amount": self._amount(fact.amount_minor),
                    "value_date": self._day(fact.value_date),
                    "arrears": self._arrears(fact.arrears or Arrears()),
                }
                return "bank.payment.received.v1", data
            case LoanAdjusted(kind=kind, arrears=arrears):
                data = {"kind": kind, "reason": _REASONS[kind], "arrears": self._arrears(arrears)}
                return "bank.loan.adjusted.v1", data
            case ChargedOff(amount_minor=minor, on=on):
                return "bank.loan.charged_off.v1", {"amount": self._amount(minor), "on": self._day(on)}
            case LoanEnded(reason=reason, on=on):
                return "bank.loan.closed.v1", {"reason": reason.value, "on": self._day(on)}
            case _:
                raise TypeError(f"{type(fact).__name__}: no such fact is told by a bureau file")

    def _loan(self, story: Story) -> dict[str, Any]:
        origin, account = self.origin, self.account
        person = "m2p-" + opaque("person", account.account_number, origin.key)
        return {
            "lender": origin.lender,
            "region": origin.region,
            "currency": origin.currency,
            "zone": origin.zone,
            "contract": self._contract(story),
            "schedule": self._schedule(story),
            "borrower": borrower(account.line, person, origin.zone, origin.region),
        }

    def _contract(self, story: Story) -> dict[str, Any]:
        account = self.account
        contract = {
            "number": f"IMPORTED-{account.line:06d}",
            "product": "imported_auto_loan",
            "signed_on": self._day(account.opened) if account.opened else None,
            "principal_minor": account.original_amount * 100 if account.original_amount else None,
            "term_months": account.term_months if account.term_months in range(1, 601) else None,
            "installment_minor": story.installment_minor,
        }
        return {name: value for name, value in contract.items() if value is not None}

    def _schedule(self, story: Story) -> list[dict[str, Any]]:
        term = self.account.term_months or 0
        return [
            {
                "number": number,
                "due_date": self._day(due_date(story.first_index + number - 1, story.day)),
                "amount_due_minor": story.installment_minor,
            }
            for number in range(1, min(term, 600) + 1)
        ]
