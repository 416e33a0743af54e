"""Recalling permits: in the transaction of the fact that makes the gate say no, and until it is acknowledged.

Every fact about an open case ends in a decision, so this stands beside it and needs to know no kind of fact.
Where nobody outside has the permit it is dead with this row. Where somebody may have, the recall is owed: the
desk is asked by the sweep until it acknowledges, an agency asks us; a silence becomes a person's question.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import func

from recourse.contracts.patience import PROVIDER_WITHIN
from recourse.domain.decision import DoStep
from recourse.domain.ids import CaseId, TaskId
from recourse.domain.law.verdict import Verdict
from recourse.domain.permits import Ending, PermitKind, PermitState, Recall, fate, verdict_on
from recourse.domain.situation import StepOutcome
from recourse.service import effects, location_requests
from recourse.service.context import Unit
from recourse.storage import cases, legal, outbox, permits, steps, tasks
from recourse.storage.permits import PermitRow
from recourse.storage.steps import StepRow
from recourse.storage.tasks import TaskRow

if TYPE_CHECKING:
    from recourse.service.deciding import Deliberation

ACKNOWLEDGED_WITHIN = timedelta(hours=4)
"""Real time. Then our lawyers are asked to telephone."""
IN_FLIGHT = timedelta(seconds=3 * PROVIDER_WITHIN)
"""Real time in which a file may still be on its way to a desk that does not know it yet."""
TASK = "check_recall"
STATUS_RECALLED, STATUS_REFUSED = "recalled", "recall_refused"
"""Statuses by which the desk answers a recall later."""


async def follow(unit: Unit, deliberations: Sequence[Deliberation]) -> None:
    """What these decisions mean for the permits of their cases. One look-up, however many cases."""
    held = await permits.in_force(unit.tx, [d.gathered.case.id for d in deliberations])
    for d in deliberations if held else ():
        plan = d.decision.plan
        planned = plan.step_id if isinstance(plan, DoStep) else None
        concluded = d.gathered.situation.legal_concluded
        for row in held.get(d.gathered.case.id, ()):
            verdict = await ask(unit, d, row)
            match fate(row.standing, verdict, planned, concluded=concluded, now=unit.now):
                case Recall(code=code):
                    await recall(unit, row, code)
                case Ending.EXPIRED:
                    await permits.change(unit.tx, row.id, state=PermitState.EXPIRED, ended_at=unit.now)
                case Ending.CONCLUDED:
                    await permits.change(unit.tx, row.id, ended_at=unit.now)
                case None:
                    pass


async def ask(unit: Unit, d: Deliberation, row: PermitRow) -> Verdict:
    """The gate's answer of now for what the permit is for."""
    effect = await effects.of_permit(unit, d, row)
    return verdict_on(row.kind, effect, d.gathered.situation, d.rules.packs, unit.now)


async def recall(unit: Unit, row: PermitRow, code: str, actor: str | None = None) -> None:
    """Under the case's locks. Of one that nobody outside has, this is the end."""
    owed = row.standing.outside and row.in_force
    values: dict[str, Any] = {
        "state": PermitState.RECALLED,
        "recall_code": code,
        "recalled_by": actor,
        "recalled_at": unit.now,
        "ended_at": None if owed else unit.now,
        "recall_since": func.clock_timestamp() if owed else None,
        "recall_next_at": func.clock_timestamp() if owed else None,
    }
    await permits.change(unit.tx, row.id, **values)
    await location_requests.permit_recalled(unit, row)
    reason = f"permit {row.kind} recalled" + (", to be acknowledged" if owed else ", nobody had it")
    await note(unit, row, "permit_recalled", reason, code=code, actor=actor)


async def note(
    unit: Unit,
    row: PermitRow,
    event: str,
    reason: str,
    *,
    outcome: StepOutcome | None = None,
    code: str | None = None,
    actor: str | None = None,
) -> None:
    """A line of the case's diary, of a closed case too."""
    case = await cases.get(unit.tx, row.case_id)
    if case is not None:
        line = StepRow(case.loan_id, case.id, case.decision, event, unit.now, reason, case.strategy)
        await steps.append(
            unit.tx, replace(line, step_id=row.step_id, outcome=outcome, code=code, actor=actor)
        )


