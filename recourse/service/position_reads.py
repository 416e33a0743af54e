"""One reading of where a vehicle is, for a person of the vehicle desk: asked of the gate before the call and
once more before the answer is kept or told, and a line of the diary whatever came of it.

What if it dies? Before the call: the diary says that it was asked. After the call: nothing was kept, and the
same read id asks anew. After the record: the same read id gives the same place again, without a call.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from recourse.contracts.cipher import PositionCipher
from recourse.domain.ids import CaseId
from recourse.domain.law.gate import gate
from recourse.domain.law.verdict import LocateEffect, ReadPositionEffect, Refused
from recourse.domain.positions import Precision
from recourse.packs.record import effect_to_json
from recourse.ports import Fix
from recourse.service import location_requests as requests
from recourse.service.context import Unit
from recourse.service.deciding import Deliberation, deliberate, locked, settle
from recourse.service.keeping_positions import fix_id, keep, recent, strictest
from recourse.service.noting import Pointless, RequestReused, Unknown
from recourse.storage import cases, location_requests, outbox, positions, steps
from recourse.storage.location_requests import RequestRow
from recourse.storage.positions import Heard, Shown

NO_FIX, NO_TRACKER = "no_fix", "no_tracker"


@dataclass(frozen=True, slots=True)
class NotLocated:
    """The provider knows no position, or said no. code: `no_fix`, `no_tracker`, or the provider's own."""

    code: str


async def request(unit: Unit, new: requests.NewRequest) -> RequestRow | Refused:
    """Leave to read, or the gate's no, which is kept in the diary too. Safe to repeat with the same request
    id. Raises Unknown for a case there is none of, Pointless for a time beyond what the packs allow, and
    RequestReused."""
    if await cases.get(unit.tx, CaseId(new.case_id)) is None:
        raise Unknown("case: there is none of this id; list them with `recourse cases list`")
    d = deliberate(unit, await locked(unit, new.case_id))
    before = await location_requests.get(unit.tx, requests.key_of(new))
    if before is not None:
        days = (before.granted_until - before.granted_at).days
        if (before.case_id, before.purpose, new.days or days) != (new.case_id, new.purpose, days):
            raise RequestReused("request_id: it stands for another request; choose a new one")
        return before
    longest = requests.terms_of(d, new.purpose).lasts_days
    if not 0 < (new.days or longest) <= longest:
        raise Pointless(f"days: 1 to {longest} for this purpose")
    effect = LocateEffect(new.purpose)
    verdict = gate(effect, d.gathered.situation, d.rules.packs, unit.now)
    if isinstance(verdict, Refused):
        await _refused(unit, d, verdict, effect, new.actor)
        return verdict
    return await requests.grant(unit, d, requests.key_of(new), new.purpose, new.actor, new.days or longest)


async def end(unit: Unit, request_id: str, code: str, actor: str) -> RequestRow:
    """By hand. Ending twice is harmless. Raises Unknown."""
    row = await _known(unit, request_id)
    await locked(unit, row.case_id)
    await requests.end(unit, await _known(unit, request_id), code, actor)
    return await _known(unit, request_id)


@dataclass(frozen=True, slots=True)
class Asked:
    """The gate's yes to one reading. device_id goes to the provider and nowhere else; None: no tracker.
    heard: what the feed knows, where that is recent and precise enough."""

    key: str
    request_id: str
    device_id: str | None = field(repr=False)
    heard: Heard | None = field(repr=False, default=None)


def _part(request_id: str, read_id: str) -> str:
    return f"read-{hashlib.sha256(f'{request_id} {read_id}'.encode()).hexdigest()[:20]}"


async def ask(
    unit: Unit, cipher: PositionCipher, request_id: str, read_id: str, actor: str, within: timedelta
) -> Asked | Shown | Refused:
    """What to ask the provider; or what was read under the same read id; or the gate's no. within: how long
    ago the feed may have been heard. Raises Unknown for a request there is none of."""
    row = await _known(unit, request_id)
    d = deliberate(unit, await locked(unit, row.case_id))
    row = await _known(unit, request_id)
    key = fix_id(row.case_id, _part(request_id, read_id))
    effect = ReadPositionEffect(row.purpose, row.asked)
    verdict = gate(effect, d.gathered.situation, d.rules.packs, unit.now)
    if isinstance(verdict, Refused):
        await _refused(unit, d, verdict, effect, actor, row)
        return verdict
    terms = strictest(row, requests.terms_of(d, row.purpose))
    before = await positions.shown(unit.tx, cipher, key, terms.precision, terms.cell_km)
    if before is not None:
        await _note(unit, d, row, "location_shown", terms.precision, before.reading.quality or "", actor)
        return before
    await _note(unit, d, row, "location_asked", terms.precision, row.purpose, actor, effect)
    tracker = await location_requests.tracker_of(unit.tx, row.loan_id)
    heard = await recent(unit, cipher, row, terms, within)
    return Asked(key, request_id, tracker.device_id, heard)


