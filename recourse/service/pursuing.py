"""Moves of a legal action, made by our lawyers or reported by the legal desk: one way for both.

A move that cannot be made writes nothing but a line of the diary, and says what is missing, by when, and
which rule wants it. What was made is a row that stays; the deadlines it starts wake the case by themselves.
"""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

from recourse.contracts.messages import Nudge
from recourse.domain.ids import CaseId
from recourse.domain.law.hours import local_date
from recourse.domain.law.rules import Move
from recourse.domain.legal.action import Asked, NotMade, may
from recourse.service import interlocks
from recourse.service.context import Unit
from recourse.service.deciding import decide_all, locked
from recourse.service.legal_moves import MOVED, Interlock, NewMove, Standing, line_of, standing_of, write
from recourse.service.noting import RequestReused, Unknown, own_id
from recourse.storage import cases, facts, legal_actions, permits, steps
from recourse.storage.cases import CaseRow
from recourse.storage.facts import NewFact
from recourse.storage.legal_actions import MoveRow

REFUSED = "legal_move_refused"
"""Event of the diary."""
PURSUE = ("legal",)
"""Roles that move a legal action."""


async def standing(unit: Unit, case_id: str) -> Standing:
    """Under the case's locks. Raises Unknown."""
    if await cases.get(unit.tx, CaseId(case_id)) is None:
        raise Unknown("case: there is none of this id; list them with `recourse cases list`")
    return await standing_of(unit, await locked(unit, case_id))


async def make_move(unit: Unit, new: NewMove) -> tuple[MoveRow | NotMade, tuple[Nudge, ...]]:
    """The move, or why not. Safe to repeat with the same request id: what was refused is asked anew, what was
    made is told again. Raises Unknown, and RequestReused for the id of another move."""
    now_known = await standing(unit, new.case_id)
    request = f"legal-{new.request_id or uuid.uuid4().hex}"
    before = await legal_actions.by_request(unit.tx, request)
    if before is not None:
        said = (before.case_id, before.code, before.on, dict(before.documents), before.actor, before.sale)
        if said != (new.case_id, new.code, new.on, dict(new.documents), new.actor, new.terms):
            raise RequestReused("request_id: it stands for another move; choose a new one")
        return before, tuple(await cases.undelivered_of(unit.tx, [before.loan_id]))
    row = await apply(unit, now_known, new, request)
    if isinstance(row, NotMade):
        return row, ()
    payload = {"move": row.id, "reason": row.code, "by": row.actor}
    return row, await take_note(unit, now_known.gathered.case, own_id(row.id, "made"), MOVED, payload)


async def apply(unit: Unit, s: Standing, new: NewMove, request: str) -> MoveRow | NotMade:
    """The move with its deadlines, its line of the diary and its message to the bank. Whoever calls tells the
    case, which may close by it."""
    loan, today = s.gathered.loan, local_date(unit.now, s.gathered.loan.zone)
    paid = await legal_actions.paid_part(unit.tx, loan.id, today)
    asked = Asked(new.code, new.on, today, frozenset(new.documents), paid, new.terms)
    found = may(s.procedure, s.action, asked)
    if isinstance(found, NotMade):
        await _note_refused(unit, s.gathered.case, new, found)
        return found
    lock = await interlocks.ask(unit, s, found, new.terms)
    if lock.refusal is not None and new.despite is None:
        await _note_refused(unit, s.gathered.case, new, lock.refusal, lock)
        return lock.refusal
    row = await write(unit, s, new, found, asked, lock, request)
    if found.begins is Move.RECOVERY and lock.permit is not None:
        # The car is here: nobody is to be recalled any more.
        await permits.change(unit.tx, lock.permit.id, ended_at=unit.now, answer=found.code)
    return row


async def take_note(
    unit: Unit, case: CaseRow, event_id: str, kind: str, payload: dict[str, Any]
) -> tuple[Nudge, ...]:
    """A fact about this very case, open or closed, and what it means for its plan."""
    disposition = "applied" if case.closed_at is None else "case_closed"
    new = NewFact(event_id, kind, unit.now, payload, loan_id=case.loan_id, disposition=disposition)
    [fact_id] = await facts.append(unit.tx, [new])
    if case.closed_at is not None:
        return ()
    await cases.raise_facts_due(unit.tx, {case.id: fact_id})
    await decide_all(unit, [case.id])
    nudges = await cases.undelivered_of(unit.tx, [case.loan_id])
    return tuple(replace(nudge, kinds=(kind,)) for nudge in nudges)


async def _note_refused(
    unit: Unit, case: CaseRow, new: NewMove, why: NotMade, lock: Interlock | None = None
) -> None:
    """Once for the same question with the same answer: who tries again and again would fill the diary."""
    days = f", open from {why.opens_on}" if why.opens_on else ""
    days += f", until {why.passed_on}" if why.passed_on else ""
    missing = f" ({', '.join(why.missing)})" if why.missing else ""
    row = line_of(unit, case, REFUSED, f"{new.code} on {new.on} refused: {why.code}{missing}{days}")
    question = {
        "kind": "legal_move",
        "move": new.code,
        "on": new.on.isoformat(),
        "has": sorted(new.documents),
    }
    row = replace(row, code=why.code, source=why.source or None, actor=new.actor, asked=question)
    if lock is not None and lock.inputs is not None:
        row = replace(row, inputs=lock.inputs, asked=lock.asked, opens_at=lock.opens_at)
    if not await steps.refused_before(unit.tx, row):
        await steps.append(unit.tx, row)
