"""What a person told us about being contacted: inconvenient times and places, and attorneys."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from recourse.delivery import Delivery
from recourse.domain.ids import PersonId
from recourse.service import restricting
from recourse.service.restricting import RestrictionRequest
from recourse.service.tokens import Caller
from recourse.storage import restrictions
from recourse.web.access import only
from recourse.web.shapes import RestrictionBody, WithdrawBody

router = APIRouter(tags=["restrictions"])
Reader = Annotated[Caller, Depends(only("agent", "lead", "legal", "auditor"))]
Noter = Annotated[Caller, Depends(only("agent", "lead", "legal"))]
Withdrawer = Annotated[Caller, Depends(only("lead", "legal"))]
"""As with holds: whoever works a case may protect a person, and ending the protection is not his to do."""


@router.post("/restrictions", status_code=201)
async def restrict(request: Request, who: Noter, body: RestrictionBody) -> dict[str, Any]:
    """In force when this answers, whether Temporal is up or not. Safe to repeat with the same request id."""
    asked = RestrictionRequest(
        person_id=PersonId(body.person_id),
        what=body.restriction(),
        actor=who.actor,
        source=body.source,
        request_id=f"{who.actor}-{body.request_id}",
    )
    delivery: Delivery = request.state.delivery
    row, case_told = await delivery.note(partial(restricting.restrict, request=asked))
    return restrictions.told(row) | {"in_force": row.withdrawn_at is None, "case_told": case_told}


@router.get("/people/{person_id}/restrictions")
async def list_restrictions(request: Request, _: Reader, person_id: str) -> list[dict[str, Any]]:
    """Of one person, the oldest first, those that were taken back too."""
    delivery: Delivery = request.state.delivery
    async with delivery.services.database.reading() as tx:
        return [restrictions.told(row) for row in await restrictions.of_people(tx, [person_id])]


@router.post("/restrictions/{restriction_id}/withdraw")
async def withdraw(
    request: Request, who: Withdrawer, restriction_id: str, body: WithdrawBody
) -> dict[str, Any]:
    """The person takes it back."""
    taken_back = partial(restricting.withdraw, key=restriction_id, actor=who.actor, source=body.source)
    delivery: Delivery = request.state.delivery
    _, case_told = await delivery.note(taken_back)
    return {"id": restriction_id, "in_force": False, "case_told": case_told}
