"""Whether a permit holds: asked, answered, and kept with the inputs of the answer.

Years later somebody asks why a vehicle was taken. The row of the diary has what was known, what the gate was
asked, how the permit stood and what was answered, so that `recourse explain` makes the answer again.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from recourse.domain.law.verdict import Verdict
from recourse.domain.permits import GOOD_FOR, Asked, Asker, Told, told, verdict_on
from recourse.packs.record import asking_to_json, effect_to_json
from recourse.service import effects
from recourse.service.context import Unit
from recourse.service.deciding import Deliberation
from recourse.storage import permits, steps
from recourse.storage.permits import PermitRow


async def ask(
    unit: Unit, d: Deliberation, row: PermitRow, asker: Asker, actor: str, step_id: str | None = None
) -> tuple[Told, Verdict]:
    """The answer, which is kept, and what the gate says. It changes nothing about the permit. step_id: what
    the system is about to do under it."""
    effect, situation = await effects.of_permit(unit, d, row), d.gathered.situation
    verdict = verdict_on(row.kind, effect, situation, d.rules.packs, unit.now)
    recall_code = row.recall_code or "" if row.recalled_at is not None else None
    asked = Asked(row.standing, asker, step_id, recall_code, ended=not row.in_force)
    said = told(asked, verdict, d.decision.plan, concluded=situation.legal_concluded, now=unit.now)
    line = replace(
        d.row("permit_checked", unit.now, f"permit {row.kind}: {said.answer}", inputs=d.inputs),
        step_id=row.step_id,
        code=said.code or said.answer,
        actor=actor,
        asked=effect_to_json(effect) if effect is not None else None,
        permit=asking_to_json(row.id, asked, said),
    )
    number = await steps.append_one(unit.tx, line)
    until = good_until(row, said, asker, unit.now)
    await permits.note_check(
        unit.tx,
        row.id,
        actor=actor,
        answer=said.answer,
        code=said.code,
        at=unit.now,
        step_number=number,
        good_until=until,
    )
    return said, verdict


def good_until(row: PermitRow, said: Told, asker: Asker, now: datetime) -> datetime | None:
    """Until when an agency may rely on its yes; the system calls at once."""
    if asker is Asker.SYSTEM or said.answer != "valid":
        return None
    return min(row.expires_at, now + GOOD_FOR)
