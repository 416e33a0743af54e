"""The queue of tasks in the order in which they are worth doing, and what it has given or passed over.

Order: a legal deadline that is near > a promise that was broken > the expected value of a contact > age. The
expected value is what is unpaid, until there is a score to weigh it with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.dialects.postgresql import insert as upsert

from recourse.domain.disputes import DISPUTE_OVERDUE
from recourse.domain.ids import CaseId, LoanId, TaskId
from recourse.domain.law.hours import local_date
from recourse.storage.database import ReadTx, Tx
from recourse.storage.sql import among
from recourse.storage.tables import agent_task, collection_case, loan, promise, queue_offer
from recourse.storage.tasks import ACTIVE

NEAR: Final = timedelta(days=7)
"""A deadline that is farther away does not come before everything else."""
URGENT: Final = ("legal_deadline", "legal_deadline_missed", "legal_deadline_over", DISPUTE_OVERDUE)
"""Kinds of tasks that are a deadline by themselves."""
EVERYBODY: Final = ""
"""In place of an actor: the task is passed over whoever pulls."""
WHY: Final = ("deadline", "promise_broken", "value")


@dataclass(frozen=True, slots=True)
class QueueLine:
    """why: the place in the order. dpd: today's. until: of a claim, or of what it was passed over for."""

    task_id: TaskId
    case_id: CaseId
    loan_id: LoanId
    kind: str
    why: str
    stage: str
    bucket: str
    dpd: int
    unpaid_minor: int
    currency: str
    zone: str
    opened_at: datetime
    due_at: datetime | None
    claimed_by: str | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Counts:
    """waiting: free. mine: claimed. deadlines, broken: of both. promised: promises that are due today or were
    due and are open still."""

    waiting: int
    mine: int
    deadlines: int
    broken: int
    promised: int


def _held(now: datetime) -> ColumnElement[bool]:
    c = agent_task.c
    return and_(c.state == "claimed", c.claim_until > now)


def _passed_over(actor: str, now: datetime) -> ColumnElement[bool]:
    o = queue_offer.c
    mine_or_all = or_(
        and_(o.skipped.is_not(None), o.actor.in_((actor, EVERYBODY))),
        and_(o.skipped.is_(None), o.actor != actor),
    )
    return exists().where(o.task_id == agent_task.c.id, o.until > now, mine_or_all)


def _active(teams: Sequence[str]) -> ColumnElement[bool]:
    c = agent_task.c
    return and_(among(c.team, teams), c.state.in_(ACTIVE))


def _pressing(now: datetime) -> ColumnElement[bool]:
    """What the partial index has, and of it what is near."""
    c = agent_task.c
    indexed = or_(c.due_at.is_not(None), c.kind.in_(URGENT))
    return and_(indexed, or_(c.due_at < now + NEAR, c.kind.in_(URGENT)))


def _broken() -> ColumnElement[bool]:
    of_case = select(promise.c.case_id).where(promise.c.state == "broken")
    return agent_task.c.case_id.in_(of_case)


def _stages(statement: Select[Any], now: datetime) -> list[Select[Any]]:
    """The order, as statements of which each comes after the one before: with a LIMIT each of them is read
    from an index, where one statement for all would sort every task there is. A later one may have again
    what an earlier one had."""
    c = agent_task.c
    worth = (loan.c.unpaid_minor.desc(), c.opened_at, c.id)
    return [
        statement.where(_pressing(now)).order_by(c.due_at.asc().nulls_first(), *worth),
        statement.where(_broken()).order_by(*worth),
        statement.order_by(*worth),
    ]


async def own(tx: Tx | ReadTx, teams: Sequence[str], actors: Sequence[str], now: datetime) -> TaskId | None:
    """What one of the person's actors has claimed and not finished, the oldest claim first."""
    c = agent_task.c
    mine = select(c.id).where(_active(teams), among(c.claimed_by, actors), _held(now))
    found = (await tx.execute(mine.order_by(c.claim_until, c.id).limit(1))).scalar()
    return TaskId(found) if found is not None else None


async def take_best(
    tx: Tx, teams: Sequence[str], actor: str, now: datetime, until: datetime
) -> TaskId | None:
    """The best one that nobody holds, nobody is being given and he has not passed over, given to him until
    then. Whoever pulls at the same moment goes past its locked row, or finds it given."""
    free = select(agent_task.c.id).join(loan, loan.c.id == agent_task.c.loan_id)
    free = free.where(_active(teams), ~_held(now), ~_passed_over(actor, now))
    for stage in _stages(free, now):
        while True:
            locked = stage.limit(1).with_for_update(skip_locked=True, of=agent_task)
            found = (await tx.execute(locked)).scalar()
            if found is None:
                break
            # Whose transaction ended between our snapshot and our lock has it: then it is given by now.
            if not await _given_to_another(tx, found, actor, now):
                await note(tx, TaskId(found), actor, None, now, until)
                return TaskId(found)
    return None