async def record(
    unit: Unit, cipher: PositionCipher, asked: Asked, fix: Fix | NotLocated, actor: str
) -> Shown | Refused | NotLocated:
    """What may be told of it. What the gate says no to by now is neither kept nor told."""
    row = await _known(unit, asked.request_id)
    d = deliberate(unit, await locked(unit, row.case_id))
    row = await _known(unit, asked.request_id)
    effect = ReadPositionEffect(row.purpose, row.asked)
    verdict = gate(effect, d.gathered.situation, d.rules.packs, unit.now)
    if isinstance(verdict, Refused):
        await _refused(unit, d, verdict, effect, actor, row)
        return verdict
    terms = strictest(row, requests.terms_of(d, row.purpose))
    if isinstance(fix, NotLocated):
        await _note(unit, d, row, "location_read", terms.precision, fix.code, actor)
        return fix
    part = asked.key.removeprefix(fix_id(row.case_id, ""))
    quality = await keep(unit, cipher, row, terms, fix, part, actor)
    if quality is not None:
        await _note(unit, d, row, "location_read", terms.precision, quality, actor)
        data = {"loan_id": row.loan_id, "episode": d.gathered.case.episode, "quality": quality}
        await outbox.put(unit.tx, row.loan_id, "recourse.vehicle.located.v1", unit.now, data)
    kept = await positions.shown(unit.tx, cipher, asked.key, terms.precision, terms.cell_km)
    if kept is None:
        raise LookupError(f"{asked.key}: it was just kept, and is gone")
    return kept


async def show(unit: Unit, cipher: PositionCipher, request_id: str, actor: str) -> Sequence[Shown] | Refused:
    """What was read under a request, the newest first. Looking is reading: the gate is asked, and the diary
    says who looked. Raises Unknown."""
    row = await _known(unit, request_id)
    d = deliberate(unit, await locked(unit, row.case_id))
    row = await _known(unit, request_id)
    effect = ReadPositionEffect(row.purpose, row.asked)
    verdict = gate(effect, d.gathered.situation, d.rules.packs, unit.now)
    if isinstance(verdict, Refused):
        await _refused(unit, d, verdict, effect, actor, row)
        return verdict
    terms = strictest(row, requests.terms_of(d, row.purpose))
    found = await positions.under(unit.tx, cipher, request_id, terms.precision, terms.cell_km)
    await _note(unit, d, row, "location_shown", terms.precision, str(len(found)), actor, effect)
    return found


async def _known(unit: Unit, request_id: str) -> RequestRow:
    row = await location_requests.get(unit.tx, request_id)
    if row is None:
        raise Unknown("request: there is none of this id; list them with `recourse vehicle requests`")
    return row


async def _note(
    unit: Unit,
    d: Deliberation,
    row: RequestRow,
    event: str,
    precision: Precision,
    code: str,
    actor: str,
    effect: ReadPositionEffect | None = None,
) -> None:
    """Who read for what, how precisely, under which request; where the vehicle was stands nowhere in it."""
    line = d.row(event, unit.now, f"{row.purpose}, {precision}", code=code, source=row.id, actor=actor)
    if effect is not None:
        line = replace(line, inputs=d.inputs, asked=effect_to_json(effect))
    await steps.append(unit.tx, line)


async def _refused(
    unit: Unit,
    d: Deliberation,
    verdict: Refused,
    effect: LocateEffect | ReadPositionEffect,
    actor: str,
    row: RequestRow | None = None,
) -> None:
    """The gate's no is kept; and whatever it follows from ends the request too."""
    reason = f"location refused: {verdict.code}" + (f" ({verdict.detail})" if verdict.detail else "")
    line = d.row("location_refused", unit.now, reason, code=verdict.code.value, source=verdict.source)
    line = replace(
        line, inputs=d.inputs, asked=effect_to_json(effect), opens_at=verdict.opens_at, actor=actor
    )
    await steps.append(unit.tx, line)
    if row is not None:
        await settle(unit, d)
