"""The bundled synthetic book: each loan's events, as the core bank would publish them, with their days."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from recourse.contracts.events import BankEvent, parse_line
from recourse.demo.people import person
from recourse.demo.plots import CAST, LAST_DAY, PLOTS, Cast, Disorder, Plot

START: Final = datetime(2026, 11, 6, 0, 0, tzinfo=UTC)
"""Day 0 of every demo: 8 in the morning in Shanghai."""
_SOURCES: Final = {"CN": "/demo/cn", "US": "/demo/us"}
_LENDER_ZONES: Final = {"CN": "Asia/Shanghai", "US": "America/New_York"}
_CURRENCIES: Final = {"CN": "CNY", "US": "USD"}
_LENDERS: Final = {"CN": "Demo Auto Finance", "US": "Demo Motor Credit"}


@dataclass(frozen=True, slots=True)
class Loan:
    id: str
    cast: Cast
    plot: Plot
    monthly_minor: int
    first_day: int
    """Its plot's day 0, in days of the demo: not everybody falls into arrears on the same morning."""

    @property
    def region(self) -> str:
        return self.cast.region


@dataclass(frozen=True, slots=True)
class Dated:
    """Published when business time reaches `day`, whenever it happened in the bank."""

    day: float
    event: BankEvent


def loans() -> list[Loan]:
    return [
        Loan(
            f"DEMO-{cast.region}-{n:03d}",
            cast,
            PLOTS[cast.plot],
            monthly_minor=21_000 + 3_517 * n,
            first_day=0 if cast.plot == "whole_road" else n * 5 % 12,
        )
        for n, cast in enumerate(CAST, 1)
    ]


def history(loan: Loan) -> list[Dated]:
    """All events of a loan in the order of publishing."""
    return _disordered(loan.plot, _Writer(loan).write())


def payment_on(loan: Loan, day: date) -> Dated:
    """What the bank would publish if the loan's arrears were paid that day; its last event."""
    paid = replace(loan.plot, pays=(day - START.date()).days - loan.first_day)
    return history(replace(loan, plot=paid))[-1]


@dataclass(frozen=True, slots=True)
class _Draft:
    """An event before it has its number. happened and published: days from the start."""

    happened: float
    published: float
    type: str
    data: dict[str, Any]


