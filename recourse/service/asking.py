"""What the gate said to somebody who asked for a contact, as a row that can be explained for ever."""

from __future__ import annotations

from dataclasses import replace

from recourse.domain.law.verdict import ContactEffect, Refused
from recourse.packs.record import effect_to_json
from recourse.service.context import Unit
from recourse.service.deciding import Deliberation
from recourse.storage import steps


async def note_reserved(
    unit: Unit, d: Deliberation, effect: ContactEffect, key: str, actor: str, *, step_id: str | None = None
) -> None:
    """key: of the attempt whose slot was taken."""
    reason = f"{effect.channel} allowed by the gate, for {actor}"
    row = d.row("reserved", unit.now, reason, step_id=step_id, code=key, actor=actor, inputs=d.inputs)
    await steps.append(unit.tx, replace(row, asked=effect_to_json(effect)))


async def note_refused(
    unit: Unit,
    d: Deliberation,
    effect: ContactEffect,
    refusal: Refused,
    actor: str,
    *,
    step_id: str | None = None,
) -> None:
    """Once for the same question and the same answer, however often it is asked."""
    reason = f"{effect.channel} refused by the gate, for {actor}: {refusal.code}"
    row = replace(
        d.row("reservation_refused", unit.now, reason, step_id=step_id, actor=actor, inputs=d.inputs),
        code=refusal.code.value,
        source=refusal.source,
        opens_at=refusal.opens_at,
        asked=effect_to_json(effect),
    )
    if not await steps.refused_before(unit.tx, row):
        await steps.append(unit.tx, row)
