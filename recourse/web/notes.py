"""Facts reported over HTTP: holds, cease requests and the legal desk's statuses. Written first, then the case
is told."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from recourse.contracts.messages import Nudge
from recourse.delivery import Delivery
from recourse.domain.ids import ContactPointId, LoanId, PersonId
from recourse.service import ceasing, desk_statuses, noting
from recourse.service.ceasing import CeaseRequest
from recourse.service.context import Unit
from recourse.service.desk_statuses import Status
from recourse.service.noting import HoldRequest
from recourse.service.tokens import Caller
from recourse.storage.agreements import HoldState
from recourse.web.access import only
from recourse.web.legal_shapes import LegalStatusBody
from recourse.web.shapes import CeaseBody, HoldBody

router = APIRouter(tags=["facts"])
Holder = Annotated[Caller, Depends(only("agent", "lead", "legal"))]
Lifter = Annotated[Caller, Depends(only("lead", "legal"))]
"""Whoever works a case may protect a person at once; taking the protection away is not his to do."""
Desk = Annotated[Caller, Depends(only("desk", "legal"))]
"""The outside desk, which may do nothing else here; our lawyers for what it tells them on the telephone."""


@router.post("/holds", status_code=201)
async def place_hold(request: Request, who: Holder, body: HoldBody) -> dict[str, Any]:
    """In force when this answers, whether Temporal is up or not. Safe to repeat with the same request id: the
    answer then tells the state of now, for the hold may have been lifted since."""
    asked = HoldRequest(
        reason=body.reason,
        actor=who.actor,
        source=body.source,
        until=body.until,
        stops=body.stops,
        person_id=PersonId(body.person_id) if body.person_id else None,
        loan_id=LoanId(body.loan_id) if body.loan_id else None,
        request_id=f"{who.actor}-{body.request_id}",
        asked_by=body.asked_by,
    )
    delivery: Delivery = request.state.delivery
    placed, told = await delivery.note(partial(noting.place_hold, request=asked))
    in_force = placed.state is HoldState.IN_FORCE
    known = {"hold_id": placed.id, "in_force": in_force, "state": placed.state, "case_told": told}
    ends = {"until": placed.until, "rule": placed.rule or None, "source": placed.source or None}
    return known | ends | {"again": placed.again, "stops": sorted(placed.stops)}


@router.post("/holds/{hold_id}/lift")
async def lift_hold(request: Request, who: Lifter, hold_id: str) -> dict[str, Any]:
    async def fact(unit: Unit) -> tuple[None, tuple[Nudge, ...]]:
        return None, await noting.lift_hold(unit, hold_id, who.actor)

    delivery: Delivery = request.state.delivery
    told = (await delivery.note(fact))[1]
    return {"hold_id": hold_id, "in_force": False, "case_told": told}


@router.post("/ceases", status_code=201)
async def cease(request: Request, who: Holder, body: CeaseBody) -> dict[str, Any]:
    """Somebody asked to be contacted no more. In force when this answers, whether Temporal is up or not. Only
    a consent that the person gives anew ends it. Safe to repeat with the same request id."""
    asked = CeaseRequest(
        channels=body.channels,
        actor=who.actor,
        source=body.source,
        person_id=PersonId(body.person_id) if body.person_id else None,
        loan_id=LoanId(body.loan_id) if body.loan_id else None,
        party=body.party,
        contact_point_id=ContactPointId(body.contact_point_id) if body.contact_point_id else None,
        request_id=f"{who.actor}-{body.request_id}",
    )
    delivery: Delivery = request.state.delivery
    ceased, told = await delivery.note(partial(ceasing.cease, request=asked))
    return {
        "cease_id": ceased.key,
        "people": ceased.people,
        "channels": sorted(body.channels),
        "in_force": True,
        "case_told": told,
    }


@router.post("/legal/statuses", status_code=202)
async def legal_status(request: Request, who: Desk, body: LegalStatusBody) -> dict[str, Any]:
    """A status of a handed-over case. Safe to repeat with the same status id."""

    status = Status(body.reference, body.status_id, body.status, body.occurred_at, who.actor, body.documents)

    async def fact(unit: Unit) -> tuple[None, tuple[Nudge, ...]]:
        return None, await desk_statuses.note_legal_status(unit, status)

    delivery: Delivery = request.state.delivery
    told = (await delivery.note(fact))[1]
    return {"recorded": True, "case_told": told}
