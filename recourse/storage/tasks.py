"""Tasks for people, and the answers already given (idempotent by request id)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import RowMapping, Select, case, func, insert, literal, select, tuple_, update

from recourse.domain.ids import CaseId, LoanId, TaskId
from recourse.domain.situation import OpenTask
from recourse.storage.database import ReadTx, Tx
from recourse.storage.sql import among, among_given
from recourse.storage.tables import agent_task, task_answer
from recourse.storage.together import Part

ACTIVE = ("open", "claimed")
ENDED = ("expired", "cancelled")
"""Nobody's answer moves the ladder any more."""


@dataclass(frozen=True, slots=True)
class TaskRow:
    id: TaskId
    loan_id: LoanId
    case_id: CaseId
    step_id: str
    kind: str
    team: str
    state: str
    opened_at: datetime
    expires_at: datetime | None
    claimed_by: str | None
    claim_until: datetime | None
    attempt_id: str | None
    outcome: str | None
    completed_by: str | None
    due_at: datetime | None = None

    def claimed_now(self, now: datetime) -> bool:
        return self.state == "claimed" and self.claim_until is not None and now < self.claim_until


_COLUMNS = [agent_task.c[name] for name in TaskRow.__dataclass_fields__]


def _row(mapping: RowMapping) -> TaskRow:
    return TaskRow(**{name: mapping[name] for name in TaskRow.__dataclass_fields__})


async def open_task(
    tx: Tx,
    key: TaskId,
    *,
    loan_id: LoanId,
    case_id: CaseId,
    step_id: str,
    kind: str,
    team: str,
    at: datetime,
    expires_at: datetime | None,
    attempt_id: str | None = None,
    due_at: datetime | None = None,
) -> None:
    """attempt_id: the contact that the task is about, where it was made before. due_at: by when it is to be
    done; it stays afterwards, which an expired one does not."""
    await tx.execute(
        insert(agent_task).values(
            id=key,
            loan_id=loan_id,
            case_id=case_id,
            step_id=step_id,
            kind=kind,
            team=team,
            state="open",
            opened_at=at,
            expires_at=expires_at,
            attempt_id=attempt_id,
            due_at=due_at,
        )
    )


async def get(tx: Tx | ReadTx, key: TaskId) -> TaskRow | None:
    row = (await tx.execute(select(*_COLUMNS).where(agent_task.c.id == key))).mappings().first()
    return _row(row) if row else None


async def count_like(tx: Tx | ReadTx, about: str) -> int:
    """How many tasks were opened under `task-<about>-<number>`."""
    mine = agent_task.c.id.startswith(f"task-{about}-", autoescape=True)
    return (await tx.execute(select(func.count()).where(mine))).scalar_one()


def _active_of() -> Select[Any]:
    c = agent_task.c
    claimed = (c.state == "claimed") & c.expires_at.is_not(None)
    expires_at = case((claimed, func.greatest(c.expires_at, c.claim_until)), else_=c.expires_at)
    return (
        select(c.case_id, c.id, c.step_id, expires_at)
        .where(among_given(c.case_id, "cases"), c.state.in_(ACTIVE))
        .order_by(c.opened_at, c.id)
    )


def _active(rows: Iterable[Any]) -> dict[CaseId, list[OpenTask]]:
    found: dict[CaseId, list[OpenTask]] = defaultdict(list)
    for case_id, *values in rows:
        found[case_id].append(OpenTask(*values))
    return found


ACTIVE_TASKS = Part(_active_of(), _active)
"""Of each of `cases`, the oldest first. A task does not expire while somebody has claimed it: he may be on
the phone, and what he hears would be lost."""


async def active_of(tx: Tx | ReadTx, case_id: CaseId) -> list[OpenTask]:
    return (await ACTIVE_TASKS.of(tx, cases=[case_id])).get(case_id, [])


