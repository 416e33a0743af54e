"""Where a vehicle is, over HTTP: leave for a purpose first, then readings under it. Each is a line of the
case's diary, and nobody is told more than his request and the stage allow."""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request, Response

from recourse.delivery import Delivery
from recourse.domain.ids import CaseId
from recourse.domain.law.verdict import Refused
from recourse.service import position_reads
from recourse.service.context import Services
from recourse.service.location_requests import NewRequest
from recourse.service.position_reads import NotLocated
from recourse.service.tokens import Caller
from recourse.service.vehicle_desk import VehicleDesk
from recourse.storage import location_requests
from recourse.storage.location_requests import RequestRow
from recourse.storage.positions import Shown
from recourse.web.access import only
from recourse.web.shapes import ClaimBody, EndBody, LocationRequestBody

router = APIRouter(tags=["vehicles"])
ROLE = "vehicle"
Desk = Annotated[Caller, Depends(only(ROLE))]
Reader = Annotated[Caller, Depends(only(ROLE, "auditor"))]


@router.post("/cases/{case_id}/location-requests", status_code=201)
async def ask(
    request: Request, response: Response, who: Desk, case_id: str, body: LocationRequestBody
) -> dict[str, Any]:
    """Leave to read where the vehicle is, for one purpose. The gate's no is 409 with code and source. Safe to
    repeat with the same request id."""
    new = NewRequest(case_id, body.purpose, who.actor, body.request_id, body.days)
    granted = await _services(request).run(partial(position_reads.request, new=new))
    if isinstance(granted, Refused):
        return _refused(response, granted)
    return {"allowed": True, **_request(granted)}


@router.get("/location-requests")
async def running(request: Request, _: Reader, case_id: str | None = None) -> list[dict[str, Any]]:
    """What runs now, the newest first; of one case, what has ended too."""
    database = _services(request).database
    async with database.reading() as tx:
        now = await database.now(tx)
        one = CaseId(case_id) if case_id else None
        rows = await location_requests.listed(tx, now, case_id=one, running=one is None)
    return [_request(row) for row in rows]


@router.post("/location-requests/{location_request_id}/reads")
async def read(
    request: Request, response: Response, who: Desk, location_request_id: str, body: ClaimBody
) -> dict[str, Any]:
    """Where it is now. The gate's no is 409 with code and source. Safe to repeat with the same request id:
    then it is not asked again where it is. 503 while the provider does not answer."""
    found = await _desk(request).locate(location_request_id, body.request_id, who.actor)
    match found:
        case Refused():
            return _refused(response, found)
        case NotLocated():
            return {"allowed": True, "located": False, "code": found.code}
        case Shown():
            return {"allowed": True, "located": True, **_shown(found)}


@router.post("/location-requests/{location_request_id}/positions")
async def look(request: Request, response: Response, who: Desk, location_request_id: str) -> dict[str, Any]:
    """What was read under it before, the newest first. Looking is kept like a reading, so this is no GET."""
    found = await _desk(request).look(location_request_id, who.actor)
    if isinstance(found, Refused):
        return _refused(response, found)
    return {"allowed": True, "positions": [_shown(one) for one in found]}


@router.post("/location-requests/{location_request_id}/end")
async def end(request: Request, who: Desk, location_request_id: str, body: EndBody) -> dict[str, Any]:
    """Safe to repeat."""
    act = partial(position_reads.end, request_id=location_request_id, code=body.code, actor=who.actor)
    return _request(await _services(request).run(act))


def _services(request: Request) -> Services:
    """Over the loans that the caller may see."""
    delivery: Delivery = request.state.delivery
    return delivery.services


def _desk(request: Request) -> VehicleDesk:
    desk: VehicleDesk | None = request.app.state.desk
    if desk is None:
        raise HTTPException(
            503, "positions cannot be read here: RECOURSE_TRACCAR_URL, RECOURSE_POSITIONS_KEY"
        )
    return replace(desk, services=_services(request))


def _request(row: RequestRow) -> dict[str, Any]:
    return {name: value for name, value in asdict(row).items() if name != "loan_id"}


def _shown(shown: Shown) -> dict[str, Any]:
    return {
        "reading": asdict(shown.reading),
        "place": asdict(shown.place) if shown.place is not None else None,
    }


def _refused(response: Response, refused: Refused) -> dict[str, Any]:
    response.status_code = 409
    why = {"code": refused.code, "source": refused.source, "detail": refused.detail}
    return {"allowed": False, "opens_at": refused.opens_at} | why
