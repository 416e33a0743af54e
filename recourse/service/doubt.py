"""A message or a file whose answer was lost: its step stays open until a person, or a late answer, says.

Counted as done, a demand that perhaps never left would open the way to the lawyer. Counted as not done, it
would be sent twice. So neither, and nothing that requires the step goes on meanwhile.
"""

from __future__ import annotations

from recourse.contracts.messages import StepResult
from recourse.domain.ids import TaskId
from recourse.domain.situation import StepOutcome
from recourse.domain.strategy.ladder import StepKind
from recourse.domain.strategy.progress import progress
from recourse.service.context import Unit
from recourse.service.deciding import Deliberation
from recourse.service.performing import finish
from recourse.storage import tasks

TASK = "check_delivery"
CODE = "outcome_unknown"


async def leave_open(
    unit: Unit,
    d: Deliberation,
    step_id: str,
    task: TaskId,
    *,
    team: str,
    reason: str,
    attempt_id: str | None = None,
) -> StepResult:
    """Ask a person. A case that is over asks nobody: its step just was never known to be done."""
    case = d.gathered.case
    if case.closed_at is not None:
        return await finish(unit, d, step_id, StepOutcome.UNABLE, f"{reason}; the case is closed", code=CODE)
    await tasks.open_task(
        unit.tx,
        task,
        loan_id=case.loan_id,
        case_id=case.id,
        step_id=step_id,
        kind=TASK,
        team=team,
        at=unit.now,
        expires_at=None,
        attempt_id=attempt_id,
    )
    return await finish(unit, d, step_id, StepOutcome.OPEN, reason, code=CODE)


async def ends(unit: Unit, d: Deliberation, step_id: str) -> bool:
    """A late answer settles what a person was asked: the question is taken back. False when none was open."""
    if progress(d.gathered.situation, d.rules.strategy).state(step_id).outcome is not StepOutcome.OPEN:
        return False
    await tasks.end(unit.tx, [t.id for t in d.gathered.situation.tasks if t.step_id == step_id], "cancelled")
    return True


def outcome(d: Deliberation, step_id: str, answer: str) -> StepOutcome:
    """What a person's answer makes of the step. The desk takes the same file twice under one key, so a file
    it never got is given to it again; a message is not, its fallback takes over."""
    if answer == "delivered":
        return StepOutcome.DONE
    return StepOutcome.NOT_SENT if concerns_handover(d, step_id) else StepOutcome.UNABLE


def concerns_handover(d: Deliberation, step_id: str) -> bool:
    return d.rules.strategy.step(step_id).kind is StepKind.HANDOVER
