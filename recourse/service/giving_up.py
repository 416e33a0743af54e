"""The end of the retries: a provider stayed away for as long as anybody was willing to wait."""

from __future__ import annotations

from recourse.contracts.messages import StepCommand, StepResult
from recourse.domain.ids import TaskId
from recourse.domain.situation import StepOutcome
from recourse.domain.strategy.ladder import StepKind
from recourse.service import doubt
from recourse.service.context import Unit
from recourse.service.performing import finish, still_due


async def give_up(unit: Unit, command: StepCommand) -> StepResult:
    """The step cannot be done, its fallback takes over; of a file, a person asks the desk whether it has it.

    Safe to repeat: a step that ended meanwhile, or is no longer planned, is left alone.
    """
    due = await still_due(unit, command)
    if isinstance(due, StepResult):
        return due
    d, step = due
    if step.kind is not StepKind.HANDOVER:
        return await finish(
            unit, d, step.id, StepOutcome.UNABLE, "provider unreachable", code="provider_down"
        )
    case = d.gathered.case
    task = TaskId(f"task-handover-{case.id}-{case.decision}")
    reason = "no answer from the legal desk: a person asks whether it has the file"
    return await doubt.leave_open(unit, d, step.id, task, team="legal", reason=reason)
