"""Tasks: list, claim, complete. A refusal is 409 with a receipt that says why and when it opens."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request, Response

from recourse.contracts.messages import TaskAnswer, TaskReceipt
from recourse.delivery import Delivery
from recourse.service.answering import ROLES
from recourse.service.dispositions import allowed_outcomes
from recourse.service.tokens import Caller
from recourse.storage import tasks
from recourse.web.access import only
from recourse.web.shapes import ClaimBody, CompleteBody

router = APIRouter(tags=["tasks"])
Worker = Annotated[Caller, Depends(only("agent", "lead", "vehicle", "legal"))]


@router.get("/tasks")
async def list_tasks(request: Request, who: Worker) -> list[dict[str, Any]]:
    """Open tasks of the caller's teams, oldest first, each with the outcomes it accepts."""
    teams = [team for team, roles in ROLES.items() if who.role in roles or who.role == "admin"]
    async with request.app.state.delivery.services.database.reading() as tx:
        rows = await tasks.listing(tx, teams)
    return [asdict(row) | {"outcomes": allowed_outcomes(row.kind)} for row in rows]


@router.post("/tasks/{task_id}/claim")
async def claim(
    request: Request, response: Response, who: Worker, task_id: str, body: ClaimBody
) -> TaskReceipt:
    """Take a task; for a call the gate answers whether it may be made now."""
    answer = TaskAnswer(task_id, "claim", who.actor, _own(who, body.request_id), (who.role,))
    return await _answer(request, response, answer)


@router.post("/tasks/{task_id}/complete")
async def complete(
    request: Request, response: Response, who: Worker, task_id: str, body: CompleteBody
) -> TaskReceipt:
    """Say what came of a task."""
    answer = TaskAnswer(
        task_id,
        "complete",
        who.actor,
        _own(who, body.request_id),
        (who.role,),
        outcome=body.outcome,
        promise_minor=body.promise_minor,
        promise_on=body.promise_on.isoformat() if body.promise_on else None,
    )
    return await _answer(request, response, answer)


def _own(who: Caller, request_id: str) -> str:
    """Request ids are each caller's own: nobody can be given another person's receipt."""
    return f"{who.actor}:{request_id}"


async def _answer(request: Request, response: Response, answer: TaskAnswer) -> TaskReceipt:
    delivery: Delivery = request.app.state.delivery
    receipt = await delivery.answer(request.app.state.runs, answer)
    if receipt is None:
        raise HTTPException(404, "no such task")
    if not receipt.accepted:
        response.status_code = 403 if receipt.code == "role_not_permitted" else 409
    return receipt
