"""The facts a bank would have told, rebuilt from one account's months. Pure.

The file has what was true at each month's end, not what happened in between. So the days are invented within
what the file allows: an installment is told as overdue the day after it fell due, money comes on the date of
last payment (Field 27) where that lies in the month, else on a day that the loan id draws.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Final

from recourse.domain.delinquency import Arrears, Installment
from recourse.domain.facts import (
    BankFact,
    ChargedOff,
    LoanAdjusted,
    LoanEnd,
    LoanEnded,
    OverdueReported,
    PaymentReceived,
)
from recourse.importers.metro2.ageing import due_date, due_day, last_due, oldest_unpaid
from recourse.importers.metro2.profile import Month, Standing, history
from recourse.importers.metro2.records import BaseSegment

_DAY: Final = timedelta(days=1)
_CORRECTED_AT, _OVERDUE_AT, _PAID_FROM, _SETTLED_AT, _CHARGED_OFF_AT, _ENDED_AT = 5, 6, 8, 17, 18, 19
"""Hours of the lender's day, so that the facts of one day have an order."""


@dataclass(frozen=True, slots=True)
class Dated:
    """A fact on a day of the lender's, at an hour of it (0 to 23)."""

    on: date
    hour: int
    fact: BankFact


@dataclass(frozen=True, slots=True)
class Story:
    """One loan's facts in order of time.

    start: the day before the first fact can be. day: of the month, on which installments fall due.
    first_index: the due date (months since year 0) that is installment number 1.
    installment_minor: cents, Field 15, or Field 12 over Field 13 when the file has no scheduled payment.
    """

    start: date
    day: int
    first_index: int
    installment_minor: int
    facts: tuple[Dated, ...]


def reconstruct(account: BaseSegment, loan_id: str) -> Story | None:
    """None when no month tells days past due, or when there is no amount to state."""
    months = history(account.status, account.rating, account.profile, account.as_of)
    if not months:
        return None
    near = account.first_delinquency or account.opened
    day = due_day(near.day if near else 15, months)
    path = oldest_unpaid(months, day)
    installment = _installment_minor(account, months, path, day)
    if installment == 0:
        return None
    lowest = min(*path, last_due(months[0].start, day) + 1)
    first = min(lowest, _month_index(account.opened) + 1) if account.opened else lowest
    telling = _Telling(account, loan_id, day, first, installment)
    telling.tell(months, path)
    return Story(months[0].start, day, first, installment, tuple(telling.facts))


def _month_index(day: date) -> int:
    return day.year * 12 + day.month - 1


