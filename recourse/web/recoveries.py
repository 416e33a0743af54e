"""Recoveries over HTTP: proposed by one person, approved by another, each under a token of his own."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from recourse.delivery import Delivery
from recourse.domain.law.verdict import Refused
from recourse.service import proposing
from recourse.service.proposing import APPROVE, PROPOSE, NewProposal
from recourse.service.tokens import Caller
from recourse.storage import recoveries
from recourse.web.access import only
from recourse.web.shapes import DeclineBody, RecoveryBody

router = APIRouter(tags=["recoveries"])
Proposer = Annotated[Caller, Depends(only(*PROPOSE))]
Approver = Annotated[Caller, Depends(only(*APPROVE))]
Reader = Annotated[Caller, Depends(only(*PROPOSE, "auditor"))]


@router.post("/cases/{case_id}/recoveries", status_code=201)
async def propose(request: Request, who: Proposer, case_id: str, body: RecoveryBody) -> dict[str, Any]:
    """Nobody is sent yet. Safe to repeat with the same request id."""
    request_id = f"{who.actor}-{body.request_id}"
    new = NewProposal(case_id, body.purpose, body.agency, who.actor, body.days, request_id)
    delivery: Delivery = request.state.delivery
    return asdict(await delivery.services.run(partial(proposing.propose, new=new)))


@router.get("/recoveries")
async def undecided(request: Request, _: Reader) -> list[dict[str, Any]]:
    """What waits for another person's decision, the oldest first."""
    delivery: Delivery = request.state.delivery
    async with delivery.services.database.reading() as tx:
        now = await delivery.services.database.now(tx)
        return [asdict(row) for row in await recoveries.undecided(tx, now)]


@router.post("/recoveries/{recovery_id}/approve")
async def approve(request: Request, response: Response, who: Approver, recovery_id: str) -> dict[str, Any]:
    """The gate is asked now, with both persons; its no is 409 with code and source. Safe to repeat."""
    delivery: Delivery = request.state.delivery
    issued = await delivery.services.run(partial(proposing.approve, key=recovery_id, actor=who.actor))
    if isinstance(issued, Refused):
        response.status_code = 409
        why = {"code": issued.code, "source": issued.source, "detail": issued.detail}
        return {"allowed": False, "opens_at": issued.opens_at} | why
    return {"allowed": True, "permit_id": issued.id, "expires_at": issued.expires_at}


@router.post("/recoveries/{recovery_id}/decline")
async def decline(request: Request, who: Proposer, recovery_id: str, body: DeclineBody) -> dict[str, Any]:
    """Safe to repeat."""
    delivery: Delivery = request.state.delivery
    act = partial(proposing.decline, key=recovery_id, actor=who.actor, code=body.code)
    return asdict(await delivery.services.run(act))
