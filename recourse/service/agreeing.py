"""Money agreements: proposed by one person, decided by whose authority reaches so far, never both by one.

A proposal within its proposer's own limits is in force at once. Whoever decides is asked for it again under
the case's locks: the limits, the two persons, and whether the terms can still be meant on that day.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from typing import Any

from recourse.contracts.messages import Nudge
from recourse.domain import agreements as domain
from recourse.domain.agreements import (
    IN_FORCE,
    AgreementState,
    Extension,
    PaymentPlan,
    Restructure,
    Settlement,
    Terms,
    Waiver,
    parts_of,
)
from recourse.domain.law.hours import local_date
from recourse.service.context import Unit
from recourse.service.deciding import locked
from recourse.service.noting import Pointless, RequestReused, Unknown, own_id, record
from recourse.storage import cases, facts, money_agreements, outbox
from recourse.storage.money_agreements import AgreementRow
from recourse.storage.persons import persons_of
from recourse.storage.situation import Gathered

PROPOSERS = ("agent", "lead", "legal")


class NotAuthorised(Exception):
    """This person may not decide this; the text names the limit, and who may."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """actor: opaque id of the person. role: as what he acts. request_id: of the caller's own choosing."""

    case_id: str
    terms: Terms
    actor: str
    role: str
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Ruling:
    """A person's yes or no, or the end of an agreement. code: why, for a no or an end."""

    agreement_id: str
    actor: str
    role: str
    request_id: str = ""
    code: str = ""


Answer = tuple[AgreementRow, tuple[Nudge, ...]]


async def propose(unit: Unit, proposal: Proposal) -> Answer:
    """In force when this returns, or proposed, where somebody else has to approve it.

    Raises Unknown, RequestReused, Pointless for terms that cannot be meant, NotAuthorised where nobody's
    authority reaches so far.
    """
    gathered = await _of_case(unit, proposal.case_id)
    key = f"agr-{proposal.request_id or uuid.uuid4().hex}"
    before = await money_agreements.get(unit.tx, key)
    if before is not None:
        if (before.case_id, before.terms, before.proposed_by) != (
            gathered.case.id,
            proposal.terms,
            proposal.actor,
        ):
            raise RequestReused("request_id: it stands for another agreement; choose a new one")
        return before, await _undelivered(unit, before)
    if proposal.role not in PROPOSERS:
        raise NotAuthorised(f"role: {proposal.role} proposes no agreements; {', '.join(PROPOSERS)} do")
    await _check(unit, gathered, proposal.terms)
    row = await _row(unit, gathered, proposal, key)
    await money_agreements.add(unit.tx, row)
    payload = {"agreement": key, "by": row.proposed_by, "reason": row.kind.value}
    nudges = await _note(unit, row, "proposed", payload, row.proposed_by)
    if row.beyond:
        return row, nudges
    alone = Ruling(key, row.proposed_by, row.proposed_as, proposal.request_id)
    return await _put_in_force(unit, gathered, row, alone)


async def _row(unit: Unit, gathered: Gathered, proposal: Proposal, key: str) -> AgreementRow:
    """Raises NotAuthorised where nobody could ever approve it."""
    authority, asked = unit.book.authority, _measure(unit, gathered, proposal.terms)
    kind = domain.AgreementKind(proposal.terms.kind)
    currency = gathered.loan.currency
    if not authority.roles_for(kind, asked, currency):
        raise NotAuthorised(f"terms: beyond everybody's authority for a {kind} ({authority.name})")
    beyond = authority.beyond(kind, proposal.role, asked, currency)
    return AgreementRow(
        id=key,
        loan_id=gathered.case.loan_id,
        case_id=gathered.case.id,
        terms=proposal.terms,
        state=AgreementState.PROPOSED,
        proposed_at=unit.now,
        proposed_by=proposal.actor,
        proposed_as=proposal.role,
        beyond=("kind",) if beyond is None else beyond,
        authority=authority.name,
    )


async def approve(unit: Unit, ruling: Ruling) -> Answer:
    """Raises Unknown, Pointless for what is decided already or cannot be meant any more, NotAuthorised for
    the proposer himself and for whose limits do not reach so far."""
    row, gathered, done = await _open(unit, ruling, "approved", AgreementState.PROPOSED)
    if done:
        return row, await _undelivered(unit, row)
    who = await persons_of(unit.tx, (row.proposed_by, ruling.actor))
    if who[row.proposed_by] == who[ruling.actor]:
        raise NotAuthorised("approver: is who proposed it; another person has to approve")
    await _check(unit, gathered, row.terms)
    _has_authority(unit, gathered, row, ruling.role)
    return await _put_in_force(unit, gathered, row, ruling)


async def decline(unit: Unit, ruling: Ruling) -> Answer:
    """By anybody with authority over the kind. Raises as `approve` does."""
    row, gathered, done = await _open(unit, ruling, "declined", AgreementState.PROPOSED)
    if done:
        return row, await _undelivered(unit, row)
    _has_a_say(unit, gathered, row, ruling.role)
    return await _end(unit, row, ruling, AgreementState.DECLINED, "declined")


async def cancel(unit: Unit, ruling: Ruling) -> Answer:
    """A proposal, by its proposer or anybody with authority over the kind; one in force, by whose authority
    reaches so far. The ladder goes on from the debt's own dates. Raises as `approve` does."""
    row, gathered, done = await _open(unit, ruling, "cancelled", AgreementState.PROPOSED, *IN_FORCE)
    if done:
        return row, await _undelivered(unit, row)
    who = await persons_of(unit.tx, (row.proposed_by, ruling.actor))
    if row.state in IN_FORCE:
        _has_authority(unit, gathered, row, ruling.role)
    elif who[row.proposed_by] != who[ruling.actor]:
        _has_a_say(unit, gathered, row, ruling.role)
    told = row.state in IN_FORCE
    if told:
        data = {"agreement_id": row.id, "code": ruling.code or "cancelled"}
        await _tell(unit, gathered, "recourse.agreement.cancelled.v1", data)
    return await _end(unit, row, ruling, AgreementState.CANCELLED, "cancelled")


