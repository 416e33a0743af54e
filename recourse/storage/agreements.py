"""Promises and holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import func, insert, or_, select, union_all, update

from recourse.domain.ids import CaseId, LoanId, PersonId
from recourse.domain.situation import Action, AskedBy, Hold, HoldReason, Promise, PromiseState
from recourse.storage.database import ReadTx, Tx
from recourse.storage.sql import among, among_given
from recourse.storage.tables import hold, loan_party, promise
from recourse.storage.together import Part


def _promises(rows: Iterable[Any]) -> dict[CaseId, list[Promise]]:
    found: dict[CaseId, list[Promise]] = defaultdict(list)
    for case_id, key, made_at, amount_minor, due_on, state in rows:
        found[case_id].append(Promise(key, made_at, amount_minor, due_on, PromiseState(state)))
    return found


PROMISES = Part(
    select(
        promise.c.case_id,
        promise.c.id,
        promise.c.made_at,
        promise.c.amount_minor,
        promise.c.due_on,
        promise.c.state,
    )
    .where(among_given(promise.c.case_id, "cases"))
    .order_by(promise.c.made_at, promise.c.id),
    _promises,
)
"""Of each of `cases`, the oldest first."""


async def add_promise(
    tx: Tx,
    key: str,
    *,
    loan_id: LoanId,
    case_id: CaseId,
    made_at: datetime,
    amount_minor: int,
    due_on: date,
    taken_by: str,
) -> None:
    await tx.execute(
        insert(promise).values(
            id=key,
            loan_id=loan_id,
            case_id=case_id,
            made_at=made_at,
            amount_minor=amount_minor,
            due_on=due_on,
            state=PromiseState.OPEN,
            taken_by=taken_by,
        )
    )


async def judge_promise(tx: Tx, key: str, state: PromiseState, at: datetime) -> None:
    await tx.execute(update(promise).where(promise.c.id == key).values(state=state, judged_at=at))


@dataclass(frozen=True, slots=True)
class NewHold:
    """On one person (every loan of his) or on one loan. rule, rule_source: the law's rule that set the end,
    None where whoever placed it did, or nothing did."""

    id: str
    reason: HoldReason
    since: datetime
    until: datetime | None
    stops: frozenset[Action]
    placed_by: str
    source: str
    person_id: PersonId | None = None
    loan_id: LoanId | None = None
    rule: str | None = None
    rule_source: str | None = None
    asked_by: AskedBy | None = None


async def add_hold(tx: Tx, new: NewHold) -> None:
    await tx.execute(
        insert(hold).values(
            id=new.id,
            person_id=new.person_id,
            loan_id=new.loan_id,
            reason=new.reason,
            stops=sorted(new.stops),
            since=new.since,
            until=new.until,
            placed_by=new.placed_by,
            source=new.source,
            rule=new.rule,
            rule_source=new.rule_source,
            asked_by=new.asked_by,
        )
    )


async def is_placed(tx: Tx | ReadTx, new: NewHold, *, named: datetime | None) -> bool:
    """Whether the hold of this id is this very hold: its subject, reason, scope, source and end. named: the
    end that was asked for. One that the law set is another one on another day, so of that it counts only that
    the law set it, and later than was asked for."""
    c = hold.c
    same = [
        column.is_not_distinct_from(value)
        for column, value in (
            (c.person_id, new.person_id),
            (c.loan_id, new.loan_id),
            (c.reason, new.reason),
            (c.source, new.source),
            (c.asked_by, new.asked_by),
        )
    ]
    same.append(c.stops == sorted(new.stops))
    if named is None:
        same.append(or_(c.rule.is_not(None), c.until.is_(None)))
    else:
        lawful = c.rule.is_not(None) & (c.until > named)
        same.append(or_(lawful, c.rule.is_(None) & (c.until == named)))
    return (await tx.execute(select(c.id).where(c.id == new.id, *same))).first() is not None


async def lift_hold(tx: Tx, key: str, actor: str, at: datetime) -> bool:
    """False when it was lifted before."""
    result = await tx.execute(
        update(hold)
        .where(hold.c.id == key, hold.c.lifted_at.is_(None))
        .values(lifted_at=at, lifted_by=actor)
        .returning(hold.c.id)
    )
    return result.first() is not None


class HoldState(StrEnum):
    IN_FORCE = "in_force"
    LIFTED = "lifted"
    ENDED = "ended"


async def hold_state(tx: Tx | ReadTx, key: str, now: datetime) -> HoldState | None:
    """None when there is no such hold."""
    row = (await tx.execute(select(hold.c.lifted_at, hold.c.until).where(hold.c.id == key))).first()
    if row is None:
        return None
    if row.lifted_at is not None:
        return HoldState.LIFTED
    return HoldState.ENDED if row.until is not None and row.until <= now else HoldState.IN_FORCE


class PlacedHold(NamedTuple):
    since: datetime
    until: datetime | None
    rule: str | None
    rule_source: str | None


async def placed(tx: Tx | ReadTx, key: str) -> PlacedHold:
    """Raises NoResultFound for a hold there is none of."""
    c = hold.c
    row = (await tx.execute(select(c.since, c.until, c.rule, c.rule_source).where(c.id == key))).one()
    return PlacedHold(*row)


async def begun_before(tx: Tx | ReadTx, key: str, *, after: datetime) -> datetime | None:
    """When the last hold before this one, for the same reason and on the same person or loan, began; None
    when there is none since `after`."""
    this, c = hold.alias(), hold.c
    same = (
        c.person_id.is_not_distinct_from(this.c.person_id),
        c.loan_id.is_not_distinct_from(this.c.loan_id),
        c.reason == this.c.reason,
    )
    earlier = select(func.max(c.since)).where(
        this.c.id == key, *same, c.since < this.c.since, c.since > after
    )
    began: datetime | None = (await tx.execute(earlier)).scalar_one()
    return began


async def hold_subject(tx: Tx | ReadTx, key: str) -> tuple[PersonId | None, LoanId | None] | None:
    row = (await tx.execute(select(hold.c.person_id, hold.c.loan_id).where(hold.c.id == key))).first()
    return (row[0], row[1]) if row else None


@dataclass(frozen=True, slots=True)
class HoldRow:
    """A hold with whom or what it is on."""

    hold: Hold
    loan_id: LoanId | None
    person_id: PersonId | None


_HOLD = (hold.c.id, hold.c.reason, hold.c.since, hold.c.until, hold.c.stops, hold.c.source, hold.c.asked_by)
HOLDS = Part(
    select(*_HOLD, hold.c.loan_id, hold.c.person_id)
    .where(or_(among_given(hold.c.loan_id, "loans"), among_given(hold.c.person_id, "people")))
    .where(hold.c.lifted_at.is_(None))
    .order_by(hold.c.since, hold.c.id),
    lambda rows: [HoldRow(_hold(row), row.loan_id, row.person_id) for row in rows],
)
"""Holds on `loans` or on `people` that were not lifted, the oldest first."""


async def holds_by_loan(tx: Tx | ReadTx, loan_ids: Iterable[LoanId]) -> list[tuple[LoanId, Hold]]:
    """Each loan with each hold on it or on somebody on it that was not lifted, the oldest first."""
    c, p = hold.c, loan_party.c
    loans = list(loan_ids)
    own = select(*_HOLD, c.loan_id.label("on_loan")).where(among(c.loan_id, loans))
    of_people = (
        select(*_HOLD, p.loan_id.label("on_loan"))
        .join(loan_party, p.person_id == c.person_id)
        .where(among(p.loan_id, loans))
    )
    both = union_all(own.where(c.lifted_at.is_(None)), of_people.where(c.lifted_at.is_(None))).subquery()
    rows = await tx.execute(select(both).order_by(both.c.since, both.c.id))
    return [(LoanId(row.on_loan), _hold(row)) for row in rows]


def _hold(row: Any) -> Hold:
    return Hold(
        row.id,
        HoldReason(row.reason),
        row.since,
        row.until,
        frozenset(Action(name) for name in row.stops),
        row.source,
        AskedBy(row.asked_by) if row.asked_by else None,
    )
