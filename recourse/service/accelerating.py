"""The review of an acceleration: what it decides is for the bank to do, so the bank is told.

No step of the ladder follows at which the gate would ask again, so it is asked when the debt is called due: a
hold, a promise or a payment may have come since the review was opened.
"""

from __future__ import annotations

from dataclasses import replace

from recourse.domain.law.gate import gate
from recourse.domain.law.verdict import AccelerationEffect, Refused
from recourse.domain.strategy.address import notices_given
from recourse.domain.strategy.progress import progress
from recourse.service.context import Unit
from recourse.service.deciding import Deliberation
from recourse.storage import outbox, steps
from recourse.storage.tasks import TaskRow

TASK, ACCELERATE = "acceleration_review", "accelerate"


async def refused(unit: Unit, d: Deliberation, task: TaskRow, actor: str) -> Refused | None:
    """Why the debt may not be called due now; kept in the diary. What stops legal action stops this."""
    refusal = _refusal(unit, d)
    if refusal is None:
        return None
    reason = f"acceleration refused: {refusal.code}" + (f" ({refusal.detail})" if refusal.detail else "")
    row = d.row("acceleration_refused", unit.now, reason, step_id=task.step_id, actor=actor, inputs=d.inputs)
    row = replace(row, code=refusal.code.value, source=refusal.source, opens_at=refusal.opens_at)
    if not await steps.refused_before(unit.tx, row):
        await steps.append(unit.tx, row)
    return refusal


def _refusal(unit: Unit, d: Deliberation) -> Refused | None:
    situation = d.gathered.situation
    given = notices_given(situation, progress(situation, d.rules.strategy))
    verdict = gate(AccelerationEffect(notices=given), situation, d.rules.packs, unit.now)
    return verdict if isinstance(verdict, Refused) else None


async def tell(unit: Unit, d: Deliberation, task: TaskRow, outcome: str) -> None:
    """In the transaction of the answer, which counts once: so the bank is told once."""
    case = d.gathered.case
    about = {"loan_id": case.loan_id, "episode": case.episode, "step": task.step_id}
    told = about | {"task_id": task.id, "decision": outcome}
    await outbox.put(unit.tx, case.loan_id, "recourse.acceleration.reviewed.v1", unit.now, told)
