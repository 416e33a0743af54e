"""Slots of the caps for those who dial elsewhere: a dialler, an agency, a bot."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from recourse.domain.ids import ContactPointId, LoanId, PersonId
from recourse.domain.law.verdict import Refused
from recourse.service import reserving
from recourse.service.binding import BOUND_ROLE
from recourse.service.context import Services
from recourse.service.outward import outward
from recourse.service.reserving import AnswerOwed, SlotRequest
from recourse.service.tokens import Caller
from recourse.web.access import only
from recourse.web.shapes import AttemptBody, OutcomeBody

router = APIRouter(prefix="/attempts", tags=["attempts"])
Dialler = Annotated[Caller, Depends(only("dialler", "lead"))]


@router.post("", status_code=201)
async def reserve(request: Request, response: Response, who: Dialler, body: AttemptBody) -> dict[str, Any]:
    """Before dialling: a slot that is yours until `expires_at`, or 409 with a code and when it opens again.

    A dialler asks about the loans of its token only, and is not told why a person is protected. Safe to
    repeat with the same request id. With `inbound` it is noted that the person called."""
    asked = SlotRequest(
        LoanId(body.loan_id),
        PersonId(body.person_id),
        ContactPointId(body.contact_point_id),
        body.channel,
        who.actor,
        body.request_id,
        body.says,
        bound=who.role == BOUND_ROLE,
    )
    services: Services = request.state.delivery.services
    if body.inbound:
        noted = await services.run(partial(reserving.note_inbound, request=asked))
        return {"attempt_id": noted, "allowed": True, "state": "connected", "expires_at": None}
    answer = await services.run(partial(reserving.reserve, request=asked))
    if isinstance(answer, Refused | AnswerOwed):
        response.status_code = 409
        told = outward(answer) if who.role == BOUND_ROLE or isinstance(answer, AnswerOwed) else answer
        why = {"code": told.code, "source": told.source, "detail": told.detail}
        return {"allowed": False, "opens_at": told.opens_at} | why
    return {"attempt_id": answer.id, "allowed": True, "state": answer.state, "expires_at": answer.until}


@router.post("/{attempt_id}")
async def tell(request: Request, who: Dialler, attempt_id: str, body: OutcomeBody) -> dict[str, Any]:
    """What became of it. Safe to repeat; unsaid, the slot counts as used for good, and the caller gets no
    other for the person. A lead may say it for a dialler that is silent."""
    services: Services = request.state.delivery.services
    anybodys = who.role != BOUND_ROLE
    told = partial(reserving.tell, key=attempt_id, result=body.outcome, actor=who.actor, anybodys=anybodys)
    slot = await services.run(told)
    return {"attempt_id": slot.id, "state": slot.state}
