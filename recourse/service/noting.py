"""Facts that people and providers report: holds, receipts; and how any such fact is kept.

Fact first: the row is written and counts from this commit on; the nudge that follows may fail and be swept.
Every function returns the nudges of the cases that must be told.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from recourse.contracts.messages import Nudge
from recourse.domain.calendar import months_before
from recourse.domain.ids import LoanId, PersonId
from recourse.domain.law import holds
from recourse.domain.law.gate import Packs
from recourse.domain.law.holds import Term
from recourse.domain.situation import Action, AskedBy, Hold, HoldReason
from recourse.service import telling_holds
from recourse.service.applying import laws_of
from recourse.service.context import Unit
from recourse.service.deciding import decide_all
from recourse.storage import (
    agreements,
    cases,
    disputes,
    facts,
    ledger,
    people,
    receipts,
    steps,
)
from recourse.storage.agreements import HoldState, NewHold
from recourse.storage.facts import NewFact
from recourse.storage.ledger import LoanRow
from recourse.storage.steps import StepRow


class Unknown(LookupError):
    """What the caller named does not exist; the text says where to look."""


LONGEST_HOLD = timedelta(days=10 * 366)
"""Beyond it an end is a mistake or stands for "never" (9999-12-31), and nothing can be reckoned from it: with
such a row every later decision about the loan would fail."""


class Pointless(ValueError):
    """What was asked would change nothing or cannot be meant, and saying yes would be a lie; the text names
    the field."""


class RequestReused(ValueError):
    """The id was used before for something else: nothing was done under it now. The text names the field."""


@dataclass(frozen=True, slots=True)
class HoldRequest:
    """On a person (every loan of his) or on one loan. source: opaque id of what it rests on. until: business
    instant, which may lengthen the law's days and never shortens them; None for the law's. stops: what it
    shall stop besides what the law says for the reason."""

    reason: HoldReason
    actor: str
    source: str
    until: datetime | None = None
    stops: frozenset[Action] = frozenset()
    person_id: PersonId | None = None
    loan_id: LoanId | None = None
    request_id: str = ""
    asked_by: AskedBy | None = None


def own_id(*parts: str) -> str:
    """The id of a fact of ours. Its parts are joined by a space, which no `ce_id` may contain: the log keeps
    one row an id, and an event of the bank under our id would stand in our fact's way."""
    return " ".join(parts)


@dataclass(frozen=True, slots=True)
class Placed:
    """state: of now, which is not in force where a request is repeated whose hold was lifted or has ended.

    until: None for until lifted. rule, source: the law's rule that set the end; empty where the caller did.
    again: the law gives such a hold once in so many months, and one before this began then. stops: all that
    it stops on each of its loans, by the law and by the request.
    """

    id: str
    state: HoldState = HoldState.IN_FORCE
    until: datetime | None = None
    rule: str = ""
    source: str = ""
    again: datetime | None = None
    stops: frozenset[Action] = frozenset()


async def place_hold(unit: Unit, request: HoldRequest) -> tuple[Placed, tuple[Nudge, ...]]:
    """Effective when this returns: every claim takes the same locks. Its end is the law's, or a later one;
    what it stops is what the law says and what the request adds, and the bank is told of it.

    Raises Unknown for a subject there is none of, RequestReused for a request id of another hold, Pointless
    for an end that has passed or lies beyond LONGEST_HOLD.
    """
    key = f"hold-{request.request_id or uuid.uuid4().hex}"
    loans = await _lock_subject(unit, request.person_id, request.loan_id)
    laws = await laws_of(unit, loans)
    term = _term(unit, request, laws)
    new = NewHold(
        id=key,
        reason=request.reason,
        since=unit.now,
        until=term.until,
        stops=request.stops,
        placed_by=request.actor,
        source=request.source,
        person_id=request.person_id,
        loan_id=request.loan_id,
        rule=f"{term.pack} {term.rule}" if term.rule else None,
        rule_source=term.source if term.rule else None,
        asked_by=request.asked_by,
    )
    state = await agreements.hold_state(unit.tx, key, unit.now)
    if state is not None:
        if not await agreements.is_placed(unit.tx, new, named=request.until):
            raise RequestReused("request_id: it stands for another hold; choose a new one")
        return await _placed(unit, new, state, term, laws), tuple(await cases.undelivered_of(unit.tx, loans))
    if request.until is not None:
        _check_end(request.until, unit.now)
    await agreements.add_hold(unit.tx, new)
    payload = {"hold": key, "reason": request.reason.value, "by": request.actor, "source": request.source}
    event = own_id(key, "placed")
    nudges = await record(unit, event, "hold_placed", payload, loans, request.person_id, request.actor)
    await telling_holds.follow(unit, loans)
    return await _placed(unit, new, HoldState.IN_FORCE, term, laws), nudges


