"""Opening a task for people: only rows, written with the decision that asked for it."""

from __future__ import annotations

import hashlib
from datetime import timedelta

from recourse.contracts.messages import StepCommand, StepResult
from recourse.domain.ids import CaseId, TaskId
from recourse.domain.situation import StepOutcome
from recourse.service.context import Unit
from recourse.service.performing import finish, still_due, try_number
from recourse.storage import tasks


def task_id(case_id: CaseId, step_id: str, number: int) -> TaskId:
    digest = hashlib.sha256(f"{case_id}/{step_id}/{number}".encode()).hexdigest()
    return TaskId(f"task-{digest[:20]}")


async def open_task(unit: Unit, command: StepCommand) -> StepResult:
    """Open the planned task. Repeated after a crash it finds the step open and answers with the plan."""
    due = await still_due(unit, command)
    if isinstance(due, StepResult):
        return due
    d, step = due
    case = d.gathered.case
    await tasks.open_task(
        unit.tx,
        task_id(case.id, step.id, try_number(d, step)),
        loan_id=case.loan_id,
        case_id=case.id,
        step_id=step.id,
        kind=step.task or "call",
        team=step.team or "agents",
        at=unit.now,
        expires_at=None if step.expires_days is None else unit.now + timedelta(days=step.expires_days),
    )
    return await finish(unit, d, step.id, StepOutcome.OPEN, f"{step.task} for {step.team}", code=step.task)