def _installment_minor(account: BaseSegment, months: Sequence[Month], path: Sequence[int], day: int) -> int:
    if account.scheduled_payment:
        return account.scheduled_payment * 100
    estimate = 0
    if account.original_amount and account.term_months:
        estimate = account.original_amount * 100 // account.term_months
    if account.past_due and months[-1].standing is Standing.DELINQUENT:
        unpaid = last_due(months[-1].end, day) - path[-1] + 1
        estimate = max(estimate, -(-account.past_due * 100 // unpaid))
    return estimate


@dataclass(slots=True)
class _Telling:
    """The account as it goes: what is unpaid, by index of its due date, and the facts told so far."""

    account: BaseSegment
    loan_id: str
    day: int
    first: int
    installment_minor: int
    unpaid: dict[int, Installment] = field(default_factory=dict)
    oldest: int = 0
    facts: list[Dated] = field(default_factory=list)
    payments: int = 0

    def tell(self, months: Sequence[Month], path: Sequence[int]) -> None:
        self._open(months[0], path[0])
        for month, oldest in zip(months, path, strict=True):
            self._month(month, oldest)
            if month.standing is Standing.WRITTEN_OFF:
                self._charge_off(month)
                break
        last = months[-1]
        if last.standing is Standing.DELINQUENT and self.account.past_due:
            self._state_amount(last, self.account.past_due * 100)
        if last.standing is Standing.CLOSED and self.unpaid:
            self._settle(last)
        self._end(last)

    def _open(self, month: Month, oldest: int) -> None:
        """What was unpaid when the first month began."""
        passed = last_due(month.start, self.day)
        self.oldest = min(oldest, passed + 1)
        self._add(range(self.oldest, passed + 1))
        if self.unpaid:
            self._overdue(month.start + _DAY)

    def _month(self, month: Month, oldest: int) -> None:
        if oldest < self.oldest:
            self._correct(month.start + _DAY, oldest)
        pays = bool(self.unpaid) and oldest > min(self.unpaid)
        paid_on = self._pay_day(month) if pays else None
        for index in range(last_due(month.start, self.day) + 1, last_due(month.end, self.day) + 1):
            due = due_date(index, self.day)
            if paid_on and paid_on <= due:
                self._pay(paid_on, oldest)
                paid_on = None
            if index >= oldest or paid_on:
                self._add([index])
                self._overdue(due + _DAY)
        if paid_on:
            self._pay(paid_on, oldest)
        self.oldest = oldest

    def _add(self, indices: Sequence[int]) -> None:
        for index in indices:
            number, due = index - self.first + 1, due_date(index, self.day)
            self.unpaid[index] = Installment(number, due, self.installment_minor, self.installment_minor)

    def _arrears(self) -> Arrears:
        return Arrears.of(self.unpaid.values())

    def _say(self, on: date, hour: int, fact: BankFact) -> None:
        self.facts.append(Dated(on, hour, fact))

    def _overdue(self, on: date) -> None:
        self._say(on, _OVERDUE_AT, OverdueReported(on, self._arrears()))

    def _correct(self, on: date, oldest: int) -> None:
        """The tape jumps over a month's step: the bank's own statement puts it right."""
        self._add(range(oldest, self.oldest))
        self._say(on, _CORRECTED_AT, LoanAdjusted("correction", self._arrears()))
        self._overdue(on)

    def _pay(self, on: date, oldest: int) -> None:
        """Everything older than `oldest` is paid at once."""
        before = self._arrears().unpaid_minor
        self.unpaid = {index: item for index, item in self.unpaid.items() if index >= oldest}
        hour = _PAID_FROM + self._draw(on.isoformat(), _SETTLED_AT - _PAID_FROM)
        self._payment(on, hour, before - self._arrears().unpaid_minor)

    def _payment(self, on: date, hour: int, amount_minor: int) -> None:
        self.payments += 1
        payment_id = f"{self.loan_id}-p{self.payments}"
        self._say(on, hour, PaymentReceived(payment_id, amount_minor, on, self._arrears()))

    def _pay_day(self, month: Month) -> date:
        """In (start, end]; the day itself for a closing that ends where it starts."""
        stated = self.account.last_payment
        if stated and month.start < stated <= month.end:
            return stated
        days = (month.end - month.start).days
        return month.start + _DAY * (1 + self._draw(month.end.isoformat(), days)) if days else month.end

    def _draw(self, what: str, below: int) -> int:
        """The same number in [0, below) each time a file is imported."""
        digest = hashlib.blake2b(f"{self.loan_id} {what}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") % below

    def _state_amount(self, month: Month, past_due_minor: int) -> None:
        """Bring the newest arrears to the amount past due (Field 22), the oldest kept unpaid.

        Less than the installments: a part was paid. More: charges were added.
        """
        difference = self._arrears().unpaid_minor - past_due_minor
        on = max(self.facts[-1].on, self._pay_day(month))
        if difference < 0:
            oldest = min(self.unpaid)
            item = self.unpaid[oldest]
            charged = replace(
                item, due_minor=item.due_minor - difference, unpaid_minor=item.unpaid_minor - difference
            )
            self.unpaid[oldest] = charged
            self._say(on, _SETTLED_AT, LoanAdjusted("fee", self._arrears()))
        elif difference > 0:
            left = past_due_minor
            for index in sorted(self.unpaid):
                part = min(left, self.unpaid[index].unpaid_minor)
                self.unpaid[index] = replace(self.unpaid[index], unpaid_minor=part)
                left -= part
            self._payment(on, _SETTLED_AT, difference)

    def _charge_off(self, month: Month) -> None:
        """Field 23, else the balance (Field 21), else what is overdue; a loss of nothing is not told."""
        stated = self.account.charged_off or self.account.balance or 0
        amount = stated * 100 or self._arrears().unpaid_minor
        if amount:
            self._say(month.end, _CHARGED_OFF_AT, ChargedOff(amount, month.end))

    def _settle(self, month: Month) -> None:
        """A charged-off claim is paid: Field 23, and what was overdue at the least."""
        on = max(self.facts[-1].on, self._pay_day(month))
        amount = max(self._arrears().unpaid_minor, (self.account.charged_off or 0) * 100)
        self.unpaid = {}
        self._payment(on, _SETTLED_AT, amount)

    def _end(self, month: Month) -> None:
        reason = _end_reason(self.account)
        if reason is None:
            return
        closed, last = self.account.closed, self.facts[-1].on if self.facts else month.start + _DAY
        on = max(closed if closed and closed <= month.end else month.end, last)
        self._say(on, _ENDED_AT, LoanEnded(reason, on))


def _end_reason(account: BaseSegment) -> LoanEnd | None:
    """Field 17A 05 and Field 19 AH: sold or transferred; AU: settled for less; a paid status: paid off."""
    if account.status == "05" or account.special_comment == "AH":
        return LoanEnd.SOLD
    if account.status not in ("13", "61", "62", "63", "64", "65"):
        return None
    return LoanEnd.SETTLED if account.special_comment == "AU" else LoanEnd.PAID_OFF
