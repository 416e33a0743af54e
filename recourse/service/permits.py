"""The permit of a ladder's step: issued by the gate with the claim, asked again right before the call.

Between the two another transaction may have taken a payment or a hold. Both take the case's locks, so either
the fact is first and the permit is dead when it is to be used, or the use is first and the fact recalls it.
"""

from __future__ import annotations

import uuid
from dataclasses import replace

from sqlalchemy import func

from recourse.contracts.messages import StepCommand, StepResult
from recourse.domain.law.verdict import Effect, Refused
from recourse.domain.permits import LASTS, PERMIT_EXPIRED, Asker, PermitKind, PermitState
from recourse.domain.strategy.ladder import Step, StepKind
from recourse.packs.record import rules_digest
from recourse.service import checking, effects, recalling
from recourse.service.context import Unit
from recourse.service.deciding import Deliberation, decide_case, deliberate, locked, settle
from recourse.service.performing import refuse
from recourse.storage import permits
from recourse.storage.permits import PermitRow

THE_SYSTEM = "system"
_KINDS = {StepKind.LOCATE: PermitKind.LOCATE, StepKind.HANDOVER: PermitKind.LEGAL}


def effect_for(d: Deliberation, step: Step) -> Effect:
    """What the gate is asked about a step that takes a permit."""
    effect = effects.of_step(d, step)
    if effect is None:
        raise LookupError(f"step {step.id}: it has no effect that a permit could be for")
    return effect


async def issue(
    unit: Unit,
    d: Deliberation,
    step: Step,
    *,
    purpose: str,
    basis: str,
    proposed_by: str | None = None,
    approved_by: str | None = None,
) -> tuple[PermitRow, bool]:
    """After the gate's yes, in the same transaction. (the permit, whether it is new): a retry finds the one
    of the try before it."""
    case, kind = d.gathered.case, _KINDS[step.kind]
    for row in (await permits.in_force(unit.tx, [case.id])).get(case.id, ()):
        if row.kind is not kind:
            continue
        if row.step_id == step.id and (row.state is PermitState.USED or unit.now < row.expires_at):
            return row, False
        await permits.change(unit.tx, row.id, state=PermitState.EXPIRED, ended_at=unit.now)
    row = new_permit(unit, d, kind, purpose=purpose, basis=basis)
    row = replace(row, step_id=step.id, proposed_by=proposed_by, approved_by=approved_by)
    await permits.add(unit.tx, row)
    return row, True


async def was_taken_back(unit: Unit, d: Deliberation) -> bool:
    """The file went to the desk, or may have, and was recalled: its approval was for another day."""
    last = await permits.last_of(unit.tx, d.gathered.case.id, PermitKind.LEGAL)
    return last is not None and last.used_at is not None and last.recalled_at is not None


def new_permit(unit: Unit, d: Deliberation, kind: PermitKind, *, purpose: str, basis: str) -> PermitRow:
    case = d.gathered.case
    return PermitRow(
        id=f"permit-{uuid.uuid4().hex[:20]}",
        loan_id=case.loan_id,
        case_id=case.id,
        step_id=None,
        kind=kind,
        state=PermitState.ISSUED,
        purpose=purpose,
        basis=basis,
        proposed_by=None,
        approved_by=None,
        assigned_to=None,
        rules_digest=rules_digest(d.rules),
        issued_at=unit.now,
        expires_at=unit.now + LASTS[kind],
        used_at=None,
        answer=None,
        recall_code=None,
        recalled_by=None,
        recalled_at=None,
        recall_tries=0,
        recall_answer=None,
        task_id=None,
        ended_at=None,
    )


async def use(unit: Unit, command: StepCommand, permit_id: str) -> StepResult | None:
    """None when the call may begin now; it is recorded as begun. Asked right before it, at every try.

    The whole question is put again: whether the step is still due, what the gate says, whether the permit
    still holds. A no is an answer with the plan in force, and nothing leaves.
    """
    d = deliberate(unit, await locked(unit, command.case_id))
    row = await permits.get(unit.tx, permit_id)
    if row is None:
        raise LookupError(f"permit {permit_id}: there is none")
    said, verdict = await checking.ask(unit, d, row, Asker.SYSTEM, THE_SYSTEM, command.step_id)
    if said.answer == "valid":
        begun = {"used_at": row.used_at or unit.now, "called_at": func.clock_timestamp()}
        await permits.change(unit.tx, row.id, state=PermitState.USED, **begun)
        return None
    if isinstance(verdict, Refused) and said.code == verdict.code.value:
        await recalling.recall(unit, row, said.code)
        return await refuse(unit, d, d.rules.strategy.step(command.step_id), verdict)
    if said.code == PERMIT_EXPIRED and row.in_force:
        await permits.change(unit.tx, row.id, state=PermitState.EXPIRED, ended_at=unit.now)
        return StepResult("stale", await decide_case(unit, command.case_id), said.code)
    return StepResult("stale", await settle(unit, d), said.code)


async def answered(unit: Unit, d: Deliberation, kind: PermitKind, answer: str, *, over: bool) -> None:
    """What the other side answered to the call. over: it did not take it, or nothing is left that could be
    taken back. An answer to a permit that was recalled meanwhile changes nothing about the recall: the desk
    then has the file, and is asked for it."""
    row = await permits.last_of(unit.tx, d.gathered.case.id, kind)
    if row is None or row.answer == answer:
        return
    ends = over and row.in_force
    await permits.change(unit.tx, row.id, answer=answer, **({"ended_at": unit.now} if ends else {}))
    if over and row.owed:
        await recalling.acknowledged(unit, row, answer, THE_SYSTEM)
    elif not over and row.state is PermitState.RECALL_ACKNOWLEDGED:
        await recalling.again(unit, row)
