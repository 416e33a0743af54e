"""What the gate is asked about a case: each effect is built here, whoever is to act, check or recall."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recourse.domain.law.verdict import Effect, RecoveryEffect
from recourse.domain.permits import PermitKind
from recourse.domain.strategy.address import effect_of, recovery_effect
from recourse.domain.strategy.ladder import Step
from recourse.domain.strategy.progress import progress
from recourse.service.context import Unit
from recourse.storage.permits import PermitRow
from recourse.storage.persons import persons_of

if TYPE_CHECKING:
    from recourse.service.deciding import Deliberation


def of_step(d: Deliberation, step: Step) -> Effect | None:
    """None for desk work, and where there is nobody to address or nowhere to reach him."""
    situation = d.gathered.situation
    return effect_of(step, situation, progress(situation, d.rules.strategy))


def of_step_named(d: Deliberation, step_id: str | None) -> Effect | None:
    """The same of a step that the case's ladder may not have any more."""
    step = next((step for step in d.rules.strategy.steps if step.id == step_id), None)
    return of_step(d, step) if step is not None else None


async def of_recovery(
    unit: Unit, d: Deliberation, proposed_by: str | None, approved_by: str | None
) -> RecoveryEffect | None:
    """proposed_by, approved_by: actors; the gate is asked about the persons behind them. None where the
    ladder gives no notice that could stand behind it."""
    strategy, situation = d.rules.strategy, d.gathered.situation
    who = await persons_of(unit.tx, [proposed_by, approved_by])
    done = progress(situation, strategy)
    return recovery_effect(strategy, situation, done, who[proposed_by] or "", who[approved_by] or "")


async def of_permit(unit: Unit, d: Deliberation, row: PermitRow) -> Effect | None:
    """What the permit is for, as of now. None where the ladder has no such step, or no notice, any more."""
    if row.kind is PermitKind.RECOVERY:
        return await of_recovery(unit, d, row.proposed_by, row.approved_by)
    return of_step_named(d, row.step_id)
