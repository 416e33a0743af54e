"""Dossiers: masked for the role, and in clear under a reveal. Each reading is kept first."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import Annotated, Any, Final

import structlog
from fastapi import APIRouter, Depends, HTTPException, Query, Request
from pydantic import StringConstraints

from recourse.delivery import Delivery
from recourse.domain.disclosure import BREAKERS, READERS, Justification, RevealPurpose
from recourse.domain.ids import LoanId
from recourse.service.context import Services
from recourse.service.dossier_reading import in_clear, masked, note_reading
from recourse.service.revealing import NewReveal, Revealing
from recourse.service.tokens import Caller
from recourse.web.access import only
from recourse.web.shapes import ClaimBody

log = structlog.get_logger(__name__)
router = APIRouter(tags=["dossiers"])
CODE: Final = r"^[\x21-\x3f\x41-\x7e]+$"
"""Neither spaces nor @: it stays on record, so it is no name and no address."""
Purpose = Annotated[str | None, Query(min_length=1, max_length=64, pattern=CODE)]
Reference = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=CODE)]
Reader = Annotated[Caller, Depends(only(*READERS))]
Breaker = Annotated[Caller, Depends(only(*BREAKERS))]


class RevealBody(ClaimBody):
    """purpose: from the closed list. reference: the id of the file or ticket that explains it. justification:
    why it must be, where the dossier is not for the caller's role."""

    purpose: RevealPurpose
    reference: Reference | None = None
    justification: Justification | None = None


@router.get("/dossiers/{loan_id}")
async def dossier(request: Request, who: Reader, loan_id: str, purpose: Purpose = None) -> dict[str, Any]:
    """The six parts, with personal data masked for the role; `masked` names the places. In clear: ask for a
    reveal. Each reading is kept.

    purpose: a code or a file number that says what for.
    """
    services = _services(request)
    loan = LoanId(loan_id)
    reading = partial(note_reading, loan_id=loan, actor=who.actor, via="api", purpose=purpose)
    try:
        await services.run(reading)
    except LookupError:
        raise HTTPException(404, "no such loan") from None
    log.info("dossier read", actor=who.actor, loan_id=loan, purpose=purpose)
    return await masked(services, loan, who.role)


@router.post("/dossiers/{loan_id}/reveals", status_code=201)
async def ask(request: Request, who: Breaker, loan_id: str, body: RevealBody) -> dict[str, Any]:
    """Leave to read this dossier in clear for a purpose, for some minutes. Where it is not for the caller's
    role it takes a justification and a reference, is told in the case's diary, and is reviewed by another
    person. Safe to repeat with the same request id."""
    new = NewReveal(LoanId(loan_id), body.purpose, body.request_id, body.reference, body.justification)
    return asdict(await _revealing(request, who).ask(new))


@router.get("/reveals/{reveal_id}/dossier")
async def read(request: Request, who: Breaker, reveal_id: str) -> dict[str, Any]:
    """The six parts in clear, for who asked for the reveal and while it runs. Each reading is kept."""
    row, services = await _revealing(request, who).read(reveal_id)
    log.info("dossier read in clear", actor=who.actor, loan_id=row.loan_id, reveal_id=row.id)
    return await in_clear(services, row.loan_id)


def _services(request: Request) -> Services:
    """Over the loans that the caller may see."""
    delivery: Delivery = request.state.delivery
    return delivery.services


def _revealing(request: Request, who: Caller) -> Revealing:
    return Revealing(_services(request), who, request.app.state.across_lenders)
