"""My queue: what there is to do, the best of it by one key, and what is passed over with a reason."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Final
from uuid import uuid4

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from recourse.contracts.messages import TaskAnswer, TaskReceipt
from recourse.delivery import Delivery
from recourse.domain.ids import TaskId
from recourse.service import pulling
from recourse.service.pulling import Skip
from recourse.service.signing_in import Visitor
from recourse.storage import tasks
from recourse.web.pages.forms import form
from recourse.web.pages.navigation import WORKERS
from recourse.web.pages.rendering import page
from recourse.web.pages.session import parts_of, permitted

router = APIRouter()
Worker = Annotated[Visitor, Depends(permitted(*WORKERS))]
MOST_TRIES: Final = 10
"""Tasks that the gate refuses are set aside one after the other; the next pull goes on from there."""
GONE: Final = frozenset({"claimed_by_another", "task_done", "task_expired", "task_cancelled"})
"""Somebody claimed it past the queue, or it ended in this moment: it is not offered again by itself."""


@router.get("/queue")
async def show(request: Request, who: Worker, done: str = "") -> Response:
    delivery: Delivery = request.state.delivery
    database = delivery.services.database
    async with database.reading() as tx:
        board = await pulling.board(tx, who.caller, await database.now(tx))
    told = done if done in {"nothing_now", "completed", "skipped"} else ""
    part = request.headers.get("hx-request") == "true"
    template = "_queue.html" if part else "queue.html"
    return page(request, template, board=board, done=told, skips=list(Skip))


@router.post("/queue/pull")
async def pull(request: Request, who: Worker) -> Response:
    """Claims the best task and shows its case. Pressed twice it shows the same one."""
    return await onward(request, who)


async def onward(request: Request, who: Visitor, done: str = "nothing_now") -> Response:
    """To the case of the next task, or back to the queue where there is none to be had now."""
    delivery: Delivery = request.state.delivery
    services, caller = delivery.services, who.caller
    async with services.database.reading() as tx:
        held = await pulling.holding(tx, caller, await services.database.now(tx))
    if held is not None:
        return await _to_case(delivery, held)
    for _ in range(MOST_TRIES):
        task = await services.run(partial(pulling.offer, who=caller))
        if task is None:
            break
        receipt = await claimed(request, who, task, uuid4().hex)
        if receipt.accepted:
            return await _to_case(delivery, task)
        if receipt.code not in GONE:
            code, opens = receipt.code, receipt.opens_at
            await services.run(partial(pulling.set_aside, task=task, code=code, opens_at=opens))
    return RedirectResponse(f"/queue?done={done}", 303)


async def claimed(request: Request, who: Visitor, task: TaskId, request_id: str) -> TaskReceipt:
    """Raises 404, and RunsUnavailable."""
    delivery: Delivery = request.state.delivery
    own = f"{who.caller.actor}:{request_id}"
    answer = TaskAnswer(task, "claim", who.caller.actor, own, (who.caller.role,))
    receipt = await delivery.answer(parts_of(request).runs, answer)
    if receipt is None:
        raise HTTPException(404)
    return receipt


async def _to_case(delivery: Delivery, task: TaskId) -> Response:
    async with delivery.services.database.reading() as tx:
        row = await tasks.get(tx, task)
    if row is None:
        raise HTTPException(404)
    return RedirectResponse(f"/cases/{row.case_id}", 303)


@router.post("/queue/{task_id}/skip")
async def skip(request: Request, who: Worker, task_id: str) -> Response:
    why = (await form(request)).get("why", "")
    if why not in list(Skip):
        raise HTTPException(422)
    delivery: Delivery = request.state.delivery
    act = partial(pulling.skip, who=who.caller, task_id=TaskId(task_id), why=Skip(why))
    if not await delivery.services.run(act):
        raise HTTPException(404)
    return RedirectResponse("/queue?done=skipped", 303)
