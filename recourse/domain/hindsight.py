"""What would not have been done, had everything been known that came later with an earlier date.

A bank books money days after it came in and dates it back, or its events are late. What was done in between
was right as far as anybody knew, and wrong to the borrower: it is marked, so that fees for it can be taken
back and a complaint is answered with the truth (Frappe Lending 251, Fineract 3633).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from recourse.domain.delinquency import allocate
from recourse.domain.facts import Entry, PaymentReceived
from recourse.domain.fold import Account, fold
from recourse.domain.law.hours import local_date
from recourse.domain.situation import StepOutcome, StepRecord

ACTED = frozenset({StepOutcome.DONE, StepOutcome.RETRY})
"""Outcomes of steps that somebody outside or inside had work or trouble with."""


def regretted(entries: Iterable[Entry], records: Iterable[StepRecord], zone: str) -> tuple[StepRecord, ...]:
    """The steps at whose time nothing was overdue, by all that is known now. `zone`: the lender's.

    A payment counts from the day after its value date, since nobody knows the hour of it; facts of other
    kinds from the time they happened. The answer is a function of the set of facts, as the fold is.
    """
    known = list(entries)
    bounced = {p.payment_id for p in fold(known).payments if p.reversed}
    found = []
    for record in records:
        if record.outcome not in ACTED:
            continue
        account = _by_value(known, bounced, record.at, zone)
        overdue = account.arrears.overdue(local_date(record.at, zone))
        if account.certain and (account.ended is not None or not overdue):
            found.append(record)
    return tuple(found)


def _by_value(entries: list[Entry], bounced: set[str], at: datetime, zone: str) -> Account:
    """The account at an instant, with money that was there by then and booked only later."""
    account = fold(entry for entry in entries if entry.occurred_at <= at)
    seen = {p.payment_id for p in account.payments}
    arrears = account.arrears
    for entry in entries:
        fact = entry.fact
        if not isinstance(fact, PaymentReceived) or fact.payment_id in bounced | seen:
            continue
        if fact.value_date < local_date(at, zone):
            seen.add(fact.payment_id)
            arrears, _ = allocate(arrears, fact.amount_minor)
    return replace(account, arrears=arrears)
