"""Leave to read where a vehicle is: asked of the gate, granted for one purpose and a time, and ended in the
transaction of the fact that makes the gate say no.

Without one nothing is read, by nobody: not by the ladder, the vehicle desk or the feed of positions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from recourse.domain.decision import Close
from recourse.domain.ids import CaseId
from recourse.domain.law.gate import Packs, gate
from recourse.domain.law.location import Terms, terms_for
from recourse.domain.law.verdict import LocateEffect, Refused
from recourse.domain.permits import PermitKind
from recourse.domain.positions import LocationPurpose
from recourse.domain.situation import Situation
from recourse.packs.record import effect_to_json
from recourse.service.context import Unit
from recourse.storage import cases, location_requests, positions, steps
from recourse.storage.location_requests import RequestRow
from recourse.storage.permits import PermitRow
from recourse.storage.steps import StepRow

if TYPE_CHECKING:
    from recourse.service.deciding import Deliberation

THE_SYSTEM = "system"
CASE_CLOSED, PERMIT_RECALLED, EXPIRED = "case_closed", "permit_recalled", "expired"
"""Why a request ended, besides the codes of the gate."""
CONSENT = "consent"


def terms_of(d: Deliberation, purpose: str) -> Terms:
    """What the law packs of now allow for the purpose at the case's stage."""
    return terms_for(purpose, d.gathered.situation.case.stage, d.rules.packs)


async def running(unit: Unit, d: Deliberation, purpose: str) -> RequestRow | None:
    """The one under which the ladder reads: the newest that runs for the purpose."""
    case = d.gathered.case
    held = (await location_requests.not_ended(unit.tx, [case.id])).get(case.id, [])
    return next((r for r in reversed(held) if r.purpose == purpose and r.running(unit.now)), None)


async def for_step(unit: Unit, d: Deliberation, step_id: str, purpose: str) -> RequestRow:
    """After the gate's yes to the step, in the same transaction: the one that runs, else a new one."""
    found = await running(unit, d, purpose)
    if found is not None:
        return found
    key = _key(d.gathered.case.id, step_id, purpose, unit.now.isoformat())
    return await grant(unit, d, key, purpose, THE_SYSTEM, terms_of(d, purpose).lasts_days)


async def grant(unit: Unit, d: Deliberation, key: str, purpose: str, actor: str, days: int) -> RequestRow:
    """After the gate's yes, in the same transaction. What is granted is no finer than the stage allows."""
    case, terms = d.gathered.case, terms_of(d, purpose)
    basis, proof = await _basis(unit, d.gathered.situation, d.rules.packs, case.id)
    row = RequestRow(
        id=key,
        loan_id=case.loan_id,
        case_id=case.id,
        purpose=purpose,
        basis=basis,
        basis_proof=proof,
        precision=terms.precision,
        cell_km=terms.cell_km,
        granted_by=actor,
        granted_at=unit.now,
        granted_until=unit.now + timedelta(days=days),
    )
    await location_requests.add(unit.tx, row)
    reason = f"location may be read for {purpose}, {row.precision}, on {basis}, for {days} days"
    line = d.row("location_requested", unit.now, reason, code=purpose, source=key, actor=actor)
    await steps.append(
        unit.tx, replace(line, inputs=d.inputs, opens_at=row.granted_until, asked=_asked(purpose))
    )
    return row


async def _basis(unit: Unit, s: Situation, packs: Packs, case_id: CaseId) -> tuple[str, str]:
    """(the basis, its proof): the owner's consent where there is one, else the rule that needs none."""
    if s.locate_basis is not None:
        tracker = await location_requests.tracker_of(unit.tx, s.case.loan_id)
        day = tracker.consented_on
        return s.locate_basis, f"consented on {day.isoformat()}" if day else "not told"
    rules = [rule for pack in packs for rule in pack.locate_basis]
    return (rules[0].code, rules[0].source.title) if rules else ("house", "no pack wants a basis")


@dataclass(frozen=True, slots=True)
class NewRequest:
    """days: how long; None for as long as the packs allow. request_id: repeats the call safely."""

    case_id: str
    purpose: LocationPurpose
    actor: str
    request_id: str
    days: int | None = None


def key_of(new: NewRequest) -> str:
    return _key(new.actor, new.request_id)


def _key(*parts: str) -> str:
    return f"location-{hashlib.sha256(' '.join(parts).encode()).hexdigest()[:20]}"


def _asked(purpose: str) -> dict[str, object]:
    return effect_to_json(LocateEffect(purpose))


async def end(unit: Unit, row: RequestRow, code: str, actor: str) -> None:
    """Under the case's locks. What the feed kept goes with the last request of the vehicle."""
    if row.ended_at is not None:
        return
    ended = {"ended_at": unit.now, "ended_code": code, "ended_by": actor}
    await location_requests.change(unit.tx, row.id, **ended)
    left = (await location_requests.not_ended(unit.tx, [row.case_id])).get(row.case_id, [])
    if not any(other.running(unit.now) for other in left):
        await positions.forget(unit.tx, [row.loan_id])
    case = await cases.get(unit.tx, row.case_id)
    if case is not None:
        reason = f"location may not be read for {row.purpose} any more"
        line = StepRow(
            row.loan_id, case.id, case.decision, "location_request_ended", unit.now, reason, case.strategy
        )
        await steps.append(unit.tx, replace(line, code=code, source=row.id, actor=actor))


async def follow(unit: Unit, deliberations: Sequence[Deliberation]) -> None:
    """What these decisions mean for the requests of their cases. One look-up, however many cases."""
    held = await location_requests.not_ended(unit.tx, [d.gathered.case.id for d in deliberations])
    for d in deliberations if held else ():
        closing = isinstance(d.decision.plan, Close) or d.gathered.case.closed_at is not None
        for row in held.get(d.gathered.case.id, ()):
            verdict = gate(LocateEffect(row.purpose), d.gathered.situation, d.rules.packs, unit.now)
            if closing:
                await end(unit, row, CASE_CLOSED, THE_SYSTEM)
            elif isinstance(verdict, Refused):
                await end(unit, row, verdict.code.value, THE_SYSTEM)


async def permit_recalled(unit: Unit, permit: PermitRow) -> None:
    """Whose leave to act was withdrawn may not look where the vehicle is either."""
    if permit.kind is PermitKind.LEGAL:
        mine = {LocationPurpose.COURT_PRESERVATION}
    elif permit.kind is PermitKind.RECOVERY:
        mine = {LocationPurpose.RECOVER_VEHICLE}
    else:
        mine = set(LocationPurpose)
    held = await location_requests.not_ended(unit.tx, [permit.case_id])
    for row in held.get(permit.case_id, ()):
        if row.purpose in mine:
            await end(unit, row, PERMIT_RECALLED, THE_SYSTEM)


async def expire(unit: Unit, limit: int) -> int:
    """Those whose time is over are ended, with what the feed kept. How many."""
    over = await location_requests.expired(unit.tx, unit.now, limit)
    await unit.lock_loans({row.loan_id for row in over})
    for row in over:
        current = await location_requests.get(unit.tx, row.id)
        if current is not None:
            await end(unit, current, EXPIRED, THE_SYSTEM)
    return len(over)
