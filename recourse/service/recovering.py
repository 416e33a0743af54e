"""Recovery assignments: an agency is sent to take the vehicle, asks right before the hook-up, and
answers a recall.

Nothing here calls an agency: it asks us. An answer that did not come is a no, and a yes is good for minutes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from recourse.contracts.messages import Nudge
from recourse.domain.law.gate import gate
from recourse.domain.law.holds import HOUSE
from recourse.domain.law.verdict import RecoveryEffect, RefusalCode, Refused
from recourse.domain.permits import Answer, Asker, PermitKind, PermitState
from recourse.domain.situation import StepOutcome
from recourse.packs.record import effect_to_json
from recourse.service import checking, effects, recalling
from recourse.service.context import Unit
from recourse.service.deciding import Deliberation, deliberate, locked, settle
from recourse.service.noting import Pointless, Unknown, own_id, record
from recourse.service.permits import new_permit
from recourse.storage import cases, permits, steps
from recourse.storage.permits import PermitRow
from recourse.storage.persons import persons_of

LONGEST = timedelta(days=30)
"""Of an assignment: later, the notice is no longer fresh and the case is decided on anew."""
Outcome = Literal["stopped", "too_late"]


@dataclass(frozen=True, slots=True)
class Assignment:
    """proposed_by, approved_by: two persons of the house. agency: the actor of its token. days: how long."""

    case_id: str
    purpose: str
    agency: str
    proposed_by: str
    approved_by: str
    days: int = 14


async def issue(unit: Unit, asked: Assignment) -> PermitRow | Refused:
    """The permit, or the gate's no, which is kept in the diary too. Raises LookupError for an unknown case,
    Pointless for a term that cannot be meant, or while another assignment of the case is open."""
    if not 0 < asked.days <= LONGEST.days:
        raise Pointless(f"days: 1 to {LONGEST.days}")
    d = deliberate(unit, await locked(unit, asked.case_id))
    effect = await effects.of_recovery(unit, d, asked.proposed_by, asked.approved_by)
    verdict = _verdict(unit, d, effect)
    question = effect_to_json(effect) if effect is not None else None
    if isinstance(verdict, Refused):
        reason = f"recovery refused: {verdict.code}" + (f" ({verdict.detail})" if verdict.detail else "")
        refused = d.row("permit_refused", unit.now, reason, code=verdict.code.value, source=verdict.source)
        await steps.append(
            unit.tx, replace(refused, inputs=d.inputs, opens_at=verdict.opens_at, asked=question)
        )
        return verdict
    await settle(unit, d)  # one that ran out gives way
    case = d.gathered.case
    for row in (await permits.in_force(unit.tx, [case.id])).get(case.id, ()):
        if row.kind is PermitKind.RECOVERY:
            raise Pointless(f"case: {row.id} is open; recall it first, or use it")
    basis = f"proposed by {asked.proposed_by}, approved by {asked.approved_by}"
    new = replace(
        new_permit(unit, d, PermitKind.RECOVERY, purpose=asked.purpose, basis=basis),
        proposed_by=asked.proposed_by,
        approved_by=asked.approved_by,
        assigned_to=asked.agency,
        expires_at=unit.now + timedelta(days=asked.days),
    )
    await permits.add(unit.tx, new)
    told = d.row("permit_issued", unit.now, f"recovery allowed by the gate, {new.id}", inputs=d.inputs)
    await steps.append(unit.tx, replace(told, code="recovery", actor=asked.approved_by, asked=question))
    return new


def _verdict(unit: Unit, d: Deliberation, effect: RecoveryEffect | None) -> Refused | None:
    if effect is None:
        return Refused(RefusalCode.STEP_MISSING, HOUSE, detail="the ladder gives no notice")
    verdict = gate(effect, d.gathered.situation, d.rules.packs, unit.now)
    return verdict if isinstance(verdict, Refused) else None


@dataclass(frozen=True, slots=True)
class Checked:
    """code: why it is recalled; empty when it is not. good_until: business instant, of a valid one."""

    answer: Answer
    code: str
    at: datetime
    good_until: datetime | None = None


async def check(unit: Unit, permit_id: str, actor: str, *, anybodys: bool = False) -> Checked:
    """The whole question is put again, now. Raises Unknown for a permit that is not this agency's.

    anybodys: the caller may ask about every agency's.
    """
    row = await _locked(unit, permit_id, actor, anybodys=anybodys)
    d = deliberate(unit, await locked(unit, row.case_id))
    said, _ = await checking.ask(unit, d, row, Asker.AGENCY, actor)
    await settle(unit, d)  # which recalls or ends it, for the same reason
    if said.answer == "valid":
        await permits.change(unit.tx, row.id, state=PermitState.USED, used_at=row.used_at or unit.now)
    until = checking.good_until(row, said, Asker.AGENCY, unit.now)
    return Checked(said.answer, said.code, unit.now, until)


async def acknowledge(
    unit: Unit, permit_id: str, actor: str, outcome: Outcome, *, anybodys: bool = False
) -> PermitRow:
    """The agency has stopped, or says that the vehicle is taken already. The first answer counts; repeating
    it is harmless. Raises Unknown, and Pointless for a permit that was not recalled."""
    row = await _locked(unit, permit_id, actor, anybodys=anybodys)
    if row.recalled_at is None:
        raise Pointless("permit: it was not recalled")
    if outcome == "stopped" and row.owed:
        await recalling.acknowledged(unit, row, outcome, actor)
    if outcome == "too_late":
        await recalling.failed(unit, row, outcome, actor)
    return await permits.get(unit.tx, permit_id) or row


async def recall_by_hand(
    unit: Unit, permit_id: str, code: str, actor: str
) -> tuple[PermitRow, tuple[Nudge, ...]]:
    """An operator's recall, of any kind. A step that it was for is declined: else the ladder would take the
    next permit at once. Repeating it is harmless. Raises Unknown, and Pointless for one that has ended."""
    row = await _locked(unit, permit_id, actor, anybodys=True)
    if row.recalled_at is not None:
        return row, ()
    if not row.in_force or (row.kind is PermitKind.LOCATE and row.state is PermitState.USED):
        raise Pointless("permit: it has ended, or what it was for is done; there is nothing to recall")
    await recalling.recall(unit, row, code, actor)
    if row.state is PermitState.ISSUED and row.step_id is not None:
        reason = "its permit was recalled by an operator"
        await recalling.note(
            unit, row, "outcome", reason, outcome=StepOutcome.DECLINED, code=code, actor=actor
        )
    nudges: tuple[Nudge, ...] = ()
    if row.loan_id in await cases.open_of(unit.tx, [row.loan_id]):
        payload = {"permit": row.id, "reason": code, "by": actor}
        event = own_id(row.id, "recalled")
        nudges = await record(unit, event, "recall_ordered", payload, [row.loan_id], None, actor)
    return await permits.get(unit.tx, permit_id) or row, nudges


async def _locked(unit: Unit, permit_id: str, actor: str, *, anybodys: bool) -> PermitRow:
    known = await permits.get(unit.tx, permit_id)
    if known is not None and not anybodys:
        who = await persons_of(unit.tx, [actor, known.assigned_to])
        if known.assigned_to is None or who[actor] != who[known.assigned_to]:
            known = None
    if known is None:
        raise Unknown(
            f"permit {permit_id}: there is none of yours; see GET /api/permits or `recourse permits`"
        )
    await locked(unit, known.case_id)
    return await permits.get(unit.tx, permit_id) or known
