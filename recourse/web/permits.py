"""Recovery permits, for the agency that has them: which they are, whether one still holds, and its answer to
a recall. An answer of ours that did not come is a no."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from recourse.delivery import Delivery
from recourse.reading import permits as reading
from recourse.service import recovering
from recourse.service.tokens import Caller
from recourse.web.access import only
from recourse.web.shapes import RecallAckBody

router = APIRouter(tags=["permits"])
Agency = Annotated[Caller, Depends(only("recovery"))]


@router.get("/permits")
async def listed(request: Request, who: Agency) -> list[dict[str, Any]]:
    """Its permits that are in force, and those recalled that it has not acknowledged."""
    delivery: Delivery = request.state.delivery
    async with delivery.services.database.reading() as tx:
        lines = await reading.of_agency(tx, who.actor)
    names = ("id", "case_id", "kind", "state", "purpose", "issued_at", "expires_at", "recall_code")
    return [{name: getattr(line, name) for name in names} for line in lines]


@router.post("/permits/{permit_id}/check")
async def check(request: Request, who: Agency, permit_id: str) -> dict[str, Any]:
    """Right before the hook-up. Only `valid` allows it, and only until `good_until`. Each asking is kept."""
    delivery: Delivery = request.state.delivery
    ask = partial(recovering.check, permit_id=permit_id, actor=who.actor, anybodys=who.role == "admin")
    found = await delivery.services.run(ask)
    return {
        "permit_id": permit_id,
        "answer": found.answer,
        "code": found.code,
        "checked_at": found.at,
        "good_until": found.good_until,
    }


@router.post("/permits/{permit_id}/recall-ack")
async def acknowledge(request: Request, who: Agency, permit_id: str, body: RecallAckBody) -> dict[str, Any]:
    """The agency has stopped, or the vehicle was taken before. Safe to repeat: the first answer counts."""
    delivery: Delivery = request.state.delivery
    answer = partial(
        recovering.acknowledge,
        permit_id=permit_id,
        actor=who.actor,
        outcome=body.outcome,
        anybodys=who.role == "admin",
    )
    row = await delivery.services.run(answer)
    return {"permit_id": row.id, "state": row.state, "code": row.recall_code}
