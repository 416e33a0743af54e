"""The values of letters, from the dossier of the loan; and a draft, for whoever wants to see one first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import select

from recourse.domain.ids import CaseId, LoanId, PersonId
from recourse.domain.law.hours import local_date
from recourse.domain.law.notices import last_day
from recourse.domain.legal.procedure import Meaning
from recourse.domain.letter import LetterError
from recourse.domain.money import Money
from recourse.domain.situation import Channel, Stage
from recourse.domain.strategy.address import choose_point
from recourse.domain.strategy.deadline import days_to_answer
from recourse.domain.strategy.ladder import Step, StepKind, Strategy
from recourse.packs.letters import Value, write
from recourse.packs.loader import PackBook
from recourse.service.context import Lender, lender_named
from recourse.service.deciding import rules_for
from recourse.storage import legal_actions, people, points
from recourse.storage.database import ReadTx, Tx
from recourse.storage.situation import Gathered, gather
from recourse.storage.tables import collection_case, legal_action


def common_values(
    gathered: Gathered, lender: Lender | None, name: str | None, now: datetime
) -> dict[str, Value]:
    """What every message says. Personal data, not to be logged; what is not known is empty."""
    arrears, loan = gathered.situation.account.arrears, gathered.loan
    payoff = arrears.payoff_on(local_date(now, loan.zone))
    return {
        "name": name or "",
        "lender": loan.lender,
        "amount": str(Money(arrears.unpaid_minor, loan.currency)),
        "oldest_due": arrears.oldest_due or "",
        "dpd": arrears.dpd(local_date(now, loan.zone)),
        "pay_reference": loan.id,
        "phone": lender.phone if lender else "",
        "payoff": str(Money(payoff.amount_minor, loan.currency)) if payoff else "",
        "payoff_until": payoff.good_through if payoff else "",
    }


async def sheet_values(
    tx: Tx | ReadTx, gathered: Gathered, lender: Lender | None, person_id: PersonId, now: datetime
) -> dict[str, Value]:
    """What letters say besides."""
    loan = gathered.loan
    details = await people.vehicle_details(tx, loan.id)
    action = select(legal_action.c.document_sha256).where(legal_action.c.case_id == gathered.case.id)
    return {
        "address": await _address_of(tx, gathered, person_id),
        "lender_address": lender.address if lender else "",
        "counsel": lender.counsel if lender else "",
        "counsel_address": lender.counsel_address if lender else "",
        "vehicle": _vehicle(details or {}),
        "dossier": (await tx.execute(action)).scalar_one_or_none() or "",
        "on": local_date(now, loan.zone),
    }


async def sale_values(tx: Tx | ReadTx, gathered: Gathered, number: int | None = None) -> dict[str, Value]:
    """When and where the vehicle is sold, and what is owed as the legal desk has reckoned it: of the plan of
    this number, else of the one that stands. Empty where none does. A sum that is older than the last payment
    is told to nobody."""
    moves = await legal_actions.moves_of(tx, gathered.case.id)
    plans = [row for row in moves if row.sale is not None and number in (None, row.number)]
    plan = plans[-1] if plans else None
    later = [row for row in moves if plan is not None and row.number > plan.number]
    off = number is None and any(row.means == Meaning.CALLED_OFF for row in later)
    terms = plan.sale if plan is not None and not off else None
    if plan is None or terms is None:
        return {}
    found: dict[str, Value] = {"sale": terms}
    account = gathered.situation.account
    since = any(p.occurred_at >= plan.at for p in account.payments)
    if terms.owed_minor is not None and terms.owed_minor >= account.arrears.unpaid_minor and not since:
        found["payoff"] = str(Money(terms.owed_minor, gathered.loan.currency))
    return found


async def _address_of(tx: Tx | ReadTx, gathered: Gathered, person_id: PersonId) -> str:
    """Where a letter to the person would go; empty where the bank lists nowhere."""
    point = choose_point(gathered.situation.party(person_id), Channel.LETTER)
    if point is None:
        return ""
    return await points.value_of(tx, person_id, point.id)


def _vehicle(details: Mapping[str, Any]) -> str:
    named = " ".join(str(details[part]) for part in ("model_year", "make", "model") if details.get(part))
    return ", ".join(str(part) for part in (named, details.get("plate"), details.get("vin")) if part)


PERSONAL: Final = ("name", "address", "vehicle")
COVERED: Final = "■■■■"
"""In each of the packaged fonts."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A letter to look at. template: its kind. values: what the dossier does not know, by variable. clear:
    with what says who the borrower is, for who has a reveal; else that is covered."""

    loan_id: LoanId
    template: str
    language: str
    values: Mapping[str, str]
    clear: bool = False


async def drafted(
    tx: ReadTx, book: PackBook, lenders: Mapping[str, Lender], draft: Draft, now: datetime
) -> bytes:
    """The letter as canonical JSON, marked as a draft; nothing is recorded. Raises LookupError for a loan
    without a case, LetterError for what is missing."""
    gathered = await gather(tx, await _newest_case(tx, draft.loan_id), now)
    borrower = gathered.situation.borrower()
    if borrower is None:
        raise LetterError(
            "name", "missing, and the letter has to say it", "it comes with the bank's snapshot"
        )
    rules = rules_for(book, lenders, gathered, now)
    lender = lender_named(lenders, gathered.loan.lender)
    days = days_to_answer(_step(rules.strategy, draft.template), rules.strategy, rules.packs)
    name = await people.name_of(tx, borrower.person_id)
    known = common_values(gathered, lender, name, now)
    known |= await sheet_values(tx, gathered, lender, borrower.person_id, now)
    known["deadline"] = last_day(now, days, gathered.loan.zone)
    known |= {"sale": ""} | await sale_values(tx, gathered)
    known["payoff_until"] = known["payoff_until"] or local_date(now, gathered.loan.zone)
    if not draft.clear:
        # What is missing stays missing: that the letter cannot be written is what a draft is there to tell.
        known |= {name: COVERED for name in PERSONAL if known[name]}
    for name, value in draft.values.items():
        if name not in known:
            raise LookupError(f"--set: {name}: no letter has it; one of {', '.join(sorted(known))}")
        known[name] = _as_kind_of(known.get(name, ""), value, name)
    return write(draft.template, draft.language, known, contact="draft", draft=True)


def _as_kind_of(known: Value, told: str, name: str) -> Value:
    try:
        return date.fromisoformat(told) if isinstance(known, date) else told
    except ValueError:
        raise LetterError(name, "is no date", "give it like 2026-12-31") from None


def _step(strategy: Strategy, template: str) -> Step:
    """The ladder's own step that gives it, on paper where there is one, else one of no ladder."""
    own = [step for step in strategy.steps if step.template == template]
    own.sort(key=lambda step: step.channel is not Channel.LETTER)
    none = Step("letter", StepKind.REMIND, Stage.LEGAL, 0, channel=Channel.LETTER, template=template)
    return next(iter(own), none)


async def _newest_case(tx: ReadTx, loan_id: LoanId) -> CaseId:
    c = collection_case.c
    newest = select(c.id).where(c.loan_id == loan_id).order_by(c.episode.desc()).limit(1)
    found = (await tx.execute(newest)).scalar_one_or_none()
    if found is None:
        raise LookupError(f"loan {loan_id}: has no case; list them with `recourse cases list`")
    return CaseId(found)
