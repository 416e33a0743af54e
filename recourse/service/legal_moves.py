"""A move of a legal action as it is written: the row, the deadlines it ends and starts, the tasks that asked
for it, its line of the diary and its message to the bank."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from recourse.domain.alarms import LEGAL_DEADLINE, LEGAL_MISSED, LEGAL_OVER, legal_alarm
from recourse.domain.law.hours import local_date, start_of_day
from recourse.domain.law.verdict import RefusalCode
from recourse.domain.legal.action import Asked, LegalAction, NotMade, after
from recourse.domain.legal.procedure import LegalMove, Procedure
from recourse.domain.legal.terms import SaleKind, SaleTerms
from recourse.domain.situation import StepOutcome
from recourse.domain.strategy.errands import letters_asked
from recourse.packs.record import digest_of, plain
from recourse.service.context import Unit
from recourse.storage import legal_actions, outbox, steps, tasks
from recourse.storage.cases import CaseRow
from recourse.storage.legal_actions import DeadlineRow, MoveRow
from recourse.storage.permits import PermitRow
from recourse.storage.situation import Gathered
from recourse.storage.steps import Inputs, StepRow

MOVED = "legal_move"
"""Event of the diary."""
BY_POST = "by_post"
"""Of what is known: the notice went out by post, and is not read on the same day."""
WANTS_NOTICE = frozenset({RefusalCode.NOTICE_MISSING, RefusalCode.NOTICE_RUNNING})
"""What the gate says of every sale that is yet to be announced."""


@dataclass(frozen=True, slots=True)
class NewMove:
    """on: the day it happened, at the lender's place. documents: kind of paper -> its opaque id or hash.
    despite: of a move that has happened although the gate or a permit says no, the id of what explains it.
    status_id: of the report of the desk that it comes by. terms: what is told with it. known: what else it
    rests on."""

    case_id: str
    code: str
    on: date
    documents: Mapping[str, str]
    actor: str
    request_id: str = ""
    despite: str | None = None
    status_id: str | None = None
    terms: SaleTerms | None = None
    known: Mapping[str, Any] = field(default_factory=dict)


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


@dataclass(frozen=True, slots=True)
class Interlock:
    """refusal: None where nothing is against it. permit: that it rests on. inputs, asked, opens_at: of the
    gate's answer, so that it can be made again; None where it was not asked."""

    refusal: NotMade | None = None
    permit: PermitRow | None = None
    inputs: Inputs | None = None
    asked: dict[str, Any] | None = None
    opens_at: datetime | None = None


async def standing_of(unit: Unit, gathered: Gathered) -> Standing:
    """Under the case's locks."""
    case_id = gathered.case.id
    moves = await legal_actions.moves_of(unit.tx, case_id)
    deadlines = await legal_actions.deadlines_of(unit.tx, case_id)
    return Standing(gathered, unit.book.procedure(gathered.borrower_region), moves, deadlines)


async def write(
    unit: Unit, s: Standing, new: NewMove, move: LegalMove, asked: Asked, lock: Interlock, request: str
) -> MoveRow:
    """All that a move is, once nothing is against it."""
    row = await _row(unit, s, new, move, asked, lock, request)
    await _follow_deadlines(unit, s, move, row)
    await _end_tasks(unit, s.gathered.case, set(_of_its_letters(unit, s, move)), row)
    await _tell(unit, s.gathered.case, row, lock)
    return row


async def _row(
    unit: Unit, s: Standing, new: NewMove, move: LegalMove, asked: Asked, lock: Interlock, request: str
) -> MoveRow:
    case, rules = s.gathered.case, plain(s.procedure)
    known: dict[str, Any] = {"today": asked.today.isoformat(), **new.known}
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
        terms=plain(new.terms),
    )
    await legal_actions.keep_procedure(unit.tx, row.rules_digest, rules)
    await legal_actions.add_move(unit.tx, row)
    return row


async def _follow_deadlines(unit: Unit, s: Standing, move: LegalMove, row: MoveRow) -> None:
    """What the move ends, with the tasks that asked for it, and what it starts."""
    then = after(s.procedure, s.action, move, row.on, row.sale)
    ended = [
        kept.id
        for kept, now in zip(s.deadlines, then.deadlines, strict=False)
        if kept.met_on is None and now.met_on is not None
    ]
    await legal_actions.end(unit.tx, ended, row.on)
    kinds = (LEGAL_DEADLINE, LEGAL_MISSED, LEGAL_OVER)
    asked = {legal_alarm(kind, key) for kind in kinds for key in ended}
    await _end_tasks(unit, s.gathered.case, asked, row)
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


def _of_its_letters(unit: Unit, s: Standing, move: LegalMove) -> Iterator[str]:
    """What people were asked for a letter that the track has left behind with this move."""
    today = local_date(unit.now, s.gathered.loan.zone)
    for asked in letters_asked(s.procedure, s.gathered.situation, today):
        if asked.stand.track == move.track:
            yield from asked.tasks


async def _end_tasks(unit: Unit, case: CaseRow, named: set[str], row: MoveRow) -> None:
    active = await tasks.active_of(unit.tx, case.id) if named else []
    over = [task for task in active if task.step_id in named]
    await tasks.end(unit.tx, [task.id for task in over], "cancelled")
    base = line_of(unit, case, "outcome", f"done by the move {row.code}")
    rows = [
        replace(base, step_id=task.step_id, outcome=StepOutcome.DONE, code=row.code, actor=row.actor)
        for task in over
    ]
    await steps.append(unit.tx, *rows)


async def _tell(unit: Unit, case: CaseRow, row: MoveRow, lock: Interlock) -> None:
    """The diary and the bank."""
    late = f"; the gate said {row.known['refused']}" if "refused" in row.known else ""
    papers = f", with {', '.join(sorted(row.documents))}" if row.documents else ""
    planned = f", {row.sale.kind} sale {_WHEN[row.sale.kind]} {row.sale.day}" if row.sale else ""
    said = f"{row.code} on {row.on}: {row.track} {row.state}{planned}{papers}{late}"
    line = line_of(unit, case, MOVED, said)
    line = replace(line, code=row.code, source=f"{row.procedure} {row.source} ({row.mark})", actor=row.actor)
    if not late:
        line = replace(line, inputs=lock.inputs, asked=lock.asked)
    await steps.append(unit.tx, line)
    about = {"loan_id": case.loan_id, "episode": case.episode, "move": row.code, "track": row.track}
    told = about | {"state": row.state, "on": row.on.isoformat(), "means": row.means}
    if row.sale is not None:
        told["planned_for"] = row.sale.day.isoformat()
    await outbox.put(unit.tx, case.loan_id, "recourse.legal.moved.v1", unit.now, told)


_WHEN = {SaleKind.PUBLIC: "on", SaleKind.PRIVATE: "after"}


def line_of(unit: Unit, case: CaseRow, event: str, reason: str) -> StepRow:
    return StepRow(case.loan_id, case.id, case.decision, event, unit.now, reason, case.strategy)
