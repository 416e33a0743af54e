"""Money agreements and disputes over HTTP. Written first, then the case is told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query, Request

from recourse.contracts.messages import Nudge
from recourse.delivery import Delivery
from recourse.domain.ids import CaseId, LoanId
from recourse.reading.disputes import listed
from recourse.service import agreeing, disputing
from recourse.service.acknowledging import Acknowledgement, acknowledge
from recourse.service.agreeing import Answer, Proposal, Ruling
from recourse.service.context import Unit
from recourse.service.disputing import DisputeRuling, NewDispute
from recourse.service.tokens import Caller
from recourse.storage import cases, money_agreements
from recourse.storage.disputes import DisputeRow
from recourse.storage.money_agreements import AgreementRow
from recourse.web.access import only
from recourse.web.agreement_shapes import (
    AcknowledgementBody,
    AnswerBody,
    DisputeBody,
    EndBody,
    ProposalBody,
    RulingBody,
)

router = APIRouter(tags=["agreements"])
Proposer = Annotated[Caller, Depends(only(*agreeing.PROPOSERS))]
Answerer = Annotated[Caller, Depends(only("lead", "legal"))]
Watcher = Annotated[Caller, Depends(only("lead", "legal", "auditor"))]
Reader = Annotated[Caller, Depends(only("agent", "lead", "vehicle", "legal", "auditor"))]


@router.post("/cases/{case_id}/agreements", status_code=201)
async def propose(request: Request, who: Proposer, case_id: str, body: ProposalBody) -> dict[str, Any]:
    """In force when this answers, where the caller's authority reaches so far; else `proposed`, and another
    person has to approve it. Safe to repeat with the same request id."""
    asked = Proposal(case_id, body.terms.to_domain(), who.actor, who.role, _own(who, body.request_id))
    return await _noted(request, partial(agreeing.propose, proposal=asked))


@router.get("/cases/{case_id}/agreements")
async def list_agreements(request: Request, _: Reader, case_id: str) -> list[dict[str, Any]]:
    async with request.state.delivery.services.database.reading() as tx:
        if await cases.get(tx, CaseId(case_id)) is None:
            raise HTTPException(404, "no such case")
        return [_told(row) for row in await money_agreements.listing(tx, case_id=CaseId(case_id))]


@router.post("/agreements/{agreement_id}/approve")
async def approve(request: Request, who: Proposer, agreement_id: str, body: RulingBody) -> dict[str, Any]:
    """By another person than the proposer, whose limits reach so far; else 403 with the limit."""
    ruling = Ruling(agreement_id, who.actor, who.role, _own(who, body.request_id))
    return await _noted(request, partial(agreeing.approve, ruling=ruling))


@router.post("/agreements/{agreement_id}/decline")
async def decline(request: Request, who: Proposer, agreement_id: str, body: EndBody) -> dict[str, Any]:
    ruling = Ruling(agreement_id, who.actor, who.role, _own(who, body.request_id), body.code)
    return await _noted(request, partial(agreeing.decline, ruling=ruling))


@router.post("/agreements/{agreement_id}/cancel")
async def cancel(request: Request, who: Proposer, agreement_id: str, body: EndBody) -> dict[str, Any]:
    """Of a settlement that was paid: asked for by one person, and done (`cancelled`) when another person
    confirms the same code."""
    ruling = Ruling(agreement_id, who.actor, who.role, _own(who, body.request_id), body.code)
    return await _noted(request, partial(agreeing.cancel, ruling=ruling))


@router.post("/disputes", status_code=201)
async def open_dispute(request: Request, who: Proposer, body: DisputeBody) -> dict[str, Any]:
    """In force when this answers: what the law packs name stops until it is answered."""
    new = NewDispute(
        LoanId(body.loan_id),
        body.reason,
        who.actor,
        about=body.about,
        evidence=body.evidence,
        request_id=_own(who, body.request_id),
        kind=body.kind,
    )
    return await _disputed(request, partial(disputing.open_dispute, new=new))


@router.get("/disputes")
async def list_disputes(
    request: Request,
    _: Watcher,
    due: bool = False,
    without_case: bool = False,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> list[dict[str, Any]]:
    """due: only what nobody has answered, what is to be answered first first. Else all, the newest first.
    without_case: only of loans that never had a case, of which nobody has a task."""
    delivery: Delivery = request.state.delivery
    database = delivery.services.database
    async with database.reading() as tx:
        now = await database.now(tx)
        return await listed(tx, now, waiting=due, limit=limit, without_case=without_case)


@router.post("/disputes/{dispute_id}/acknowledgement")
async def acknowledge_dispute(
    request: Request, who: Answerer, dispute_id: str, body: AcknowledgementBody
) -> dict[str, Any]:
    """That it came in was written to who disputes; its answer is still to come."""
    said = Acknowledgement(dispute_id, body.evidence, who.actor, _own(who, body.request_id))
    return await _disputed(request, partial(acknowledge, said=said))


@router.post("/disputes/{dispute_id}/answer")
async def answer_dispute(
    request: Request, who: Answerer, dispute_id: str, body: AnswerBody
) -> dict[str, Any]:
    """Its tasks end and its hold is lifted, unless a law pack keeps it after such an answer."""
    request_id = _own(who, body.request_id)
    ruling = DisputeRuling(dispute_id, body.answer, body.evidence, who.actor, request_id)
    return await _disputed(request, partial(disputing.answer_dispute, ruling=ruling))


def _own(who: Caller, request_id: str) -> str:
    """Request ids are each caller's own."""
    return f"{who.actor}-{request_id}"


async def _noted(request: Request, work: Callable[[Unit], Awaitable[Answer]]) -> dict[str, Any]:
    delivery: Delivery = request.state.delivery
    row, told = await delivery.note(work)
    return _told(row) | {"case_told": told}


def _told(row: AgreementRow) -> dict[str, Any]:
    return {
        "agreement_id": row.id,
        "case_id": row.case_id,
        "state": row.state.value,
        "terms": money_agreements.terms_to_json(row.terms),
        "beyond": row.beyond,
        "proposed_by": row.proposed_by,
        "decided_by": row.decided_by,
        "since": row.since,
        "code": row.code,
        "cancel_asked_by": row.cancel_asked_by,
        "cancel_code": row.cancel_code,
    }


async def _disputed(
    request: Request, work: Callable[[Unit], Awaitable[tuple[DisputeRow, tuple[Nudge, ...]]]]
) -> dict[str, Any]:
    delivery: Delivery = request.state.delivery
    row, told = await delivery.note(work)
    return {
        "dispute_id": row.id,
        "hold_id": row.hold_id,
        "kind": row.kind,
        "reason": row.reason,
        "answer_by": row.answer_by,
        "rule": row.rule,
        "told_by": row.told_by,
        "told_rule": row.told_rule,
        "told_at": row.told_at,
        "answer": row.answer,
        "case_told": told,
    }
