"""The queue of tasks in the order in which they are worth doing, and what it has given or passed over.

Order: a legal deadline that is near > a promise that was broken > the expected value of a contact > age. The
expected value is what is unpaid, until there is a score to weigh it with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Select, and_, case, exists, func, or_, select
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


def _rank(now: datetime) -> Any:
    c = agent_task.c
    broken = exists().where(promise.c.case_id == c.case_id, promise.c.state == "broken")
    near = or_(c.due_at < now + NEAR, c.kind.in_(URGENT))
    return case((near, 0), (broken, 1), else_=2)


def _held(now: datetime) -> Any:
    c = agent_task.c
    return and_(c.state == "claimed", c.claim_until > now)


def _passed_over(actor: str, now: datetime) -> Any:
    o = queue_offer.c
    mine_or_all = or_(
        and_(o.skipped.is_not(None), o.actor.in_((actor, EVERYBODY))),
        and_(o.skipped.is_(None), o.actor != actor),
    )
    return exists().where(o.task_id == agent_task.c.id, o.until > now, mine_or_all)


def _best(statement: Select[Any], now: datetime) -> Select[Any]:
    c, rank = agent_task.c, _rank(now)
    soonest = case((rank == 0, c.due_at))
    return statement.order_by(
        rank, soonest.asc().nulls_first(), loan.c.unpaid_minor.desc(), c.opened_at, c.id
    )


async def own(tx: Tx | ReadTx, teams: Sequence[str], actors: Sequence[str], now: datetime) -> TaskId | None:
    """What one of the person's actors has claimed and not finished, the oldest claim first."""
    c = agent_task.c
    mine = select(c.id).where(among(c.team, teams), among(c.claimed_by, actors), _held(now))
    found = (await tx.execute(mine.order_by(c.claim_until, c.id).limit(1))).scalar()
    return TaskId(found) if found is not None else None


async def take_best(
    tx: Tx, teams: Sequence[str], actor: str, now: datetime, until: datetime
) -> TaskId | None:
    """The best one that nobody holds, nobody is being given and he has not passed over, given to him until
    then. Whoever pulls at the same moment goes past its locked row, or finds it given."""
    c = agent_task.c
    free = select(c.id).join(loan, loan.c.id == c.loan_id)
    free = free.where(among(c.team, teams), c.state.in_(ACTIVE), ~_held(now), ~_passed_over(actor, now))
    best = _best(free, now).limit(1).with_for_update(skip_locked=True, of=agent_task)
    found = (await tx.execute(best)).scalar()
    if found is None:
        return None
    # Somebody whose transaction ended between our snapshot and our lock may have it: then it is given.
    given = select(queue_offer.c.actor).where(
        queue_offer.c.task_id == found, queue_offer.c.skipped.is_(None), queue_offer.c.until > now
    )
    others = set((await tx.execute(given)).scalars()) - {actor}
    if others:
        return await take_best(tx, teams, actor, now, until)
    await note(tx, TaskId(found), actor, None, now, until)
    return TaskId(found)


async def note(tx: Tx, task: TaskId, actor: str, skipped: str | None, at: datetime, until: datetime) -> None:
    """skipped: why it is passed over; None where it is given."""
    values = {"skipped": skipped, "at": at, "until": until}
    insert = upsert(queue_offer).values(task_id=task, actor=actor, **values)
    await tx.execute(insert.on_conflict_do_update(index_elements=["task_id", "actor"], set_=values))


async def lines(
    tx: ReadTx, teams: Sequence[str], actors: Sequence[str], now: datetime, limit: int
) -> list[QueueLine]:
    """What the person holds, then what he would get, in the order he would get it."""
    c, o = agent_task.c, queue_offer.c
    actor = actors[0]
    skipped = (
        select(func.max(o.until))
        .where(o.task_id == c.id, o.until > now, o.skipped.is_not(None), o.actor.in_((actor, EVERYBODY)))
        .scalar_subquery()
    )
    rows = (
        select(
            c.id,
            c.case_id,
            c.loan_id,
            c.kind,
            _rank(now).label("rank"),
            collection_case.c.stage,
            collection_case.c.bucket,
            loan.c.oldest_due,
            loan.c.unpaid_minor,
            loan.c.currency,
            loan.c.zone,
            c.opened_at,
            c.due_at,
            case((_held(now), c.claimed_by)).label("claimed_by"),
            case((_held(now), c.claim_until), else_=skipped).label("until"),
        )
        .join(loan, loan.c.id == c.loan_id)
        .join(collection_case, collection_case.c.id == c.case_id)
        .where(
            among(c.team, teams),
            c.state.in_(ACTIVE),
            or_(~_held(now), among(c.claimed_by, actors)),
        )
    )
    first = case((_held(now), 0), (skipped.is_not(None), 2), else_=1)
    ordered = _best(rows.order_by(first), now).limit(limit)
    return [_line(row, now) for row in await tx.execute(ordered)]


def _line(row: Any, now: datetime) -> QueueLine:
    oldest: date | None = row.oldest_due
    return QueueLine(
        TaskId(row.id),
        CaseId(row.case_id),
        LoanId(row.loan_id),
        row.kind,
        WHY[row.rank],
        row.stage,
        row.bucket,
        max((local_date(now, row.zone) - oldest).days, 0) if oldest else 0,
        row.unpaid_minor,
        row.currency,
        row.zone,
        row.opened_at,
        row.due_at,
        row.claimed_by,
        row.until,
    )


async def counts(tx: ReadTx, teams: Sequence[str], actors: Sequence[str], now: datetime) -> Counts:
    c, rank = agent_task.c, _rank(now)
    mine = and_(_held(now), among(c.claimed_by, actors))
    visible = or_(~_held(now), among(c.claimed_by, actors))
    row = (
        await tx.execute(
            select(
                func.count().filter(~_held(now)),
                func.count().filter(mine),
                func.count().filter(rank == 0),
                func.count().filter(rank == 1),
            ).where(among(c.team, teams), c.state.in_(ACTIVE), visible)
        )
    ).one()
    today = func.timezone(loan.c.zone, now)
    due = select(func.count()).select_from(promise.join(loan, loan.c.id == promise.c.loan_id))
    due = due.where(promise.c.state == "open", promise.c.due_on <= func.date(today))
    return Counts(*row, (await tx.execute(due)).scalar_one())