async def acknowledged(unit: Unit, row: PermitRow, answer: str, actor: str) -> bool:
    """The other side has stopped; False when that was known. A person may correct a recall that failed.

    A handover that was taken back is not done any more: nothing that requires it goes on.
    """
    if not (row.owed or row.state is PermitState.RECALL_FAILED):
        return False
    ended = {"state": PermitState.RECALL_ACKNOWLEDGED, "recall_answer": answer, "ended_at": unit.now}
    await permits.change(unit.tx, row.id, **ended)
    await _withdraw_questions(unit, row)
    await note(
        unit, row, "recall_acknowledged", f"recall of {row.kind} acknowledged", code=answer, actor=actor
    )
    if row.kind is PermitKind.LEGAL:
        await _undo_handover(unit, row, actor)
    return True


async def again(unit: Unit, row: PermitRow) -> None:
    """The desk said that it knew of no file, and has got it after all: it is asked for it."""
    owed = {"recall_since": func.clock_timestamp(), "recall_next_at": func.clock_timestamp()}
    await permits.change(unit.tx, row.id, state=PermitState.RECALLED, ended_at=None, **owed)
    await note(unit, row, "permit_recalled", "the desk has the file after all", code=row.recall_code)


async def failed(unit: Unit, row: PermitRow, answer: str, actor: str, *, ask: bool = True) -> bool:
    """The other side says that it is too late, or refuses; False when that was known. Never silent: unless a
    person has said so himself, our lawyers are asked."""
    if not row.owed:
        return False
    ended = {"state": PermitState.RECALL_FAILED, "recall_answer": answer, "ended_at": unit.now}
    await permits.change(unit.tx, row.id, **ended)
    await note(unit, row, "recall_failed", f"recall of {row.kind} failed", code=answer, actor=actor)
    if ask:
        await open_question(unit, row)
    return True


async def open_question(unit: Unit, row: PermitRow) -> None:
    """Once at a time, and again when its case's closing has cancelled it."""
    asked = await tasks.get(unit.tx, row.task_id) if row.task_id else None
    if asked is not None and asked.state in tasks.ACTIVE:
        return
    number = await tasks.count_like(unit.tx, row.id) + 1
    key = TaskId(f"task-{row.id}-{number}")
    await tasks.open_task(
        unit.tx,
        key,
        loan_id=row.loan_id,
        case_id=row.case_id,
        step_id=row.step_id or row.kind.value,
        kind=TASK,
        team="legal",
        at=unit.now,
        expires_at=None,
    )
    await permits.change(unit.tx, row.id, task_id=key)


async def answered_by_person(unit: Unit, task: TaskRow, outcome: str, actor: str) -> None:
    """One of our lawyers has telephoned."""
    row = await permits.of_task(unit.tx, task.id)
    if row is None:
        return
    if outcome == "recalled":
        await acknowledged(unit, row, "told by telephone", actor)
    else:
        await failed(unit, row, "told by telephone", actor, ask=False)


async def reported(unit: Unit, case_id: CaseId, status: str, actor: str) -> None:
    """What the desk's status means for a recall: it may acknowledge by its callback, too."""
    row = await permits.last_of(unit.tx, case_id, PermitKind.LEGAL)
    if row is not None and status == STATUS_RECALLED:
        await acknowledged(unit, row, status, actor)
    if row is not None and status == STATUS_REFUSED:
        await failed(unit, row, status, actor)


async def _withdraw_questions(unit: Unit, row: PermitRow) -> None:
    """Whether the file arrived, whether the recall did: the answer is there."""
    active = await tasks.active_of(unit.tx, row.case_id)
    about = row.step_id or row.kind.value
    await tasks.end(unit.tx, [task.id for task in active if task.step_id == about], "cancelled")


async def _undo_handover(unit: Unit, row: PermitRow, actor: str) -> None:
    records = (await steps.RECORDS.of(unit.tx, cases=[row.case_id])).get(row.case_id, [])
    last = next((r for r in reversed(records) if r.step_id == row.step_id), None)
    if last is None or last.outcome not in (StepOutcome.DECLINED, StepOutcome.UNABLE):
        reason, undone = "taken back from the legal desk", StepOutcome.DECLINED
        await note(unit, row, "outcome", reason, outcome=undone, code="recalled", actor=actor)
    action, case = await legal.of_case(unit.tx, row.case_id), await cases.get(unit.tx, row.case_id)
    if action is not None and action.reference is not None and case is not None:
        data = {"loan_id": row.loan_id, "episode": case.episode, "reference": action.reference}
        told = data | {"reason": row.recall_code or ""}
        await outbox.put(unit.tx, row.loan_id, "recourse.legal.recalled.v1", unit.now, told)
