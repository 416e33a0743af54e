"""Proofs that people record, over HTTP: by our lawyers and leads."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from recourse.delivery import Delivery
from recourse.domain.ids import LoanId
from recourse.service import proving
from recourse.service.proving import NewProof
from recourse.service.tokens import Caller
from recourse.storage import proofs
from recourse.web.access import only
from recourse.web.shapes import ProofBody, WithdrawBody

router = APIRouter(tags=["proofs"])
Prover = Annotated[Caller, Depends(only("lead", "legal"))]
Reader = Annotated[Caller, Depends(only("lead", "legal", "auditor"))]


@router.post("/proofs", status_code=201)
async def prove(request: Request, who: Prover, body: ProofBody) -> dict[str, Any]:
    """The limitation clock heeds it when this answers. Safe to repeat with the same request id."""
    new = NewProof(
        loan_id=LoanId(body.loan_id),
        kind=body.kind,
        on=body.on,
        evidence=body.evidence,
        actor=who.actor,
        request_id=f"{who.actor}-{body.request_id}",
        document=body.document,
    )
    delivery: Delivery = request.state.delivery
    row, told = await delivery.note(partial(proving.prove, new=new))
    return asdict(row) | {"case_told": told}


@router.get("/loans/{loan_id}/proofs")
async def list_proofs(request: Request, _: Reader, loan_id: str) -> list[dict[str, Any]]:
    """Oldest first, those that were withdrawn too."""
    delivery: Delivery = request.state.delivery
    async with delivery.services.database.reading() as tx:
        return [asdict(row) for row in await proofs.of_loan(tx, LoanId(loan_id))]


@router.post("/proofs/{proof_id}/withdraw")
async def withdraw(request: Request, who: Prover, proof_id: str, body: WithdrawBody) -> dict[str, Any]:
    """It proves nothing after all; the row stays."""
    delivery: Delivery = request.state.delivery
    taken_back = partial(proving.withdraw, key=proof_id, actor=who.actor, source=body.source)
    row, told = await delivery.note(taken_back)
    return asdict(row) | {"case_told": told}
