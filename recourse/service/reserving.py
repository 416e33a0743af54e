"""Contacts that others make: a dialler, an agency or a bot takes a slot of the caps before it dials.

What if the answer is lost, or the caller dies after it? The slot stays taken: who may have dialled has used
it. Only a caller that says for certain that it never dialled gives the slot back, however late it says so.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from recourse.domain.ids import CaseId, ContactPointId, LoanId, PersonId
from recourse.domain.law.gate import gate
from recourse.domain.law.holds import HOUSE
from recourse.domain.law.rules import Disclosure
from recourse.domain.law.verdict import ContactEffect, RefusalCode, Refused
from recourse.domain.situation import AttemptOutcome, Channel
from recourse.service import binding, contacting
from recourse.service.asking import note_refused, note_reserved
from recourse.service.context import Unit
from recourse.service.deciding import deliberate, locked
from recourse.service.noting import Pointless, RequestReused, Unknown
from recourse.storage import attempts, cases, ledger, people, steps
from recourse.storage.attempts import NewAttempt, Reservation
from recourse.storage.persons import of_same_person, persons_of
from recourse.storage.steps import StepRow


class Result(StrEnum):
    """What a caller says became of the contact."""

    CONNECTED = "connected"
    NOT_CONNECTED = "not_connected"
    SENT = "sent"
    NOT_MADE = contacting.NOT_MADE
    """Certainly never dialled nor sent: the slot is free again."""
    UNKNOWN = "unknown"


_SPOKEN = frozenset({Result.CONNECTED, Result.NOT_CONNECTED, Result.NOT_MADE, Result.UNKNOWN})
_WRITTEN = frozenset({Result.SENT, Result.NOT_MADE, Result.UNKNOWN})
_OUTCOME = {
    Result.CONNECTED: AttemptOutcome.CONNECTED,
    Result.NOT_CONNECTED: AttemptOutcome.NOT_CONNECTED,
    Result.SENT: AttemptOutcome.SENT,
    Result.NOT_MADE: AttemptOutcome.NOT_SENT,
    Result.UNKNOWN: AttemptOutcome.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class SlotRequest:
    """One contact about one loan. says: what it is about. request_id: the caller's own. bound: whether the
    caller may ask about the loans of his token only."""

    loan_id: LoanId
    person_id: PersonId
    contact_point_id: ContactPointId
    channel: Channel
    actor: str
    request_id: str
    says: Disclosure = Disclosure.DEBT
    bound: bool = False


@dataclass(frozen=True, slots=True)
class AnswerOwed:
    """The caller has not said what became of another contact with this person. attempt_id: of which.

    Who reserves and is silent would use up the caps of everybody who has a loan of the same person: one slot
    is what he can keep from them."""

    attempt_id: str


async def reserve(unit: Unit, request: SlotRequest) -> Reservation | Refused | AnswerOwed:
    """The slot, taken when this returns; or why the contact may not be made now. Safe to repeat with the same
    request id, which never takes a second slot, and is a no where something has come since that forbids it.

    Raises Unknown for a loan there is none of or that is not the caller's, RequestReused for a request id of
    another contact or of a reservation that is over.
    """
    key = _key(request)
    if request.bound:
        await binding.must_cover(unit, request.actor, request.loan_id)
    case = (await cases.open_of(unit.tx, [request.loan_id])).get(request.loan_id)
    if case is None:
        if request.loan_id not in await ledger.loans(unit.tx, [request.loan_id]):
            raise Unknown("loan: there is none of this id; list them with `recourse cases list`")
        return Refused(RefusalCode.CASE_CLOSED, HOUSE, detail="no open case")
    gathered = await locked(unit, case.id, contacting=True)
    before = await _before(unit, key, request)
    if before is None and (owed := await _owed(unit, request)) is not None:
        return AnswerOwed(owed)
    slot = await attempts.line(unit.tx, key)
    d = deliberate(unit, gathered if slot is None else contacting.without(gathered, slot))
    effect = ContactEffect(request.channel, request.person_id, request.contact_point_id, request.says)
    verdict = gate(effect, d.gathered.situation, d.rules.packs, unit.now)
    if isinstance(verdict, Refused):
        await note_refused(unit, d, effect, verdict, request.actor)
        return verdict
    if before is not None:
        return before
    until = contacting.begin_by(d, effect, unit.now, contacting.BY_A_MACHINE)
    new = _attempt(request, key, unit.now, case.id)
    await attempts.reserve(unit.tx, new, says=request.says.value, until=until)
    await note_reserved(unit, d, effect, key, request.actor)
    claimed = AttemptOutcome.CLAIMED
    return Reservation(key, request.actor, request.loan_id, request.channel, claimed, until, answered=False)


async def note_inbound(unit: Unit, request: SlotRequest) -> str:
    """A conversation that the person began: it takes no slot and asks no gate, and it is waited for after.
    Returns its id. Raises Unknown for a person who is not on the loan or not reached at the contact point,
    and for a loan that is not the caller's."""
    if request.bound:
        await binding.must_cover(unit, request.actor, request.loan_id)
    await unit.lock_loans([request.loan_id])
    if request.person_id not in await people.on_point(unit.tx, request.contact_point_id):
        raise Unknown("contact_point: this person is not reached at one of this id; see the dossier")
    if request.person_id not in await people.on_loan(unit.tx, request.loan_id):
        raise Unknown("person: is not on a loan of this id; see the dossier")
    key = _key(replace(request, request_id=f"inbound {request.request_id}"))
    case = (await cases.open_of(unit.tx, [request.loan_id])).get(request.loan_id)
    new = _attempt(request, key, unit.now, case.id if case else None)
    if not await attempts.add_inbound(unit.tx, new) and not await attempts.is_of(unit.tx, new):
        raise RequestReused("request_id: it stands for another conversation; choose a new one")
    return key


