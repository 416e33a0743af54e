"""Whose authority reaches how far: what is asked for now, and what the loan was given already.

A limit that were asked for each agreement alone would be none: five percent can be waived again and again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from recourse.domain import agreements as domain
from recourse.domain.agreements import AgreementKind, GivenUp, Measure, Terms
from recourse.domain.law.hours import local_date
from recourse.service.context import Unit
from recourse.storage import money_agreements
from recourse.storage.money_agreements import AgreementRow
from recourse.storage.situation import Gathered


class NotAuthorised(Exception):
    """This person may not decide this; the text names the limit, and who may."""


@dataclass(frozen=True, slots=True)
class Asked:
    """asked: all that would be given up with it, within the period. before: what was, without it."""

    asked: Measure
    before: GivenUp


async def measured(unit: Unit, gathered: Gathered, terms: Terms) -> Asked:
    """Under the case's locks, so that of two at once the second one is measured with the first. Whoever gave
    it, and in whichever case of the loan."""
    days = unit.book.authority.period_days
    after = unit.now - timedelta(days=days) if days is not None else None
    given = await money_agreements.given(unit.tx, gathered.case.loan_id)
    before = domain.given_up(given, after)
    return Asked(_measure(unit, gathered, terms, before), before)


async def must_be_anybodys(unit: Unit, gathered: Gathered, terms: Terms, role: str) -> tuple[str, ...]:
    """In which measures it goes beyond what the role decides alone. Raises NotAuthorised where nobody could
    ever approve it."""
    found = await measured(unit, gathered, terms)
    authority, currency, kind = unit.book.authority, gathered.loan.currency, AgreementKind(terms.kind)
    if not authority.roles_for(kind, found.asked, currency):
        told = f"beyond everybody's authority for a {kind} ({authority.name}){_already(found.before)}"
        raise NotAuthorised(f"terms: {told}")
    beyond = authority.beyond(kind, role, found.asked, currency)
    return ("kind",) if beyond is None else beyond


async def must_reach(unit: Unit, gathered: Gathered, row: AgreementRow, role: str) -> None:
    """Raises NotAuthorised where the role's limits do not reach so far."""
    found = await measured(unit, gathered, row.terms)
    _reach(unit, gathered, row, role, found)


def must_reach_alone(unit: Unit, gathered: Gathered, row: AgreementRow, role: str) -> None:
    """The same for the terms by themselves: who ends an agreement gives nothing up."""
    nothing = GivenUp()
    _reach(unit, gathered, row, role, Asked(_measure(unit, gathered, row.terms, nothing), nothing))


def must_have_a_say(unit: Unit, gathered: Gathered, row: AgreementRow, role: str) -> None:
    """Raises NotAuthorised for a role that has no authority over the kind at all."""
    asked = _measure(unit, gathered, row.terms, GivenUp())
    if unit.book.authority.beyond(row.kind, role, asked, gathered.loan.currency) is None:
        raise NotAuthorised(f"role: {role} has no authority over a {row.kind} ({unit.book.authority.name})")


def _reach(unit: Unit, gathered: Gathered, row: AgreementRow, role: str, found: Asked) -> None:
    authority, currency = unit.book.authority, gathered.loan.currency
    beyond = authority.beyond(row.kind, role, found.asked, currency)
    if beyond != ():
        what = "kind" if beyond is None else ", ".join(beyond)
        who = ", ".join(authority.roles_for(row.kind, found.asked, currency)) or "nobody"
        limit = f"beyond the authority of {role} in {what} ({authority.name}){_already(found.before)}"
        raise NotAuthorised(f"role: {limit}; may: {who}")


def _measure(unit: Unit, gathered: Gathered, terms: Terms, before: GivenUp) -> Measure:
    today = local_date(unit.now, gathered.loan.zone)
    return domain.measure(terms, gathered.situation.account.arrears.unpaid_minor, today, before)


def _already(before: GivenUp) -> str:
    parts = [f"{before.amount_minor} minor units"] if before.amount_minor else []
    parts += [f"{before.installments} installments moved"] if before.installments else []
    return f", with {' and '.join(parts)} given up already" if parts else ""
