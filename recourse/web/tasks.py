"""Tasks: list, claim, complete. A refusal is 409 with a receipt that says why and when it opens."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from pydantic import AwareDatetime, TypeAdapter

from recourse.contracts.messages import TaskAnswer, TaskReceipt
from recourse.delivery import Delivery
from recourse.domain.dispositions import allowed_outcomes
from recourse.service.permitting import teams_of
from recourse.service.tokens import Caller
from recourse.storage import tasks
from recourse.storage.tasks import Place
from recourse.web.access import only
from recourse.web.shapes import ClaimBody, CompleteBody, Key

router = APIRouter(tags=["tasks"])
Worker = Annotated[Caller, Depends(only("agent", "lead", "vehicle", "legal"))]
_PLACE: TypeAdapter[tuple[Literal[0, 1], AwareDatetime, Key]] = TypeAdapter(
    tuple[Literal[0, 1], AwareDatetime, Key]
)


def _cursor(place: Place) -> str:
    """Opaque to the caller: where the list stood, though the task there may have changed since."""
    return urlsafe_b64encode(_PLACE.dump_json((place.others, place.opened_at, place.id))).decode()


def _place(after: Annotated[str | None, Query(max_length=500)] = None) -> Place | None:
    if after is None:
        return None
    try:
        return Place(*_PLACE.validate_json(urlsafe_b64decode(after)))
    except ValueError:
        raise HTTPException(422, "after: not from a link of this list") from None


@router.get("/tasks")
async def list_tasks(
    request: Request,
    response: Response,
    who: Worker,
    limit: Annotated[int, Query(ge=1, le=500)] = 200,
    after: Annotated[Place | None, Depends(_place)] = None,
) -> list[dict[str, Any]]:
    """Tasks of the caller's teams, each with the outcomes it accepts: the open ones and his own, the oldest
    first, then those that others have claimed. A `Link` with `rel="next"` leads to the rest."""
    teams = teams_of(who.role)
    delivery: Delivery = request.state.delivery
    database = delivery.services.database
    async with database.reading() as tx:
        now = await database.now(tx)
        rows, more = await tasks.listing(tx, teams, now, reader=who.actor, after=after, limit=limit)
    if more is not None:
        response.headers["Link"] = f'</api/tasks?limit={limit}&after={_cursor(more)}>; rel="next"'
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
    delivery: Delivery = request.state.delivery
    receipt = await delivery.answer(request.app.state.runs, answer)
    if receipt is None:
        raise HTTPException(404, "no such task")
    if not receipt.accepted:
        response.status_code = 403 if receipt.code == "role_not_permitted" else 409
    return receipt