async def tell(unit: Unit, key: str, result: Result, actor: str, *, anybodys: bool = False) -> Reservation:
    """What became of it, once. What was left unknown is corrected by a better answer, however late.
    anybodys: also of one that another caller reserved, for whom our own people answer when he is silent.

    Raises Unknown for a reservation that this caller has none of, Pointless for a result its channel cannot
    have, RequestReused when another result stands already.
    """
    slot = await _of_caller(unit, key, actor, anybodys=anybodys)
    await unit.lock_loans([slot.loan_id])
    slot = await attempts.reservation(unit.tx, key) or slot
    permitted = _SPOKEN if slot.channel in {Channel.CALL, Channel.VISIT} else _WRITTEN
    if result not in permitted:
        raise Pointless(f"outcome: of a {slot.channel} it is one of {', '.join(sorted(permitted))}")
    outcome = _OUTCOME[result]
    if slot.state is outcome and slot.answered:
        return slot
    if slot.state not in {AttemptOutcome.CLAIMED, AttemptOutcome.UNKNOWN}:
        raise RequestReused(f"outcome: it is {slot.state} already, and stays so")
    await attempts.finish(unit.tx, key, outcome, disposition=result.value)
    case = (await cases.open_of(unit.tx, [slot.loan_id])).get(slot.loan_id)
    if case is not None:
        reason = f"{slot.channel} by somebody outside: {result}"
        row = StepRow(case.loan_id, case.id, case.decision, "attempt", unit.now, reason, case.strategy)
        await steps.append(unit.tx, replace(row, code=key, actor=actor))
    return await attempts.reservation(unit.tx, key) or slot


async def _before(unit: Unit, key: str, request: SlotRequest) -> Reservation | None:
    if not await attempts.is_known(unit.tx, key):
        return None
    same = await attempts.reservation(unit.tx, key, about=_about(request))
    if same is None:
        raise RequestReused("request_id: it stands for another contact; choose a new one")
    if same.state is not AttemptOutcome.CLAIMED or same.until <= unit.now:
        raise RequestReused("request_id: its reservation is over; ask again with a new one")
    return same


async def _owed(unit: Unit, request: SlotRequest) -> str | None:
    callers = await of_same_person(unit.tx, request.actor)
    return await attempts.unanswered(unit.tx, callers, _about(request), unit.now)


async def _of_caller(unit: Unit, key: str, actor: str, *, anybodys: bool) -> Reservation:
    slot = await attempts.reservation(unit.tx, key)
    if slot is not None and anybodys:
        return slot
    if slot is not None:
        who = await persons_of(unit.tx, (actor, slot.actor))
        if who[actor] == who[slot.actor]:
            return slot
    raise Unknown("attempt: you reserved none of this id")


def _attempt(request: SlotRequest, key: str, now: datetime, case_id: CaseId | None) -> NewAttempt:
    return NewAttempt(
        id=key,
        loan_id=request.loan_id,
        case_id=case_id,
        step_id=None,
        decision=None,
        channel=request.channel,
        person_id=request.person_id,
        contact_point_id=request.contact_point_id,
        at=now,
        actor=request.actor,
    )


def _about(request: SlotRequest) -> dict[str, str]:
    return {
        "loan_id": request.loan_id,
        "person_id": request.person_id,
        "contact_point_id": request.contact_point_id,
        "channel": request.channel,
        "says": request.says,
    }


def _key(request: SlotRequest) -> str:
    digest = hashlib.sha256(f"{request.actor}/{request.request_id}".encode()).hexdigest()
    return f"att-{digest[:32]}"
