"""Cases and dossiers, for reading."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query, Request

from recourse.domain.ids import CaseId, LoanId
from recourse.reading import cases
from recourse.service.tokens import Caller
from recourse.storage.database import Database
from recourse.storage.dossier import dossier_document
from recourse.web.access import only

router = APIRouter(tags=["cases"])
Anyone = Annotated[Caller, Depends(only("agent", "lead", "vehicle", "legal", "auditor"))]
DossierReader = Annotated[Caller, Depends(only("lead", "legal", "auditor"))]


@router.get("/cases")
async def list_cases(
    request: Request,
    _: Anyone,
    stage: str | None = None,
    include_closed: bool = False,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> list[cases.CaseLine]:
    database: Database = request.app.state.delivery.services.database
    async with database.reading() as tx:
        now = await database.now(tx)
        return await cases.listing(tx, now, open_only=not include_closed, stage=stage, limit=limit)


@router.get("/cases/{case_id}")
async def show_case(request: Request, _: Anyone, case_id: str) -> cases.CaseView:
    async with request.app.state.delivery.services.database.reading() as tx:
        view = await cases.show(tx, CaseId(case_id))
    if view is None:
        raise HTTPException(404, "no such case")
    return view


@router.get("/dossiers/{loan_id}")
async def dossier(request: Request, _: DossierReader, loan_id: str) -> dict[str, Any]:
    """The six parts. Personal data: for leads, legal and auditors."""
    async with request.app.state.delivery.services.database.reading() as tx:
        try:
            return await dossier_document(tx, LoanId(loan_id))
        except LookupError:
            raise HTTPException(404, "no such loan") from None
