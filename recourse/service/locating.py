"""Reading where the vehicle is: for a purpose, on a lawful basis, through the gate, as a recorded step."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta

from recourse.contracts.cipher import PositionCipher
from recourse.contracts.messages import StepCommand, StepResult
from recourse.domain.law.gate import gate
from recourse.domain.law.verdict import LocateEffect, ReadPositionEffect, RefusalCode, Refused, Verdict
from recourse.domain.permits import PermitKind
from recourse.domain.situation import StepOutcome
from recourse.ports import Fix
from recourse.service import location_requests as requests
from recourse.service import permits
from recourse.service.context import Unit
from recourse.service.deciding import Deliberation, deliberate, locked, settle
from recourse.service.keeping_positions import keep, recent, strictest
from recourse.service.performing import ended, finish, refuse, still_due, too_late
from recourse.service.position_reads import NO_FIX, NO_TRACKER
from recourse.storage import location_requests, outbox, steps
from recourse.storage.location_requests import RequestRow
from recourse.storage.positions import Heard


@dataclass(frozen=True, slots=True)
class Permit:
    """The gate's yes to one reading. id: of its row, asked once more right before the call. device_id goes
    to the provider and nowhere else."""

    id: str
    device_id: str = field(repr=False)
    request_id: str
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
    tracker = await location_requests.tracker_of(unit.tx, d.gathered.case.loan_id)
    if tracker.device_id is None:
        reason = "the vehicle has no tracker"
        return await finish(unit, d, step.id, StepOutcome.UNABLE, reason, code=NO_TRACKER)
    request = await requests.for_step(unit, d, step.id, purpose)
    issued, _ = await permits.issue(unit, d, step, purpose=purpose, basis=request.basis)
    row = d.row(
        "claimed",
        unit.now,
        f"location allowed for {purpose}, {request.precision}, basis {request.basis}",
        step_id=step.id,
        inputs=d.inputs,
    )
    await steps.append(unit.tx, row)
    return Permit(issued.id, tracker.device_id, request.id, purpose, request.basis)


@dataclass(frozen=True, slots=True)
class Begun:
    """The reading may happen now. heard: what the feed knows, where that is recent; nobody needs asking."""

    heard: Heard | None = field(repr=False, default=None)


async def begin(
    unit: Unit, command: StepCommand, given: Permit, cipher: PositionCipher, within: timedelta
) -> Begun | StepResult:
    """Right before the call, at every try: whether the permit holds, and whether the request runs. within:
    how long ago the feed may have been heard."""
    stopped = await permits.use(unit, command, given.id)
    if stopped is not None:
        return stopped
    d = deliberate(unit, await locked(unit, command.case_id))
    row, verdict = await _may_read(unit, d, command, given)
    if isinstance(verdict, Refused) or row is None:
        return await _stopped(unit, d, command, verdict)
    terms = strictest(row, requests.terms_of(d, row.purpose))
    return Begun(await recent(unit, cipher, row, terms, within))


async def _may_read(
    unit: Unit, d: Deliberation, command: StepCommand, given: Permit
) -> tuple[RequestRow | None, Verdict]:
    row = await location_requests.get(unit.tx, given.request_id)
    step = d.rules.strategy.step(command.step_id)
    asked = permits.effect_for(d, step)
    requires = asked.requires if isinstance(asked, LocateEffect) else ()
    effect = ReadPositionEffect(given.purpose, row.asked if row else None, requires)
    return row, gate(effect, d.gathered.situation, d.rules.packs, unit.now)


async def _stopped(unit: Unit, d: Deliberation, command: StepCommand, verdict: Verdict) -> StepResult:
    """Whatever ended the request decides what comes next. Where somebody ended it by hand, nothing of the
    case has changed: the step is over then, or the ladder would take the next one at once."""
    code = verdict.code if isinstance(verdict, Refused) else RefusalCode.LOCATION_NOT_REQUESTED
    if code in (RefusalCode.LOCATION_NOT_REQUESTED, RefusalCode.LOCATION_REQUEST_ENDED):
        reason = "its location request has ended"
        return await finish(unit, d, command.step_id, StepOutcome.UNABLE, reason, code=code.value)
    return StepResult("stale", await settle(unit, d), code.value)


async def record_fix(
    unit: Unit, command: StepCommand, given: Permit, fix: Fix | None, cipher: PositionCipher
) -> StepResult:
    """A fresh, valid fix that was not carried over is DONE; anything else is for a person to follow up. What
    the gate says no to by now is not kept."""
    d = deliberate(unit, await locked(unit, command.case_id))
    case = d.gathered.case
    await permits.answered(unit, d, PermitKind.LOCATE, NO_FIX if fix is None else "fix", over=True)
    if ended(d, command.step_id):
        return await too_late(unit, d)
    if fix is None:
        return await finish(
            unit, d, command.step_id, StepOutcome.UNABLE, "the tracker is unknown", code=NO_FIX
        )
    row, verdict = await _may_read(unit, d, command, given)
    if isinstance(verdict, Refused) or row is None:
        return await _stopped(unit, d, command, verdict)
    terms = strictest(row, requests.terms_of(d, row.purpose))
    quality = await keep(unit, cipher, row, terms, fix, command.step_id, requests.THE_SYSTEM) or "kept_before"
    data = {"loan_id": case.loan_id, "episode": case.episode, "quality": quality}
    await outbox.put(unit.tx, case.loan_id, "recourse.vehicle.located.v1", unit.now, data)
    read = d.row("location_read", unit.now, f"{row.purpose}, {terms.precision}", code=quality, source=row.id)
    await steps.append(unit.tx, replace(read, actor=requests.THE_SYSTEM))
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
