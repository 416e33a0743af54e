"""Moves of a legal action, made by our lawyers or reported by the legal desk: one way for both.

A move that cannot be made writes nothing but a line of the diary, and says what is missing, by when, and
which rule wants it. What was made is a row that stays; the deadlines it starts wake the case by themselves.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from recourse.contracts.messages import Nudge
from recourse.domain.alarms import LEGAL_DEADLINE, LEGAL_MISSED, LEGAL_OVER, legal_alarm
from recourse.domain.ids import CaseId
from recourse.domain.law.hours import local_date, start_of_day
from recourse.domain.law.rules import Move
from recourse.domain.legal.action import Asked, LegalAction, NotMade, after, may
from recourse.domain.legal.procedure import LegalMove, Procedure
from recourse.domain.situation import StepOutcome
from recourse.packs.record import digest_of, plain
from recourse.service import interlocks
from recourse.service.context import Unit
from recourse.service.deciding import decide_all, locked
from recourse.service.interlocks import Interlock
from recourse.service.noting import RequestReused, Unknown, own_id
from recourse.storage import cases, facts, legal_actions, outbox, permits, steps, tasks
from recourse.storage.cases import CaseRow
from recourse.storage.facts import NewFact
from recourse.storage.legal_actions import DeadlineRow, MoveRow
from recourse.storage.situation import Gathered
from recourse.storage.steps import StepRow

MOVED, REFUSED = "legal_move", "legal_move_refused"
"""Events of the diary."""
PURSUE = ("legal",)
"""Roles that move a legal action."""


@dataclass(frozen=True, slots=True)
class NewMove:
    """on: the day it happened, at the lender's place. documents: kind of paper -> its opaque id or hash.
    despite: of a move that has happened although the gate or a permit says no, the id of what explains it.
    status_id: of the report of the desk that it comes by."""

    case_id: str
    code: str
    on: date
    documents: Mapping[str, str]
    actor: str
    request_id: str = ""
    despite: str | None = None
    status_id: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """The legal action of a case as it is now, and the procedure of the borrower's place."""

    gathered: Gathered
    procedure: Procedure
    moves: Sequence[MoveRow]
    deadlines: Sequence[DeadlineRow]

    @property
    def action(self) -> LegalAction:
        return legal_actions.action_of(self.moves, self.deadlines)


async def standing(unit: Unit, case_id: str) -> Standing:
    """Under the case's locks. Raises Unknown."""
    if await cases.get(unit.tx, CaseId(case_id)) is None:
        raise Unknown("case: there is none of this id; list them with `recourse cases list`")
    gathered = await locked(unit, case_id)
    procedure = unit.book.procedure(gathered.borrower_region)
    moves = await legal_actions.moves_of(unit.tx, gathered.case.id)
    return Standing(gathered, procedure, moves, await legal_actions.deadlines_of(unit.tx, gathered.case.id))


async def make_move(unit: Unit, new: NewMove) -> tuple[MoveRow | NotMade, tuple[Nudge, ...]]:
    """The move, or why not. Safe to repeat with the same request id: what was refused is asked anew, what was
    made is told again. Raises Unknown, and RequestReused for the id of another move."""
    now_known = await standing(unit, new.case_id)
    request = f"legal-{new.request_id or uuid.uuid4().hex}"
    before = await legal_actions.by_request(unit.tx, request)
    if before is not None:
        said = (before.case_id, before.code, before.on, dict(before.documents), before.actor)
        if said != (new.case_id, new.code, new.on, dict(new.documents), new.actor):
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
    asked = Asked(new.code, new.on, today, frozenset(new.documents), paid)
    found = may(s.procedure, s.action, asked)
    if isinstance(found, NotMade):
        await _note_refused(unit, s.gathered.case, new, found)
        return found
    lock = await interlocks.ask(unit, s.gathered, found, s.moves)
    if lock.refusal is not None and new.despite is None:
        await _note_refused(unit, s.gathered.case, new, lock.refusal, lock)
        return lock.refusal
    row = await _write(unit, s, new, found, asked, lock, request)
    await _follow_deadlines(unit, s, found, row)
    if found.begins is Move.RECOVERY and lock.permit is not None:
        # The car is here: nobody is to be recalled any more.
        await permits.change(unit.tx, lock.permit.id, ended_at=unit.now, answer=found.code)
    await _tell(unit, s.gathered.case, row, lock)
    return row