async def _of_case(unit: Unit, case_id: str) -> Gathered:
    try:
        return await locked(unit, case_id)
    except LookupError as error:
        raise Unknown(str(error.args[0])) from None


async def _open(
    unit: Unit, ruling: Ruling, event: str, *states: AgreementState
) -> tuple[AgreementRow, Gathered, bool]:
    """The agreement under its case's locks, and whether this very request was answered before."""
    row = await money_agreements.get(unit.tx, ruling.agreement_id)
    if row is None:
        raise Unknown(f"agreement {ruling.agreement_id}: there is none; see `recourse agreements list`")
    gathered = await _of_case(unit, row.case_id)
    row = await money_agreements.get(unit.tx, row.id) or row
    said = await facts.payload_of(unit.tx, own_id(row.id, event))
    if said is not None and (said["by"], said["request"]) == (ruling.actor, ruling.request_id):
        return row, gathered, True
    if row.state not in states:
        raise Pointless(f"agreement: is {row.state} already")
    return row, gathered, False


async def _check(unit: Unit, gathered: Gathered, terms: Terms) -> None:
    """Whether it can be meant now. Raises Pointless."""
    case, account = gathered.case, gathered.situation.account
    if case.closed_at is not None:
        raise Pointless(f"case: is closed ({case.closed_reason}); there is nothing to agree on")
    running = {a.kind for a in gathered.situation.agreements if a.state in IN_FORCE}
    if terms.kind in running:
        raise Pointless(f"kind: a {terms.kind} is in force already; cancel it first")
    arrears = account.arrears
    today = local_date(unit.now, gathered.loan.zone)
    wrong = domain.problem(terms, arrears.unpaid_minor, len(arrears.installments), today)
    if wrong is not None:
        raise Pointless(wrong)


def _measure(unit: Unit, gathered: Gathered, terms: Terms) -> domain.Measure:
    today = local_date(unit.now, gathered.loan.zone)
    return domain.measure(terms, gathered.situation.account.arrears.unpaid_minor, today)


def _has_authority(unit: Unit, gathered: Gathered, row: AgreementRow, role: str) -> None:
    authority, asked = unit.book.authority, _measure(unit, gathered, row.terms)
    currency = gathered.loan.currency
    beyond = authority.beyond(row.kind, role, asked, currency)
    if beyond != ():
        what = "kind" if beyond is None else ", ".join(beyond)
        who = ", ".join(authority.roles_for(row.kind, asked, currency)) or "nobody"
        raise NotAuthorised(f"role: beyond the authority of {role} in {what} ({authority.name}); may: {who}")


def _has_a_say(unit: Unit, gathered: Gathered, row: AgreementRow, role: str) -> None:
    asked = _measure(unit, gathered, row.terms)
    if unit.book.authority.beyond(row.kind, role, asked, gathered.loan.currency) is None:
        raise NotAuthorised(f"role: {role} has no authority over a {row.kind} ({unit.book.authority.name})")


async def _put_in_force(unit: Unit, gathered: Gathered, row: AgreementRow, ruling: Ruling) -> Answer:
    state = AgreementState.ACTIVE if parts_of(row.terms) else AgreementState.APPROVED
    await money_agreements.decide(
        unit.tx, row.id, state, by=ruling.actor, as_role=ruling.role, at=unit.now, since=unit.now
    )
    told = {"agreement_id": row.id, "kind": row.kind.value} | _told(row.terms, gathered.loan.currency)
    await _tell(unit, gathered, "recourse.agreement.approved.v1", told)
    payload = {
        "agreement": row.id,
        "by": ruling.actor,
        "request": ruling.request_id,
        "reason": row.kind.value,
    }
    nudges = await _note(unit, row, "approved", payload, ruling.actor)
    return await money_agreements.get(unit.tx, row.id) or row, nudges


async def _end(unit: Unit, row: AgreementRow, ruling: Ruling, state: AgreementState, event: str) -> Answer:
    code = ruling.code or None
    await money_agreements.decide(
        unit.tx, row.id, state, by=ruling.actor, as_role=ruling.role, at=unit.now, code=code
    )
    payload = {"agreement": row.id, "by": ruling.actor, "request": ruling.request_id, "reason": ruling.code}
    nudges = await _note(unit, row, event, payload, ruling.actor)
    return replace(row, state=state, decided_at=unit.now, decided_by=ruling.actor, code=code), nudges


async def _note(
    unit: Unit, row: AgreementRow, event: str, payload: dict[str, Any], actor: str
) -> tuple[Nudge, ...]:
    """A fact, a line in the diary, and what it means for the plan."""
    kind = f"agreement_{event}"
    return await record(unit, own_id(row.id, event), kind, payload, [row.loan_id], None, actor)


async def _undelivered(unit: Unit, row: AgreementRow) -> tuple[Nudge, ...]:
    return tuple(await cases.undelivered_of(unit.tx, [row.loan_id]))


async def _tell(unit: Unit, gathered: Gathered, type_: str, data: dict[str, Any]) -> None:
    about = {"loan_id": gathered.case.loan_id, "episode": gathered.case.episode}
    await outbox.put(unit.tx, gathered.case.loan_id, type_, unit.now, about | data)


def _told(terms: Terms, currency: str) -> dict[str, Any]:
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
