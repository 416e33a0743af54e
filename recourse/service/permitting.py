"""Who may answer a task, and how: asked at sight, before the case is disturbed, and again under its locks.

A refusal at sight costs the case nothing; whoever tries again and again would fill its history otherwise.
What was true at sight may have changed since, so the answer itself asks once more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from recourse.contracts.messages import TaskAnswer, TaskReceipt
from recourse.domain.dispositions import DISPOSITIONS, allowed_outcomes, problem_with
from recourse.domain.ids import TaskId
from recourse.domain.law.hours import local_date
from recourse.packs.loader import PackBook
from recourse.packs.record import digest_of
from recourse.storage import ledger, tasks
from recourse.storage.cases import CaseRow
from recourse.storage.database import ReadTx, Tx
from recourse.storage.persons import persons_of
from recourse.storage.tasks import TaskRow

ROLES: Mapping[str, frozenset[str]] = {
    "agents": frozenset({"agent", "lead"}),
    "lead": frozenset({"lead"}),
    "field": frozenset({"vehicle", "lead"}),
    "legal": frozenset({"legal"}),
}


def teams_of(role: str) -> list[str]:
    """Whose tasks the role may answer."""
    return [team for team, roles in ROLES.items() if role in roles or role == "admin"]


_ANSWER: TypeAdapter[TaskAnswer] = TypeAdapter(TaskAnswer)
_RECEIPT: TypeAdapter[TaskReceipt] = TypeAdapter(TaskReceipt)


@dataclass(frozen=True, slots=True)
class Terms:
    """Of the task's case. zone: the lender's. promise_days: how far ahead a promise may lie."""

    zone: str
    promise_days: int
    case_open: bool


def no(answer: TaskAnswer, code: str, **values: Any) -> TaskReceipt:
    return TaskReceipt(answer.task_id, False, code, **values)


def refusal(answer: TaskAnswer, task: TaskRow, terms: Terms, now: datetime) -> TaskReceipt | None:
    """Why the task cannot be answered by this person in this way now. task: as `as_his` gives it."""
    if not (ROLES.get(task.team, frozenset()) | {"admin"}) & set(answer.roles):
        return no(answer, "role_not_permitted")
    if task.state not in tasks.ACTIVE and not _may_tell(answer, task, terms):
        return no(answer, f"task_{task.state}")
    held_by_other = task.claimed_now(now) and task.claimed_by != answer.actor
    if held_by_other:
        return no(answer, "claimed_by_another", opens_at=task.claim_until)
    if answer.action == "complete":
        if task.claimed_by != answer.actor:
            return no(answer, "claim_first")
        problem = problem_with(task.kind, answer, local_date(now, terms.zone), terms.promise_days)
        if problem is not None:
            return no(answer, problem, source=", ".join(allowed_outcomes(task.kind)))
    return None


def _may_tell(answer: TaskAnswer, task: TaskRow, terms: Terms) -> bool:
    """Whether this is what the person said to whoever held a task when it ended. A promise needs a case that
    waits for it; all else is about the person or the debt."""
    disposition = DISPOSITIONS.get(answer.outcome)
    if task.state not in tasks.ENDED or task.completed_by is not None or disposition is None:
        return False
    open_enough = terms.case_open or not disposition.promise
    mine = answer.action == "complete" and task.claimed_by == answer.actor
    return mine and disposition.tells and open_enough


async def as_his(tx: Tx | ReadTx, task: TaskRow, actor: str) -> TaskRow:
    """A person may have several tokens, and a claim made under one of them is his under each."""
    who = await persons_of(tx, (actor, task.claimed_by))
    same = task.claimed_by is not None and who[task.claimed_by] == who[actor]
    return replace(task, claimed_by=actor) if same else task


async def answered_before(tx: Tx | ReadTx, answer: TaskAnswer) -> TaskReceipt | None:
    """The receipt that this request got, or the refusal of another one under its id."""
    before = await tasks.answer(tx, answer.request_id)
    if before is None:
        return None
    return (
        _RECEIPT.validate_python(before[1])
        if before[0] == _digest(answer)
        else no(answer, "request_id_reused")
    )


async def keep(tx: Tx, answer: TaskAnswer, receipt: TaskReceipt) -> None:
    stored = _RECEIPT.dump_python(receipt, mode="json")
    await tasks.keep_answer(tx, answer.request_id, TaskId(receipt.task_id), _digest(answer), stored)


async def at_sight(
    tx: ReadTx, book: PackBook, answer: TaskAnswer, task: TaskRow, case: CaseRow, now: datetime
) -> TaskReceipt | None:
    """The receipt, where the case need not be asked for it."""
    before = await answered_before(tx, answer)
    if before is not None or case.strategy not in book.strategies:
        return before
    loan = (await ledger.loans(tx, [case.loan_id]))[case.loan_id]
    days = book.strategies[case.strategy].promise.max_days_ahead
    terms = Terms(loan.zone, days, case.closed_at is None)
    return refusal(answer, await as_his(tx, task, answer.actor), terms, now)


def _digest(answer: TaskAnswer) -> str:
    body = _ANSWER.dump_python(answer, mode="json")
    return digest_of(body)
