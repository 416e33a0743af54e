"""What the bank was last told of each hold on each loan, and where that may not be true any more."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, or_, select, union, update
from sqlalchemy.dialects.postgresql import insert as upsert

from recourse.domain.ids import LoanId
from recourse.domain.situation import Action, HoldReason
from recourse.storage.database import ReadTx, Tx
from recourse.storage.sql import among, rows_among
from recourse.storage.tables import hold, hold_told, loan_party

LOOK_AGAIN = timedelta(days=1)
"""The law of another day may let a hold stop something else."""


@dataclass(frozen=True, slots=True)
class Told:
    """stops: what it stops on this loan. until: None for until lifted."""

    hold_id: str
    loan_id: LoanId
    stops: frozenset[Action]
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Outlived:
    """A hold that the bank was told of, as it stands today. lifted: by somebody, and not by its end."""

    reason: HoldReason
    until: datetime | None
    lifted: bool


async def told_of(tx: Tx | ReadTx, loan_ids: Iterable[LoanId]) -> list[tuple[Told, Outlived]]:
    """What is in force for all the bank knows, in the order of the holds' ids."""
    c, h = hold_told.c, hold.c
    rows = await tx.execute(
        select(c.hold_id, c.loan_id, c.stops, c.until, h.reason, h.until.label("ends"), h.lifted_at)
        .join(hold, h.id == c.hold_id)
        .where(among(c.loan_id, loan_ids), c.ended_at.is_(None))
        .order_by(c.hold_id)
    )
    return [
        (
            Told(r.hold_id, LoanId(r.loan_id), frozenset(map(Action, r.stops)), r.until),
            Outlived(HoldReason(r.reason), r.ends, r.lifted_at is not None),
        )
        for r in rows
    ]


async def set_(tx: Tx, told: Iterable[Told], at: datetime) -> None:
    """Told now. at: business time, as in what follows."""
    rows = [
        {
            "hold_id": one.hold_id,
            "loan_id": one.loan_id,
            "stops": sorted(one.stops),
            "until": one.until,
            "told_at": at,
            "looked_at": at,
            "ended_at": None,
        }
        for one in told
    ]
    if rows:
        statement = upsert(hold_told)
        changed = ("stops", "until", "told_at", "looked_at", "ended_at")
        await tx.execute(
            statement.on_conflict_do_update(
                index_elements=["hold_id", "loan_id"],
                set_={name: statement.excluded[name] for name in changed},
            ),
            rows,
        )


async def end(tx: Tx, told: Iterable[Told], at: datetime) -> None:
    keys = [(one.hold_id, one.loan_id) for one in told]
    if keys:
        these = rows_among((hold_told.c.hold_id, hold_told.c.loan_id), keys)
        await tx.execute(update(hold_told).where(these).values(ended_at=at, looked_at=at))


async def looked_at(tx: Tx, loan_ids: Iterable[LoanId], at: datetime) -> None:
    """They were compared, and whatever had changed was told."""
    mine = among(hold_told.c.loan_id, loan_ids), hold_told.c.ended_at.is_(None)
    await tx.execute(update(hold_told).where(*mine).values(looked_at=at))


async def to_be_told(tx: Tx | ReadTx, now: datetime, limit: int) -> list[LoanId]:
    """Loans where the bank may not know what is in force: a hold has ended by itself, somebody came on the
    loan or left it, or the law has had a day to change."""
    t, h, p = hold_told.c, hold.c, loan_party.c
    in_force = h.lifted_at.is_(None) & or_(h.until.is_(None), h.until > now)
    gone = h.person_id.is_not(None) & ~exists().where(p.loan_id == t.loan_id, p.person_id == h.person_id)
    stale = t.ended_at.is_(None) & or_(~in_force, gone, t.looked_at <= now - LOOK_AGAIN)
    found = union(
        select(t.loan_id).join(hold, h.id == t.hold_id).where(stale),
        select(h.loan_id).where(in_force, h.loan_id.is_not(None), ~_known(h.loan_id)),
        select(p.loan_id).join(hold, h.person_id == p.person_id).where(in_force, ~_known(p.loan_id)),
    ).subquery()
    rows = await tx.execute(select(found).order_by(found.c.loan_id).limit(limit))
    return [LoanId(row) for row in rows.scalars()]


def _known(loan_id: ColumnElement[str]) -> ColumnElement[bool]:
    t = hold_told.c
    return exists().where(and_(t.hold_id == hold.c.id, t.loan_id == loan_id, t.ended_at.is_(None)))
