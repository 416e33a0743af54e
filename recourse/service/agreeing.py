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
    AgreementKind,
    AgreementState,
    Terms,
    parts_of,
)
from recourse.domain.alarms import CHASE_BOOKING
from recourse.domain.law.hours import local_date
from recourse.service import authorising, telling_agreements
from recourse.service.authorising import NotAuthorised
from recourse.service.context import Unit
from recourse.service.deciding import locked
from recourse.service.noting import Pointless, RequestReused, Unknown, own_id, record
from recourse.storage import cases, facts, money_agreements, tasks
from recourse.storage.money_agreements import AgreementRow
from recourse.storage.persons import persons_of
from recourse.storage.situation import Gathered

PROPOSERS = ("agent", "lead", "legal")


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
    beyond = await authorising.must_be_anybodys(unit, gathered, proposal.terms, proposal.role)
    return AgreementRow(
        id=key,
        loan_id=gathered.case.loan_id,
        case_id=gathered.case.id,
        terms=proposal.terms,
        state=AgreementState.PROPOSED,
        proposed_at=unit.now,
        proposed_by=proposal.actor,
        proposed_as=proposal.role,
        beyond=beyond,
        authority=unit.book.authority.name,
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
    await authorising.must_reach(unit, gathered, row, ruling.role)
    return await _put_in_force(unit, gathered, row, ruling)


async def decline(unit: Unit, ruling: Ruling) -> Answer:
    """By anybody with authority over the kind. Raises as `approve` does."""
    row, gathered, done = await _open(unit, ruling, "declined", AgreementState.PROPOSED)
    if done:
        return row, await _undelivered(unit, row)
    authorising.must_have_a_say(unit, gathered, row, ruling.role)
    return await _end(unit, row, ruling, AgreementState.DECLINED, "declined")


async def cancel(unit: Unit, ruling: Ruling) -> Answer:
    """A proposal, by its proposer or anybody with authority over the kind; one in force, by whose authority
    reaches so far; a settlement that was paid and that the bank does not book, by two persons one after the
    other. The ladder goes on from the debt's own dates. Raises as `approve` does."""
    states = (AgreementState.PROPOSED, *IN_FORCE, AgreementState.KEPT)
    row, gathered, done = await _open(unit, ruling, "cancelled", *states)
    if done:
        return row, await _undelivered(unit, row)
    if row.state is AgreementState.KEPT:
        return await _cancel_paid(unit, gathered, row, ruling)
    who = await persons_of(unit.tx, (row.proposed_by, ruling.actor))
    if row.state in IN_FORCE:
        authorising.must_reach_alone(unit, gathered, row, ruling.role)
    elif who[row.proposed_by] != who[ruling.actor]:
        authorising.must_have_a_say(unit, gathered, row, ruling.role)
    told = row.state in IN_FORCE
    if told:
        data = {"agreement_id": row.id, "code": ruling.code or "cancelled"}
        await telling_agreements.tell(unit, gathered, "recourse.agreement.cancelled.v1", data)
    return await _end(unit, row, ruling, AgreementState.CANCELLED, "cancelled")


async def _cancel_paid(unit: Unit, gathered: Gathered, row: AgreementRow, ruling: Ruling) -> Answer:
    """The borrower has done what he promised, so one person alone does not take it from him. The first asks
    with the reason, the second confirms that very reason; a payment taken back in between begins it anew."""
    if row.kind is not AgreementKind.SETTLEMENT:
        raise Pointless(f"agreement: the {row.kind} was kept; nothing of it is left to cancel")
    if gathered.case.closed_at is not None:
        raise Pointless(f"case: is closed ({gathered.case.closed_reason}); the bank has booked it")
    if not ruling.code:
        raise Pointless("code: why a paid settlement is cancelled; it stays on record")
    event = own_id(row.id, "cancel_asked", ruling.request_id or uuid.uuid4().hex)
    if await facts.payload_of(unit.tx, event) is not None:
        return row, await _undelivered(unit, row)
    if row.cancel_asked_at is None or (row.judged_at is not None and row.cancel_asked_at < row.judged_at):
        return await _ask_to_cancel(unit, gathered, row, ruling, event)
    who = await persons_of(unit.tx, (row.cancel_asked_by, ruling.actor))
    if who[row.cancel_asked_by] == who[ruling.actor]:
        raise NotAuthorised("canceller: is who asked for it; another person has to confirm")
    if ruling.code != row.cancel_code:
        raise Pointless(f"code: it was asked for as {row.cancel_code}; confirm that, or leave it")
    authorising.must_reach_alone(unit, gathered, row, ruling.role)
    chase = f"{CHASE_BOOKING}-{row.id}"
    open_tasks = [task.id for task in gathered.situation.tasks if task.step_id == chase]
    await tasks.end(unit.tx, open_tasks, "cancelled")
    data = {"agreement_id": row.id, "code": ruling.code}
    await telling_agreements.tell(unit, gathered, "recourse.agreement.cancelled.v1", data)
    return await _end(unit, row, ruling, AgreementState.CANCELLED, "cancelled")


async def _ask_to_cancel(
    unit: Unit, gathered: Gathered, row: AgreementRow, ruling: Ruling, event: str
) -> Answer:
    authorising.must_have_a_say(unit, gathered, row, ruling.role)
    await money_agreements.ask_to_cancel(
        unit.tx, row.id, by=ruling.actor, as_role=ruling.role, at=unit.now, code=ruling.code
    )
    payload = {"agreement": row.id, "by": ruling.actor, "reason": ruling.code}
    kind = "agreement_cancel_asked"
    nudges = await record(unit, event, kind, payload, [row.loan_id], None, ruling.actor)
    return await money_agreements.get(unit.tx, row.id) or row, nudges


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


async def _put_in_force(unit: Unit, gathered: Gathered, row: AgreementRow, ruling: Ruling) -> Answer:
    state = AgreementState.ACTIVE if parts_of(row.terms) else AgreementState.APPROVED
    await money_agreements.decide(
        unit.tx, row.id, state, by=ruling.actor, as_role=ruling.role, at=unit.now, since=unit.now
    )
    terms = telling_agreements.terms_told(row.terms, gathered.loan.currency)
    told = {"agreement_id": row.id, "kind": row.kind.value} | terms
    await telling_agreements.tell(unit, gathered, "recourse.agreement.approved.v1", told)
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
