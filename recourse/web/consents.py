"""What people agreed to, channel by channel and contact point by contact point, with the proofs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from recourse.delivery import Delivery
from recourse.domain.ids import ContactPointId, PersonId
from recourse.service import consenting
from recourse.service.consenting import GIVERS, NOTERS, Noted, Statement
from recourse.service.context import Unit
from recourse.service.tokens import Caller
from recourse.storage import consents
from recourse.web.access import only
from recourse.web.shapes import ConsentBody

router = APIRouter(tags=["consents"])
Reader = Annotated[Caller, Depends(only(*NOTERS, "auditor"))]
Giver = Annotated[Caller, Depends(only(*GIVERS))]
Noter = Annotated[Caller, Depends(only(*NOTERS))]


@router.post("/consents", status_code=201)
async def give(request: Request, who: Giver, body: ConsentBody) -> dict[str, Any]:
    """The person agrees, with when, how and the proof. Later than a request to stop, it ends it for this
    channel on this contact point. In force when this answers; safe to repeat with the same request id."""
    return await _noted(request, partial(consenting.give, said=_said(who, body)))


@router.post("/consents/withdraw", status_code=201)
async def withdraw(request: Request, who: Noter, body: ConsentBody) -> dict[str, Any]:
    """The person takes it back on one contact point; on all of them it is a cease request."""
    return await _noted(request, partial(consenting.withdraw, said=_said(who, body)))


@router.get("/people/{person_id}/consents")
async def list_consents(request: Request, _: Reader, person_id: str) -> list[dict[str, Any]]:
    """Of one person, in the order in which they were noted, those withdrawn too."""
    delivery: Delivery = request.state.delivery
    async with delivery.services.database.reading() as tx:
        return [consents.told(row) for row in await consents.of_people(tx, [person_id])]


def _said(who: Caller, body: ConsentBody) -> Statement:
    return Statement(
        PersonId(body.person_id),
        ContactPointId(body.contact_point_id),
        body.channel,
        body.way,
        body.source,
        who.actor,
        body.at,
        f"{who.actor}-{body.request_id}",
    )


async def _noted(request: Request, work: Callable[[Unit], Awaitable[Noted]]) -> dict[str, Any]:
    delivery: Delivery = request.state.delivery
    row, case_told = await delivery.note(work)
    return consents.told(row) | {"case_told": case_told}
