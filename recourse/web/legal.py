"""Legal actions over HTTP: moved by our lawyers alone; leads and auditors read."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from recourse.delivery import Delivery
from recourse.domain.legal.action import NotMade
from recourse.reading import legal
from recourse.service import legal_amounts, pursuing
from recourse.service.legal_amounts import NewEntry
from recourse.service.legal_moves import NewMove
from recourse.service.pursuing import PURSUE
from recourse.service.tokens import Caller
from recourse.storage import legal_actions
from recourse.web.access import only
from recourse.web.legal_shapes import LegalEntryBody, LegalMoveBody

router = APIRouter(tags=["legal"])
Lawyer = Annotated[Caller, Depends(only(*PURSUE))]
Reader = Annotated[Caller, Depends(only(*PURSUE, "lead", "auditor"))]
Limit = Annotated[int, Query(ge=1, le=1000)]
Within = Annotated[int, Query(ge=0, le=3660)]


@router.get("/legal")
async def list_actions(request: Request, _: Reader, limit: Limit = 200) -> list[dict[str, Any]]:
    """Cases with a legal action, the one that moved last first."""
    delivery: Delivery = request.state.delivery
    async with delivery.services.database.reading() as tx:
        return [asdict(row) for row in await legal.listing(tx, limit)]


@router.get("/legal/deadlines")
async def deadlines(
    request: Request, _: Reader, within: Within = 30, limit: Limit = 200
) -> list[dict[str, Any]]:
    """Of open cases: what ends within so many days and what was missed, the soonest first."""
    delivery: Delivery = request.state.delivery
    database = delivery.services.database
    async with database.reading() as tx:
        now = await database.now(tx)
        rows = await legal_actions.running(tx, now + timedelta(days=within), limit)
        return [asdict(row) | {"state": legal.state_of(row, now)} for row in rows]


@router.get("/cases/{case_id}/legal")
async def show(request: Request, _: Reader, case_id: str) -> dict[str, Any]:
    """Where it stands, what may follow and what that takes, what runs out, what it cost and brought."""
    delivery: Delivery = request.state.delivery
    services = delivery.services
    async with services.database.reading() as tx:
        return (await legal.shown(services.database, tx, services.book, case_id)).plain()


@router.post("/cases/{case_id}/legal/moves", status_code=201)
async def make_move(
    request: Request, response: Response, who: Lawyer, case_id: str, body: LegalMoveBody
) -> dict[str, Any]:
    """409 with the rule and what is missing, or from when, where it cannot be made. Safe to repeat."""
    new = NewMove(
        case_id,
        body.move,
        body.on,
        body.documents,
        who.actor,
        f"{who.actor}-{body.request_id}",
        body.despite,
        terms=body.sale.terms() if body.sale is not None else None,
    )
    delivery: Delivery = request.state.delivery
    made, told = await delivery.note(partial(pursuing.make_move, new=new))
    if isinstance(made, NotMade):
        response.status_code = 409
        return {"made": False, **asdict(made)}
    return {"made": True, "case_told": told, **asdict(made)}


@router.post("/cases/{case_id}/legal/amounts", status_code=201)
async def note_amount(request: Request, who: Lawyer, case_id: str, body: LegalEntryBody) -> dict[str, Any]:
    """A cost, or what was recovered, with its proof. Safe to repeat."""
    new = NewEntry(
        case_id,
        body.kind,
        body.amount_minor,
        body.on,
        body.proof,
        who.actor,
        f"{who.actor}-{body.request_id}",
        body.reverses,
    )
    delivery: Delivery = request.state.delivery
    row, told = await delivery.note(partial(legal_amounts.note_amount, new=new))
    return asdict(row) | {"case_told": told}
