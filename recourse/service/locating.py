"""Reading where the vehicle is: for a purpose, on a lawful basis, through the gate, as a recorded step."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert as upsert

from recourse.contracts.messages import StepCommand, StepResult
from recourse.domain.law.gate import gate
from recourse.domain.law.verdict import Refused
from recourse.domain.permits import PermitKind
from recourse.domain.situation import StepOutcome
from recourse.ports import Fix
from recourse.service import permits
from recourse.service.context import Unit
from recourse.service.deciding import deliberate, locked
from recourse.service.performing import ended, finish, refuse, still_due, too_late
from recourse.storage import outbox, steps
from recourse.storage.tables import location_fix, vehicle

FRESH = timedelta(hours=48)
"""An older fix says where the car was, not where it is."""
AHEAD = timedelta(minutes=10)
"""A tracker's clock may be this much ahead; of one that is further ahead, the fix may be of any day."""


@dataclass(frozen=True, slots=True)
class Permit:
    """The gate's yes to one reading. id: of its row, asked once more right before the call. device_id goes
    to the provider and nowhere else."""

    id: str
    device_id: str = field(repr=False)
    purpose: str
    basis: str


async def permit(unit: Unit, command: StepCommand) -> Permit | StepResult:
    """Decide, gate once more and issue. Reading twice after a crash is harmless: one fix a step is kept."""
    due = await still_due(unit, command)
    if isinstance(due, StepResult):
        return due
    d, step = due
    situation = d.gathered.situation
    purpose = step.purpose or ""
    verdict = gate(permits.effect_for(d, step), situation, d.rules.packs, unit.now)
    if isinstance(verdict, Refused):
        return await refuse(unit, d, step, verdict)
    device = (
        await unit.tx.execute(
            select(vehicle.c.gps_device_id).where(vehicle.c.loan_id == d.gathered.case.loan_id)
        )
    ).scalar_one()
    basis = situation.locate_basis or ""
    issued, _ = await permits.issue(unit, d, step, purpose=purpose, basis=basis)
    row = d.row(
        "claimed",
        unit.now,
        f"location allowed for {purpose}, basis {basis}",
        step_id=step.id,
        inputs=d.inputs,
    )
    await steps.append(unit.tx, row)
    return Permit(issued.id, device, purpose, basis)


async def record_fix(unit: Unit, command: StepCommand, given: Permit, fix: Fix | None) -> StepResult:
    """A fresh, valid fix that was not carried over is DONE; anything else is for a person to follow up."""
    d = deliberate(unit, await locked(unit, command.case_id))
    case = d.gathered.case
    await permits.answered(unit, d, PermitKind.LOCATE, "no_fix" if fix is None else "fix", over=True)
    if ended(d, command.step_id):
        return await too_late(unit, d)
    if fix is None:
        return await finish(
            unit, d, command.step_id, StepOutcome.UNABLE, "the tracker is unknown", code="no_fix"
        )
    values = {name: getattr(fix, name) for name in Fix.__dataclass_fields__}
    await unit.tx.execute(
        upsert(location_fix)
        .values(
            id=f"fix-{case.id}-{command.step_id}",
            loan_id=case.loan_id,
            case_id=case.id,
            step_id=command.step_id,
            purpose=given.purpose,
            basis=given.basis,
            read_at=unit.now,
            **values,
        )
        .on_conflict_do_nothing()
    )
    # Satellites know no business calendar: an age is real time, by the database's clock.
    real_now = (await unit.tx.execute(select(func.clock_timestamp()))).scalar_one()
    quality = quality_of(fix, fix.age(real_now))
    data = {"loan_id": case.loan_id, "episode": case.episode, "quality": quality}
    await outbox.put(unit.tx, case.loan_id, "recourse.vehicle.located.v1", unit.now, data)
    outcome = StepOutcome.DONE if quality == "fresh" else StepOutcome.UNABLE
    return await finish(unit, d, command.step_id, outcome, f"position read: {quality}", code=quality)


async def record_refused(unit: Unit, command: StepCommand, code: str) -> StepResult:
    """The provider's no, under its own code: nobody must look for an outage that there was not."""
    d = deliberate(unit, await locked(unit, command.case_id))
    await permits.answered(unit, d, PermitKind.LOCATE, code, over=True)
    if ended(d, command.step_id):
        return await too_late(unit, d)
    reason = "refused by the provider of positions"
    return await finish(unit, d, command.step_id, StepOutcome.UNABLE, reason, code=code)


def quality_of(fix: Fix, age: timedelta) -> str:
    """`fresh` is the only quality that counts as presence."""
    if fix.carried_over:
        return "carried_over"
    if not fix.valid or age < -AHEAD:
        return "invalid"
    return "fresh" if age <= FRESH else "stale"
