"""What a crash left behind: facts not delivered, open cases without a run, claims without an outcome."""

from __future__ import annotations

from datetime import timedelta

from recourse.contracts.messages import Nudge
from recourse.service.context import Unit
from recourse.service.reminding import reconcile_claim
from recourse.storage import attempts, cases
from recourse.storage.attempts import StaleClaim

CLAIM_DEAD_AFTER = timedelta(minutes=10)
"""Real time: longer than a send with all its time-outs can take, so its sender must be gone."""


async def undelivered(unit: Unit, limit: int) -> list[Nudge]:
    return await cases.undelivered(unit.tx, limit)


async def stale_claims(unit: Unit, limit: int, dead_after: timedelta = CLAIM_DEAD_AFTER) -> list[StaleClaim]:
    return await attempts.stale_claims(unit.tx, dead_after, limit)


async def expire_reservations(unit: Unit) -> int:
    return await attempts.expire_reservations(unit.tx, unit.now)


async def close_claim(unit: Unit, claim: StaleClaim) -> None:
    await reconcile_claim(unit, claim.case_id, claim.step_id, claim.id)