async def _given_to_another(tx: Tx, task: str, actor: str, now: datetime) -> bool:
    o = queue_offer.c
    given = select(o.actor).where(o.task_id == task, o.skipped.is_(None), o.until > now, o.actor != actor)
    return (await tx.execute(given.limit(1))).first() is not None


async def note(tx: Tx, task: TaskId, actor: str, skipped: str | None, at: datetime, until: datetime) -> None:
    """skipped: why it is passed over; None where it is given."""
    values = {"skipped": skipped, "at": at, "until": until}
    insert = upsert(queue_offer).values(task_id=task, actor=actor, **values)
    await tx.execute(insert.on_conflict_do_update(index_elements=["task_id", "actor"], set_=values))


async def lines(
    tx: ReadTx, teams: Sequence[str], actors: Sequence[str], now: datetime, limit: int
) -> list[QueueLine]:
    """What the person holds, then what he would get, in that order, then what is passed over."""
    c, o = agent_task.c, queue_offer.c
    rows = _rows().where(_active(teams))
    mine = rows.where(_held(now), among(c.claimed_by, actors)).order_by(c.claim_until, c.id)
    free = rows.where(~_held(now), ~_passed_over(actors[0], now))
    aside = (
        _rows(o.until)
        .join(queue_offer, o.task_id == c.id)
        .where(_active(teams), ~_held(now), o.until > now, o.skipped.is_not(None))
        .where(o.actor.in_((actors[0], EVERYBODY)))
        .order_by(o.until, c.id)
    )
    found: dict[TaskId, QueueLine] = {}
    whys = (None, *WHY, None)
    for why, statement in zip(whys, (mine, *_stages(free, now), aside), strict=True):
        if len(found) < limit:
            for row in await tx.execute(statement.limit(limit)):
                line = _line(row, why, now)
                found.setdefault(line.task_id, line)
    return list(found.values())[:limit]


def _rows(until: ColumnElement[datetime] | None = None) -> Select[Any]:
    c = agent_task.c
    return (
        select(
            c.id,
            c.case_id,
            c.loan_id,
            c.kind,
            c.claimed_by,
            c.opened_at,
            c.due_at,
            (c.claim_until if until is None else until).label("until"),
            _broken().label("broken"),
            collection_case.c.stage,
            collection_case.c.bucket,
            loan.c.oldest_due,
            loan.c.unpaid_minor,
            loan.c.currency,
            loan.c.zone,
        )
        .join(loan, loan.c.id == c.loan_id)
        .join(collection_case, collection_case.c.id == c.case_id)
    )


def _line(row: Any, why: str | None, now: datetime) -> QueueLine:
    """why: the stage it was found in; None where it was found otherwise, and is looked at."""
    oldest: date | None = row.oldest_due
    near = row.kind in URGENT or (row.due_at is not None and row.due_at < now + NEAR)
    held = row.claimed_by is not None and row.until is not None and row.until > now and why is None
    return QueueLine(
        TaskId(row.id),
        CaseId(row.case_id),
        LoanId(row.loan_id),
        row.kind,
        why or WHY[0 if near else 1 if row.broken else 2],
        row.stage,
        row.bucket,
        max((local_date(now, row.zone) - oldest).days, 0) if oldest else 0,
        row.unpaid_minor,
        row.currency,
        row.zone,
        row.opened_at,
        row.due_at,
        row.claimed_by if held else None,
        row.until if why is None else None,
    )


async def counts(tx: ReadTx, teams: Sequence[str], actors: Sequence[str], now: datetime) -> Counts:
    """Of what he holds and what is free."""
    c = agent_task.c
    visible = and_(_active(teams), or_(~_held(now), among(c.claimed_by, actors)))

    async def count(*more: ColumnElement[bool]) -> int:
        counted = select(func.count()).select_from(agent_task).where(visible, *more)
        return int((await tx.execute(counted)).scalar_one())

    today = func.date(func.timezone(loan.c.zone, now))
    due = select(func.count()).select_from(promise.join(loan, loan.c.id == promise.c.loan_id))
    due = due.where(promise.c.state == "open", promise.c.due_on <= today)
    return Counts(
        await count(~_held(now)),
        await count(_held(now)),
        await count(_pressing(now)),
        await count(_broken()),
        int((await tx.execute(due)).scalar_one()),
    )
