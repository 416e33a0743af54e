"""The API's routes. The OpenAPI document is under /api/openapi.json, for those who have a token."""

from __future__ import annotations

from typing import Annotated, Any

import structlog
from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from recourse.contracts.delivery import Unacceptable, Unavailable
from recourse.delivery import Delivery
from recourse.ports import AnswersTasks, RunsUnavailable
from recourse.reading.legal import NoSuchCase
from recourse.service.authorising import NotAuthorised
from recourse.service.noting import Pointless, RequestReused, Unknown
from recourse.service.tokens import Caller
from recourse.service.vehicle_desk import VehicleDesk
from recourse.web import (
    agreements,
    attempts,
    cases,
    consents,
    dossiers,
    legal,
    notes,
    permits,
    proofs,
    recoveries,
    restrictions,
    tasks,
    vehicles,
)
from recourse.web.access import current_caller
from recourse.web.headers import SafeHeaders
from recourse.web.limits import BodyLimit
from recourse.web.rate import Door

log = structlog.get_logger(__name__)
DOCUMENT = "/api/openapi.json"


def build_api(
    delivery: Delivery,
    runs: AnswersTasks,
    desk: VehicleDesk | None = None,
    *,
    door: Door | None = None,
    across_lenders: bool = False,
    docs: bool = False,
) -> FastAPI:
    """desk: None where positions cannot be read here. door: how often somebody may ask.
    across_lenders: whether a token confined to lenders may break the glass in front of another's dossier.
    docs: pages under /api/docs, and the document without a token, which is how the pages ask for it. The
    scripts of the pages come from a public host."""
    pages, document = ("/api/docs", DOCUMENT) if docs else (None, None)
    where: dict[str, Any] = {"docs_url": pages, "openapi_url": document, "redoc_url": None}
    # A path with a slash too many is no path: the answer would be made of the Host that the caller names.
    api = FastAPI(title="Recourse", version="1", redirect_slashes=False, **where)
    if not docs:
        api.get(DOCUMENT, include_in_schema=False)(_description)
    api.state.delivery, api.state.runs, api.state.desk = delivery, runs, desk
    api.state.door, api.state.across_lenders = door or Door(), across_lenders
    api.add_middleware(BodyLimit)
    api.add_middleware(SafeHeaders, pages=pages or "")  # the outermost: a refused body has them too
    routers = (
        tasks.router,
        cases.router,
        dossiers.router,
        notes.router,
        permits.router,
        proofs.router,
        legal.router,
        recoveries.router,
        agreements.router,
        restrictions.router,
        consents.router,
        attempts.router,
        vehicles.router,
    )
    for router in routers:
        api.include_router(router, prefix="/api")
    api.add_exception_handler(Unavailable, _down)
    api.add_exception_handler(RunsUnavailable, _down)
    api.add_exception_handler(Unknown, _unknown)
    api.add_exception_handler(NoSuchCase, _unknown)
    api.add_exception_handler(RequestReused, _reused)
    api.add_exception_handler(Pointless, _pointless)
    api.add_exception_handler(NotAuthorised, _not_authorised)
    api.add_exception_handler(RequestValidationError, _malformed)
    api.add_exception_handler(Unacceptable, _unstorable)
    api.get("/healthz", include_in_schema=False)(_healthy)
    return api


async def _description(request: Request, _: Annotated[Caller, Depends(current_caller)]) -> dict[str, Any]:
    api: FastAPI = request.app
    return api.openapi()


async def _healthy() -> dict[str, str]:
    return {"status": "ok"}


async def _down(_: Request, error: Exception) -> JSONResponse:
    """Nothing was written; the caller repeats with the same request id."""
    return JSONResponse({"detail": f"try again: {error}"}, 503, {"Retry-After": "5"})


async def _unknown(_: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": str(error)}, 404)


async def _reused(request: Request, error: Exception) -> JSONResponse:
    """Who repeats it for ever may not read the answer, so ours must be able to see it."""
    log.warning("an id that stands for something else was refused", path=request.scope["route"].path)
    return JSONResponse({"detail": str(error)}, 409)


async def _pointless(_: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": str(error)}, 422)


async def _not_authorised(_: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": str(error)}, 403)


async def _malformed(_: Request, error: Exception) -> JSONResponse:
    """Which field and what it should be. What was sent is not sent back: it may name a person."""
    problems = error.errors() if isinstance(error, RequestValidationError) else []
    told = [{name: problem[name] for name in ("loc", "msg", "type")} for problem in problems]
    for one in told:
        if one["type"] == "union_tag_invalid":  # the only message with the value in it
            one["msg"] = "none of the kinds there are; see the API description"
    return JSONResponse({"detail": told}, 422)


async def _unstorable(_: Request, __: Exception) -> JSONResponse:
    return JSONResponse({"detail": "a value that cannot be stored, such as a zero byte"}, 422)
