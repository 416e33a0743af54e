"""A dispute is to be acknowledged and answered whether the case goes on or not: who has paid may have
complained before.

A closed case makes no decisions, so the sweep opens there what a decision would have opened.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from recourse.domain.alarms import dispute_alarm, tasks_of_dispute
from recourse.domain.ids import LoanId, TaskId
from recourse.domain.situation import StepOutcome
from recourse.service.context import Unit
from recourse.storage import cases, orphaned, steps, tasks
from recourse.storage.orphaned import Orphan
from recourse.storage.steps import StepRow


async def due(unit: Unit, limit: int) -> list[tuple[str, LoanId]]:
    """Disputes without a task that they should have, with their loans."""
    return [(one.due.id, one.loan_id) for one in await orphaned.lacking(unit.tx, unit.now, limit)]


async def catch_up(unit: Unit, dispute_id: str, loan_id: LoanId) -> int:
    """How many tasks were opened; none where it was answered, or a case was opened, since."""
    await unit.lock_loans([loan_id])
    opened = 0
    for one in await orphaned.lacking(unit.tx, unit.now, 1, dispute_id):
        for task, team, at, until in tasks_of_dispute(one.due):
            if at <= unit.now and task not in one.there:
                await _open(unit, one, task, team, until)
                opened += 1
    return opened


async def _open(unit: Unit, one: Orphan, task: str, team: str, until: datetime) -> None:
    """Under another id than that of a task which ended with the case."""
    name = dispute_alarm(task, one.due.id)
    digest = hashlib.sha256(f"{one.case_id}/{name}/closed".encode()).hexdigest()
    at: datetime = unit.now
    await tasks.open_task(
        unit.tx,
        TaskId(f"task-{digest[:20]}"),
        loan_id=one.loan_id,
        case_id=one.case_id,
        step_id=name,
        kind=task,
        team=team,
        at=at,
        expires_at=None,
        due_at=until,
    )
    case = (await cases.by_ids(unit.tx, [one.case_id]))[one.case_id]
    why = f"{task} for {team}"
    line = StepRow(
        one.loan_id,
        one.case_id,
        case.decision,
        "outcome",
        at,
        why,
        case.strategy,
        step_id=name,
        outcome=StepOutcome.OPEN,
        code=task,
    )
    await steps.append(unit.tx, line)
