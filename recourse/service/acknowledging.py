"""That a dispute came in is written to who disputes, by a paper, before it is answered."""

from __future__ import annotations

from dataclasses import dataclass

from recourse.contracts.messages import Nudge
from recourse.domain.disputes import ACKNOWLEDGED_BY_PAPER
from recourse.service import noting
from recourse.service.context import Unit
from recourse.service.disputing import end_tasks
from recourse.service.noting import Pointless, Unknown, own_id
from recourse.storage import cases, disputes
from recourse.storage.disputes import DisputeRow

ACKNOWLEDGED = "acknowledged"


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """evidence: the id of the letter, as it was given to who disputes."""

    dispute_id: str
    evidence: str
    actor: str
    request_id: str = ""


async def acknowledge(unit: Unit, said: Acknowledgement) -> tuple[DisputeRow, tuple[Nudge, ...]]:
    """Its tasks end, whoever has claimed them; the question stays open. Also where no law wants it. Raises
    Unknown, and Pointless for what was acknowledged or answered."""
    found = await disputes.get(unit.tx, said.dispute_id)
    if found is None:
        raise Unknown(f"dispute {said.dispute_id}: there is none; see `recourse disputes list`")
    await unit.lock_loans([found.loan_id])
    row = await disputes.get(unit.tx, found.id) or found
    if row.told_at is not None:
        if (row.told_evidence, row.told_actor, row.told_request) == (
            said.evidence,
            said.actor,
            said.request_id,
        ):
            return row, tuple(await cases.undelivered_of(unit.tx, [row.loan_id]))
        raise Pointless(f"dispute: was acknowledged already ({row.told_evidence})")
    if row.answer is not None:
        raise Pointless(f"dispute: was answered already ({row.answer})")
    await disputes.acknowledge(
        unit.tx, row.id, evidence=said.evidence, by=said.actor, at=unit.now, request=said.request_id
    )
    await end_tasks(unit, row, ACKNOWLEDGED_BY_PAPER, ACKNOWLEDGED, said.actor)
    late = row.told_until is not None and unit.now >= row.told_until
    payload = {"dispute": row.id, "reason": ACKNOWLEDGED, "by": said.actor, "late": late}
    event = own_id(row.id, ACKNOWLEDGED)
    told = await noting.record(unit, event, "dispute_acknowledged", payload, [row.loan_id], None, said.actor)
    return await disputes.get(unit.tx, row.id) or row, told
