"""The review of an acceleration: what it decides is for the bank to do, so the bank is told.

No step of the ladder follows at which the gate would ask again, so it is asked when the debt is called due: a
hold, a promise or a payment may have come since the review was opened. The answer is kept with the question.
"""

from __future__ import annotations

from dataclasses import replace

from recourse.domain.law.gate import gate
from recourse.domain.law.holds import HOUSE
from recourse.domain.law.verdict import AccelerationEffect, RefusalCode, Refused
from recourse.domain.strategy.ladder import ACCELERATION_REVIEW
from recourse.packs.record import effect_to_json
from recourse.service import effects
from recourse.service.context import Unit
from recourse.service.deciding import Deliberation
from recourse.storage import outbox, steps
from recourse.storage.tasks import TaskRow

TASK, ACCELERATE = ACCELERATION_REVIEW, "accelerate"
ALLOWED, REFUSED = "acceleration_allowed", "acceleration_refused"
"""Events of the diary."""


async def refused(unit: Unit, d: Deliberation, task: TaskRow, actor: str) -> Refused | None:
    """Why the debt may not be called due now; what stops legal action stops this. Yes and no are both kept in
    the diary, a no once for the same question and answer."""
    effect = effects.of_step_named(d, task.step_id)
    if not isinstance(effect, AccelerationEffect):
        return Refused(RefusalCode.STEP_MISSING, HOUSE, detail=task.step_id)
    verdict = gate(effect, d.gathered.situation, d.rules.packs, unit.now)
    row = d.row(ALLOWED, unit.now, "acceleration allowed by the gate", step_id=task.step_id, actor=actor)
    row = replace(row, inputs=d.inputs, asked=effect_to_json(effect))
    if not isinstance(verdict, Refused):
        await steps.append(unit.tx, row)
        return None
    why = f"acceleration refused: {verdict.code}" + (f" ({verdict.detail})" if verdict.detail else "")
    row = replace(row, event=REFUSED, reason=why, code=verdict.code.value)
    row = replace(row, source=verdict.source, opens_at=verdict.opens_at)
    if not await steps.refused_before(unit.tx, row):
        await steps.append(unit.tx, row)
    return verdict


async def tell(unit: Unit, d: Deliberation, task: TaskRow, outcome: str) -> None:
    """In the transaction of the answer, which counts once: so the bank is told once."""
    case = d.gathered.case
    about = {"loan_id": case.loan_id, "episode": case.episode, "step": task.step_id}
    told = about | {"task_id": task.id, "decision": outcome}
    await outbox.put(unit.tx, case.loan_id, "recourse.acceleration.reviewed.v1", unit.now, told)
