"""Slots of the caps for those who dial elsewhere: a dialler, an agency, a bot."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from recourse.domain.ids import ContactPointId, LoanId, PersonId
from recourse.domain.law.verdict import Refused
from recourse.service import reserving
from recourse.service.context import Services
from recourse.service.reserving import SlotRequest
from recourse.service.tokens import Caller
from recourse.web.access import only
from recourse.web.shapes import AttemptBody, OutcomeBody

router = APIRouter(prefix="/attempts", tags=["attempts"])
Dialler = Annotated[Caller, Depends(only("dialler", "lead"))]


@router.post("", status_code=201)
async def reserve(request: Request, response: Response, who: Dialler, body: AttemptBody) -> dict[str, Any]:
    """Before dialling: a slot that is yours until `expires_at`, or 409 with the reason and when it opens
    again. Safe to repeat with the same request id. With `inbound` it is noted that the person called."""
    asked = SlotRequest(
        LoanId(body.loan_id),
        PersonId(body.person_id),
        ContactPointId(body.contact_point_id),
        body.channel,
        who.actor,
        body.request_id,
        body.says,
    )
    services: Services = request.app.state.delivery.services
    if body.inbound:
        noted = await services.run(partial(reserving.note_inbound, request=asked))
        return {"attempt_id": noted, "allowed": True, "state": "connected", "expires_at": None}
    answer = await services.run(partial(reserving.reserve, request=asked))
    if isinstance(answer, Refused):
        response.status_code = 409
        why = {"code": answer.code, "source": answer.source, "detail": answer.detail}
        return {"allowed": False, "opens_at": answer.opens_at} | why
    return {"attempt_id": answer.id, "allowed": True, "state": answer.state, "expires_at": answer.until}


@router.post("/{attempt_id}")
async def tell(request: Request, who: Dialler, attempt_id: str, body: OutcomeBody) -> dict[str, Any]:
    """What became of it. Safe to repeat; unsaid, the slot counts as used for good."""
    services: Services = request.app.state.delivery.services
    told = partial(reserving.tell, key=attempt_id, result=body.outcome, actor=who.actor)
    slot = await services.run(told)
    return {"attempt_id": slot.id, "state": slot.state}
