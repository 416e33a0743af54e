"""One case on one screen: who owes what, what was done and why, what the law allows, and what came of it."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final
from uuid import uuid4

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from fastapi.responses import RedirectResponse

from recourse.contracts.messages import TaskAnswer, TaskReceipt
from recourse.delivery import Delivery
from recourse.domain.dispositions import DISPOSITIONS, allowed_outcomes
from recourse.domain.ids import CaseId, TaskId
from recourse.domain.money import digits_of
from recourse.reading import cases
from recourse.service.permitting import as_his, teams_of
from recourse.service.pulling import Skip
from recourse.service.signing_in import Visitor
from recourse.service.standing import standing
from recourse.storage import tasks
from recourse.storage.database import ReadTx
from recourse.web.pages.forms import form
from recourse.web.pages.navigation import ANYBODY, WORKERS
from recourse.web.pages.queue import claimed, onward
from recourse.web.pages.rendering import page
from recourse.web.pages.session import parts_of, permitted

router = APIRouter()
Reader = Annotated[Visitor, Depends(permitted(*ANYBODY))]
Worker = Annotated[Visitor, Depends(permitted(*WORKERS))]
KEYS: Final = {
    "no_answer": "1",
    "busy": "2",
    "promise": "3",
    "refuses": "4",
    "callback": "5",
    "third_party": "6",
    "wrong_number": "7",
    "wants_plan": "8",
    "already_paid": "9",
    "done": "d",
}
"""Of the outcomes that are recorded most: o, then this. Two keys and it is saved."""


@router.get("/cases")
async def find(request: Request, who: Reader, case: Annotated[str, Query(max_length=128)] = "") -> Response:
    """The newest cases, or one by its id."""
    delivery: Delivery = request.state.delivery
    database = delivery.services.database
    async with database.reading() as tx:
        if case:
            found = await cases.of_id(tx, CaseId(case.strip()))
            if found is not None:
                return RedirectResponse(f"/cases/{found}", 303)
        listed = await cases.listing(tx, await database.now(tx), limit=50)
    return page(request, "cases.html", status=404 if case else 200, listed=listed, asked=case)


@router.get("/cases/{case_id}")
async def show(request: Request, who: Reader, case_id: str, done: str = "") -> Response:
    told = done if done in {"completed", "claimed"} else ""
    return await _show(request, who, case_id, done=told)


async def _show(
    request: Request,
    who: Visitor,
    case_id: str,
    *,
    done: str = "",
    receipt: TaskReceipt | None = None,
    typed: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    """receipt: a refusal, shown beside what was typed."""
    delivery: Delivery = request.state.delivery
    services = delivery.services
    async with services.database.reading() as tx:
        view = await cases.show(tx, CaseId(case_id))
        if view is None:
            raise HTTPException(404)
        now = await services.database.now(tx)
        stands = await standing(services, tx, view.case.id, now)
        work = [await _task(tx, who, key, now) for key in view.tasks]
    return page(
        request,
        "case.html",
        status=status,
        view=view,
        stands=stands,
        now=now,
        work=[one for one in work if one is not None],
        keys=KEYS,
        skips=list(Skip),
        receipt=receipt,
        typed=typed or {},
        done=done,
        request_id=uuid4().hex,
    )


async def _task(tx: ReadTx, who: Visitor, key: str, now: Any) -> dict[str, Any] | None:
    """A task of the case as this person meets it. state: mine, free, others, or another_team."""
    row = await tasks.get(tx, TaskId(key))
    if row is None:
        return None
    row = await as_his(tx, row, who.caller.actor)
    mine = row.claimed_now(now) and row.claimed_by == who.caller.actor
    state = "mine" if mine else "others" if row.claimed_now(now) else "free"
    if row.team not in teams_of(who.caller.role):
        state = "another_team"
    outcomes = allowed_outcomes(row.kind)
    promises = any(DISPOSITIONS[one].promise for one in outcomes)
    return {"row": row, "state": state, "outcomes": outcomes, "promises": promises}


@router.post("/cases/{case_id}/tasks/{task_id}/claim")
async def claim(request: Request, who: Worker, case_id: str, task_id: str) -> Response:
    """For a call or a visit the gate is asked, and its no is shown with its source and when it opens."""
    await _belongs(request, case_id, task_id)
    fields = await form(request)
    receipt = await claimed(request, who, TaskId(task_id), _id(fields.get("request_id", "")))
    if not receipt.accepted:
        return await _show(request, who, case_id, receipt=receipt, status=409)
    return RedirectResponse(f"/cases/{case_id}?done=claimed", 303)


@router.post("/cases/{case_id}/tasks/{task_id}/complete")
async def complete(request: Request, who: Worker, case_id: str, task_id: str) -> Response:
    """What came of it; then on to the next task, where the person wants that. Sent twice it counts once."""
    await _belongs(request, case_id, task_id)
    fields = dict(await form(request))
    outcome, currency = fields.get("outcome", ""), await _currency(request, case_id)
    amount, on = fields.get("amount", ""), fields.get("on", "")
    promised = outcome in DISPOSITIONS and DISPOSITIONS[outcome].promise
    answer = TaskAnswer(
        task_id,
        "complete",
        who.caller.actor,
        f"{who.caller.actor}:{_id(fields.get('request_id', ''))}",
        (who.caller.role,),
        outcome=outcome,
        promise_minor=minor_of(amount, currency) if promised else None,
        promise_on=_day(on) if promised else None,
    )
    delivery: Delivery = request.state.delivery
    receipt = await delivery.answer(parts_of(request).runs, answer)
    if receipt is None:
        raise HTTPException(404)
    if not receipt.accepted:
        return await _show(request, who, case_id, receipt=receipt, typed=fields, status=409)
    if who.onward:
        return await onward(request, who, done="completed")
    return RedirectResponse(f"/cases/{case_id}?done=completed", 303)


async def _belongs(request: Request, case_id: str, task_id: str) -> None:
    """Raises 404 for a task of another case, or one that the person may not see."""
    delivery: Delivery = request.state.delivery
    async with delivery.services.database.reading() as tx:
        row = await tasks.get(tx, TaskId(task_id))
    if row is None or row.case_id != case_id:
        raise HTTPException(404)


async def _currency(request: Request, case_id: str) -> str:
    delivery: Delivery = request.state.delivery
    async with delivery.services.database.reading() as tx:
        return await cases.currency_of(tx, CaseId(case_id))


def _id(given: str) -> str:
    """Of the form, made when the page was: who sends it twice gets one receipt."""
    if not (given.isalnum() and given.isascii() and 16 <= len(given) <= 64):
        raise HTTPException(422)
    return given


def _day(text: str) -> str | None:
    try:
        return date.fromisoformat(text.strip()).isoformat()
    except ValueError:
        return text.strip() or None


def minor_of(text: str, currency: str) -> int | None:
    """`1,234.5` of a currency with two digits is 123450; None for what is no such amount."""
    plain = text.replace(",", "").replace(" ", "").strip()
    whole, _, fraction = plain.partition(".")
    digits = digits_of(currency)
    figures = whole + fraction
    if (
        not whole
        or len(whole) > 13
        or len(fraction) > digits
        or not figures.isdecimal()
        or not figures.isascii()
    ):
        return None
    return int(whole + fraction.ljust(digits, "0"))