class _Writer:
    """Writes one loan's events."""

    def __init__(self, loan: Loan) -> None:
        self._loan, self._plot = loan, loan.plot
        self._drafts: list[_Draft] = []

    def write(self) -> list[Dated]:
        """In the order of publishing, numbered in the order in which they happened."""
        plot = self._plot
        late = plot.disorder is Disorder.SNAPSHOT_LATE
        self._add(0.0, "bank.loan.snapshot.v1", self._snapshot(), published=3.2 if late else 0.0)
        for day in self._overdue_days():
            self._overdue(day)
        if plot.pays is not None:
            self._pay(plot.pays, "P-1")
        if plot.bounces is not None:
            self._bounce(plot.bounces)
        if plot.pays_again is not None:
            self._pay(plot.pays_again, "P-2")
        if plot.ended_by_bank is not None:
            day, reason = plot.ended_by_bank
            self._add(day, "bank.loan.closed.v1", {"reason": reason, "on": self._date(day).isoformat()})
        if plot.disorder is Disorder.SWAPPED and plot.pays is not None:
            self._overdue(plot.pays - 1, published=plot.pays + 0.8)
        in_order = sorted(self._drafts, key=lambda draft: draft.happened)
        events = [Dated(d.published, self._event(d, number)) for number, d in enumerate(in_order, 1)]
        return sorted(events, key=lambda dated: dated.day)

    def _overdue_days(self) -> list[int]:
        """Day 0, and each day on which one more installment has become overdue before the end."""
        ends = (self._plot.pays, self._plot.ended_by_bank and self._plot.ended_by_bank[0])
        until = min(end for end in (*ends, self._plot.quiet_after) if end is not None)
        days = [(due - self._date(0)).days + 1 for due in self._due_dates(LAST_DAY)]
        return [0, *(day for day in days if 0 < day < until)]

    def _due_dates(self, day: int) -> list[date]:
        """Unpaid due dates before the day, oldest first: one a month, beginning with what is overdue."""
        first = self._date(0) - timedelta(days=self._plot.dpd)
        dates: list[date] = []
        while (due := _months_after(first, len(dates))) < self._date(day):
            dates.append(due)
        return dates

    def _arrears(self, day: int) -> list[dict[str, Any]]:
        amount = self._loan.monthly_minor
        return [
            {
                "number": number,
                "due_date": due.isoformat(),
                "amount_due_minor": amount,
                "amount_unpaid_minor": amount,
            }
            for number, due in enumerate(self._due_dates(day), 7)
        ]

    def _overdue(self, day: int, published: float | None = None) -> None:
        data = {"as_of": self._date(day).isoformat(), "arrears": self._arrears(day)}
        self._add(day + 0.05, "bank.installment.overdue.v1", data, published=published)

    def _pay(self, day: int, payment_id: str) -> None:
        owed = self._loan.monthly_minor * len(self._due_dates(day))
        data = {
            "payment_id": f"{self._loan.id}-{payment_id}",
            "amount": {"amount_minor": owed, "currency": _CURRENCIES[self._loan.region]},
            "value_date": self._date(day).isoformat(),
            "arrears": [],
        }
        self._add(day + 0.3, "bank.payment.received.v1", data)

    def _bounce(self, day: int) -> None:
        data = {
            "payment_id": f"{self._loan.id}-R-1",
            "reversal_of": f"{self._loan.id}-P-1",
            "reason": "returned",
            "arrears": self._arrears(day),
        }
        self._add(day + 0.1, "bank.payment.reversed.v1", data)
        self._overdue(day + 1)

    def _snapshot(self) -> dict[str, Any]:
        loan, plot = self._loan, self._plot
        number = loan.cast.person
        borrower = person(
            number, loan.region, consent=plot.consent, bad_email=plot.bad_email, phone_of=loan.cast.phone_of
        )
        co = [{"role": role} | person(other, loan.region) for role, other in loan.cast.co]
        return {
            "lender": _LENDERS[loan.region],
            "region": loan.region,
            "currency": _CURRENCIES[loan.region],
            "zone": _LENDER_ZONES[loan.region],
            "contract": self._contract(),
            "borrower": borrower,
            "related_parties": co,
            "vehicle": self._vehicle(),
        }

    def _contract(self) -> dict[str, Any]:
        return {
            "number": f"HT-{self._loan.id}",
            "signed_on": "2026-04-01",
            "principal_minor": self._loan.monthly_minor * 34,
            "annual_rate": "0.0798",
            "term_months": 36,
            "installment_minor": self._loan.monthly_minor,
            "product": "new_car",
        }

    def _vehicle(self) -> dict[str, Any]:
        number = self._loan.cast.person
        plate = f"沪A·示{number:03d}" if self._loan.region == "CN" else f"DEMO {number:03d}"
        vehicle: dict[str, Any] = {"plate": plate, "make": "Example", "model": "Sedan", "model_year": 2026}
        if self._plot.tracker is not None:
            device = f"DEMO-{self._loan.region}-{self._loan.id[-3:]}{self._plot.tracker}"
            vehicle["gps"] = {"provider": "traccar", "device_id": device, "consent_on": "2026-04-01"}
        return vehicle

    def _date(self, day: int) -> date:
        return START.date() + timedelta(days=self._loan.first_day + day)

    def _add(self, day: float, type_: str, data: dict[str, Any], published: float | None = None) -> None:
        """Days begin in Shanghai's morning; an American bank's begins half a day later."""
        later = self._loan.first_day + (0.0 if self._loan.region == "CN" else 0.6)
        at = day if published is None else published
        self._drafts.append(_Draft(day + later, at + later, type_, data))

    def _event(self, draft: _Draft, sequence: int) -> BankEvent:
        envelope = {
            "specversion": "1.0",
            "id": f"{self._loan.id}-{sequence}",
            "source": _SOURCES[self._loan.region],
            "type": draft.type,
            "subject": self._loan.id,
            "time": (START + timedelta(days=draft.happened)).isoformat(),
            "data": draft.data | {"sequence": sequence},
        }
        return parse_line(json.dumps(envelope))


def _months_after(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, 28))


def _disordered(plot: Plot, events: list[Dated]) -> list[Dated]:
    """The same events as a topic with faults would bring them."""
    match plot.disorder:
        case Disorder.DOUBLED:
            return [dated for dated in events for _ in range(2)]
        case Disorder.NO_SNAPSHOT:
            return [dated for dated in events if not dated.event.type.startswith("bank.loan.snapshot")]
        case Disorder.LATE:
            old = next(dated for dated in events if "overdue" in dated.event.type)
            return [*events, Dated(events[-1].day + 2, old.event)]
        case _:
            return events


POISON: Final[tuple[bytes, ...]] = (b"\xff\xfe not text", b"{", b'{"arrears": "none"}', b"null")
"""Records that no program could understand; each must end among the dead letters with its reason."""


def lender_settings() -> dict[str, dict[str, str]]:
    """RECOURSE_LENDERS of the demo."""
    return {
        source: {
            "name": _LENDERS[region],
            "region": region,
            "currency": _CURRENCIES[region],
            "zone": _LENDER_ZONES[region],
            "phone": "400-000-0000" if region == "CN" else "+1 202 555 0100",
        }
        for region, source in _SOURCES.items()
    }