def _check_end(until: datetime, now: datetime) -> None:
    if until <= now:
        raise Pointless("until: has passed, so the hold would stop nothing")
    if until > now + LONGEST_HOLD:
        raise Pointless("until: more than ten years ahead; leave it out for an end that the law sets")


Laws = Sequence[tuple[LoanRow, Packs]]


def _term(unit: Unit, request: HoldRequest, laws: Laws) -> Term:
    """A person may have loans under several laws: the one that protects longest sets the end."""
    reason, named = request.reason, request.until
    terms = [holds.term(reason, packs, unit.now, loan.zone, named) for loan, packs in laws]
    return holds.most_protective(terms or [Term(named)])


async def _placed(unit: Unit, new: NewHold, state: HoldState, term: Term, laws: Laws) -> Placed:
    """As it stands in the table: where the request is repeated on another day, the first day sets the end."""
    key = new.id
    row = await agreements.placed(unit.tx, key)
    again = None
    if term.once_in_months is not None:
        earliest = months_before(row.since, term.once_in_months)
        again = await agreements.begun_before(unit.tx, key, after=earliest)
    hold = Hold(key, new.reason, row.since, row.until, new.stops)
    scopes = [holds.scope(hold, packs) for _, packs in laws]
    stops = frozenset.intersection(*scopes) if scopes else new.stops
    return Placed(key, state, row.until, row.rule or "", row.rule_source or "", again, stops)


async def lift_hold(unit: Unit, key: str, actor: str) -> tuple[Nudge, ...]:
    """Raises Unknown, and Pointless for the hold of a dispute that nobody has answered yet. Lifting twice is
    harmless."""
    subject = await agreements.hold_subject(unit.tx, key)
    if subject is None:
        raise Unknown(f"hold {key}: there is none; see `recourse cases show CASE`")
    loans = await _lock_subject(unit, *subject)
    if (dispute := await disputes.unanswered(unit.tx, key)) is not None:
        raise Pointless(f"hold: it stands until {dispute} is answered; see `recourse disputes answer`")
    if not await agreements.lift_hold(unit.tx, key, actor, unit.now):
        return ()
    event = own_id(key, "lifted")
    told = await record(unit, event, "hold_lifted", {"hold": key, "by": actor}, loans, subject[0], actor)
    await telling_holds.follow(unit, loans)
    return told


async def _lock_subject(unit: Unit, person_id: PersonId | None, loan_id: LoanId | None) -> Sequence[LoanId]:
    if person_id is not None:
        loans = await unit.lock_person(person_id)
        if not await people.is_known(unit.tx, person_id):
            raise Unknown("person: there is none of this id; see who is on a loan in its dossier")
        return loans
    if loan_id is None or loan_id not in await ledger.loans(unit.tx, [loan_id]):
        raise Unknown("loan: there is none of this id; list them with `recourse cases list`")
    await unit.lock_loans([loan_id])
    return [loan_id]


async def record(
    unit: Unit,
    event_id: str,
    kind: str,
    payload: dict[str, Any],
    loans: Sequence[LoanId],
    person_id: PersonId | None,
    actor: str,
    *,
    code: str | None = None,
) -> tuple[Nudge, ...]:
    """One row in the log, a line in each open case's diary, what it means for the plan, and the nudges."""
    open_cases = await cases.open_of(unit.tx, loans)
    new = NewFact(
        event_id=event_id,
        kind=kind,
        occurred_at=unit.now,
        payload=payload,
        person_id=person_id,
        loan_id=None if person_id else loans[0],
        disposition="applied" if open_cases else "no_open_case",
    )
    [fact_id] = await facts.append(unit.tx, [new])
    await cases.raise_facts_due(unit.tx, {case.id: fact_id for case in open_cases.values()})
    for case in open_cases.values():
        row = StepRow(
            case.loan_id,
            case.id,
            case.decision,
            kind,
            unit.now,
            kind.replace("_", " "),
            case.strategy,
            code=code or payload.get("reason"),
            actor=actor,
        )
        await steps.append(unit.tx, row)
    await decide_all(unit, [case.id for case in open_cases.values()])
    return tuple(replace(nudge, kinds=(kind,)) for nudge in await cases.undelivered_of(unit.tx, loans))


async def note_receipt(unit: Unit, provider_ref: str, state: str) -> None:
    """A provider's delivery receipt; it changes no plan, it is evidence."""
    await receipts.add(unit.tx, provider_ref, state, unit.now)