async def _write(
    unit: Unit, s: Standing, new: NewMove, move: LegalMove, asked: Asked, lock: Interlock, request: str
) -> MoveRow:
    case, rules = s.gathered.case, plain(s.procedure)
    known: dict[str, Any] = {"today": asked.today.isoformat()}
    if move.once_paid is not None:
        known["paid"] = str(asked.paid) if asked.paid is not None else None
    if lock.permit is not None:
        known["permit"] = lock.permit.id
    if lock.refusal is not None and new.despite is not None:
        known |= {"refused": lock.refusal.code, "despite": new.despite}
    number = len(s.moves) + 1
    row = MoveRow(
        id=f"legal-move-{case.id}-{number}",
        loan_id=case.loan_id,
        case_id=case.id,
        number=number,
        code=move.code,
        track=move.track,
        state=move.to,
        on=new.on,
        occurred_at=start_of_day(new.on, s.gathered.loan.zone),
        gives=move.gives,
        means=move.means.value if move.means is not None else None,
        documents=dict(new.documents),
        procedure=s.procedure.name,
        rules_digest=digest_of(rules),
        source=move.source.title,
        mark=move.source.mark.value,
        actor=new.actor,
        at=unit.now,
        known=known,
        request_id=request,
        status_id=new.status_id,
    )
    await legal_actions.keep_procedure(unit.tx, row.rules_digest, rules)
    await legal_actions.add_move(unit.tx, row)
    return row


async def _follow_deadlines(unit: Unit, s: Standing, move: LegalMove, row: MoveRow) -> None:
    """What the move ends, with the tasks that asked for it, and what it starts."""
    then = after(s.procedure, s.action, move, row.on)
    ended = [
        kept.id
        for kept, now in zip(s.deadlines, then.deadlines, strict=False)
        if kept.met_on is None and now.met_on is not None
    ]
    await legal_actions.end(unit.tx, ended, row.on)
    await _end_tasks(unit, s.gathered.case, ended, row)
    zone, rules = (
        s.gathered.loan.zone,
        {rule.code: rule for rule in s.procedure.started_by(move.code, row.on)},
    )
    fresh = [
        DeadlineRow(
            id=f"{row.case_id}-{running.number}-{running.code}",
            loan_id=row.loan_id,
            case_id=row.case_id,
            number=running.number,
            code=running.code,
            whose=running.whose.value,
            ends_on=running.ends_on,
            warn_on=running.warn_on,
            warn_at=start_of_day(running.warn_on, zone),
            ends_at=start_of_day(running.ends_on + timedelta(days=1), zone),
            ended_by=sorted(running.ended_by),
            source=rules[running.code].source.title,
            mark=rules[running.code].source.mark.value,
        )
        for running in then.deadlines[len(s.deadlines) :]
    ]
    await legal_actions.start(unit.tx, fresh)


async def _end_tasks(unit: Unit, case: CaseRow, deadlines: Sequence[str], row: MoveRow) -> None:
    kinds = (LEGAL_DEADLINE, LEGAL_MISSED, LEGAL_OVER)
    named = {legal_alarm(kind, key) for kind in kinds for key in deadlines}
    active = await tasks.active_of(unit.tx, case.id) if named else []
    over = [task for task in active if task.step_id in named]
    await tasks.end(unit.tx, [task.id for task in over], "cancelled")
    base = _line(unit, case, "outcome", f"done by the move {row.code}")
    rows = [
        replace(base, step_id=task.step_id, outcome=StepOutcome.DONE, code=row.code, actor=row.actor)
        for task in over
    ]
    await steps.append(unit.tx, *rows)


async def _tell(unit: Unit, case: CaseRow, row: MoveRow, lock: Interlock) -> None:
    """The diary and the bank."""
    late = f"; the gate said {row.known['refused']}" if "refused" in row.known else ""
    papers = f", with {', '.join(sorted(row.documents))}" if row.documents else ""
    line = _line(unit, case, MOVED, f"{row.code} on {row.on}: {row.track} {row.state}{papers}{late}")
    line = replace(line, code=row.code, source=f"{row.procedure} {row.source} ({row.mark})", actor=row.actor)
    if not late:
        line = replace(line, inputs=lock.inputs, asked=lock.asked)
    await steps.append(unit.tx, line)
    about = {"loan_id": case.loan_id, "episode": case.episode, "move": row.code, "track": row.track}
    told = about | {"state": row.state, "on": row.on.isoformat(), "means": row.means}
    await outbox.put(unit.tx, case.loan_id, "recourse.legal.moved.v1", unit.now, told)


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
    row = _line(unit, case, REFUSED, f"{new.code} on {new.on} refused: {why.code}{missing}{days}")
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


def _line(unit: Unit, case: CaseRow, event: str, reason: str) -> StepRow:
    return StepRow(case.loan_id, case.id, case.decision, event, unit.now, reason, case.strategy)
