"""Cases, for reading."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query, Request

from recourse.domain.ids import CaseId
from recourse.reading import cases
from recourse.service.context import Services
from recourse.service.limiting import Limits
from recourse.service.tokens import Caller
from recourse.storage.database import Database
from recourse.web.access import only

router = APIRouter(tags=["cases"])
Anyone = Annotated[Caller, Depends(only("agent", "lead", "vehicle", "legal", "auditor"))]


@router.get("/cases")
async def list_cases(
    request: Request,
    _: Anyone,
    stage: str | None = None,
    include_closed: bool = False,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> list[cases.CaseLine]:
    database: Database = request.state.delivery.services.database
    async with database.reading() as tx:
        now = await database.now(tx)
        return await cases.listing(tx, now, open_only=not include_closed, stage=stage, limit=limit)


@router.get("/cases/{case_id}")
async def show_case(request: Request, _: Anyone, case_id: str) -> cases.CaseView:
    services: Services = request.state.delivery.services
    async with services.database.reading() as tx:
        view = await cases.show(tx, CaseId(case_id))
        if view is None:
            raise HTTPException(404, "no such case")
        now = await services.database.now(tx)
        known = await Limits(services.book, services.lenders).of_case(tx, view.case.id, now)
    return replace(view, limitation=[asdict(line) for line in known])