async def active_named(tx: Tx | ReadTx, loan_id: LoanId, steps: Iterable[str]) -> list[TaskRow]:
    """Active tasks of a loan, in any case of it, that have one of these names in the case's records."""
    c = agent_task.c
    mine = select(*_COLUMNS).where(c.loan_id == loan_id, among(c.step_id, steps), c.state.in_(ACTIVE))
    return [_row(row) for row in (await tx.execute(mine.order_by(c.opened_at, c.id))).mappings()]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a task stood in a listing: a place in the order, whatever has become of the task since."""

    others: Literal[0, 1]
    opened_at: datetime
    id: str


async def listing(
    tx: ReadTx,
    teams: Sequence[str],
    now: datetime,
    *,
    reader: str = "",
    after: Place | None = None,
    limit: int = 200,
) -> tuple[list[TaskRow], Place | None]:
    """Active tasks of the teams, and where to go on, None at the end.

    What the reader may take or has taken comes first, then what others hold just now; each the oldest first.
    now: business time, by which a claim has run out.
    """
    c = agent_task.c
    held = (c.state == "claimed") & (c.claimed_by != reader) & (c.claim_until > now)
    others = case((held, 1), else_=0)
    statement = select(*_COLUMNS, others.label("others")).where(among(c.team, teams), c.state.in_(ACTIVE))
    if after is not None:
        place = tuple_(literal(after.others), literal(after.opened_at), literal(after.id))
        statement = statement.where(tuple_(others, c.opened_at, c.id) > place)
    rows = (await tx.execute(statement.order_by(others, c.opened_at, c.id).limit(limit + 1))).mappings().all()
    page = rows[:limit]
    last = page[-1] if len(rows) > limit else None
    following = Place(last["others"], last["opened_at"], last["id"]) if last else None
    return [_row(row) for row in page], following


async def claim(tx: Tx, key: TaskId, actor: str, until: datetime, attempt_id: str | None) -> None:
    await tx.execute(
        update(agent_task)
        .where(agent_task.c.id == key)
        .values(state="claimed", claimed_by=actor, claim_until=until, attempt_id=attempt_id)
    )


async def let_go(tx: Tx, key: TaskId, *, keep_attempt: bool) -> None:
    """Open again for anybody. keep_attempt: it was begun, and whoever comes next must hear of it."""
    values: dict[str, Any] = {"state": "open", "claimed_by": None, "claim_until": None}
    if not keep_attempt:
        values["attempt_id"] = None
    await tx.execute(update(agent_task).where(agent_task.c.id == key).values(values))


async def complete(tx: Tx, key: TaskId, actor: str, outcome: str, at: datetime) -> None:
    await tx.execute(
        update(agent_task)
        .where(agent_task.c.id == key)
        .values(state="done", outcome=outcome, completed_by=actor, completed_at=at)
    )


async def note_told(tx: Tx, key: TaskId, actor: str, outcome: str, at: datetime) -> None:
    """What its last holder heard, of a task that had ended: it stays ended."""
    await tx.execute(
        update(agent_task)
        .where(agent_task.c.id == key)
        .values(outcome=outcome, completed_by=actor, completed_at=at)
    )


async def rename_steps(tx: Tx, case_id: CaseId, names: Mapping[str, str]) -> None:
    """The case has moved to a ladder that calls the steps of its tasks otherwise."""
    active = (agent_task.c.case_id == case_id) & agent_task.c.state.in_(ACTIVE)
    for old, new in names.items():
        await tx.execute(update(agent_task).where(active, agent_task.c.step_id == old).values(step_id=new))


async def end(tx: Tx, keys: Iterable[TaskId], state: str) -> None:
    """Expire or cancel tasks nobody will answer any more."""
    await tx.execute(
        update(agent_task)
        .where(among(agent_task.c.id, keys), agent_task.c.state.in_(ACTIVE))
        .values(state=state)
    )


async def answer(tx: Tx | ReadTx, request_id: str) -> tuple[str, Any] | None:
    """(digest of the request, stored receipt) of an answer already given."""
    row = (
        await tx.execute(
            select(task_answer.c.digest, task_answer.c.receipt).where(task_answer.c.request_id == request_id)
        )
    ).first()
    return (row[0], row[1]) if row else None


async def keep_answer(tx: Tx, request_id: str, task_id: TaskId, digest: str, receipt: Any) -> None:
    await tx.execute(
        insert(task_answer).values(request_id=request_id, task_id=task_id, digest=digest, receipt=receipt)
    )
