"""Cases and dossiers, for reading."""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import partial
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Depends, HTTPException, Query, Request

from recourse.domain.ids import CaseId, LoanId
from recourse.reading import cases
from recourse.service.context import Services
from recourse.service.dossier_reading import note_reading
from recourse.service.limiting import Limits
from recourse.service.tokens import Caller
from recourse.storage.database import Database
from recourse.storage.dossier import dossier_document
from recourse.web.access import only

log = structlog.get_logger(__name__)
router = APIRouter(tags=["cases"])
Anyone = Annotated[Caller, Depends(only("agent", "lead", "vehicle", "legal", "auditor"))]
Purpose = Annotated[str | None, Query(min_length=1, max_length=64, pattern=r"^[\x21-\x3f\x41-\x7e]+$")]
"""Neither spaces nor @: it stays on record, so it is no name and no address."""
DossierReader = Annotated[Caller, Depends(only("lead", "legal", "auditor"))]


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


@router.get("/dossiers/{loan_id}")
async def dossier(
    request: Request, who: DossierReader, loan_id: str, purpose: Purpose = None
) -> dict[str, Any]:
    """The six parts. Personal data: for leads, legal and auditors, and each reading is kept.

    purpose: a code or a file number that says what for.
    """
    services: Services = request.state.delivery.services
    loan = LoanId(loan_id)
    reading = partial(note_reading, loan_id=loan, actor=who.actor, via="api", purpose=purpose)
    try:
        await services.run(reading)
    except LookupError:
        raise HTTPException(404, "no such loan") from None
    log.info("dossier read", actor=who.actor, loan_id=loan, purpose=purpose)
    async with services.database.reading() as tx:
        now = await services.database.now(tx)
        known = await Limits(services.book, services.lenders).of_loan(tx, loan, now)
        return await dossier_document(tx, loan, [asdict(line) for line in known])
