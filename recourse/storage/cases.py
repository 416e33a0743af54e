"""The case row: opened by a fact, moved by decisions, closed once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, bindparam, func, insert, select, update

from recourse.contracts.messages import Nudge, PlanData
from recourse.contracts.names import case_id
from recourse.domain.ids import CaseId, FactId, LoanId
from recourse.storage.codec import plan_from_json, plan_to_json
from recourse.storage.database import ReadTx, Tx
from recourse.storage.sql import among, among_given
from recourse.storage.tables import collection_case, loan
from recourse.storage.together import Part


@dataclass(frozen=True, slots=True)
class CaseRow:
    id: CaseId
    loan_id: LoanId
    episode: int
    opened_at: datetime
    strategy: str
    stage: str
    bucket: str
    dpd: int
    decision: int
    plan: Any
    facts_due: FactId
    closed_at: datetime | None
    closed_reason: str | None
    experiment: str | None = None
    arm: str | None = None


_COLUMNS = [collection_case.c[name] for name in CaseRow.__dataclass_fields__]
_OF_LOANS = select(*_COLUMNS).where(among_given(collection_case.c.loan_id, "loans"))
_OPEN = _OF_LOANS.where(collection_case.c.closed_at.is_(None))
_NEWEST = _OF_LOANS.order_by(collection_case.c.episode)
_LAST_EPISODES = (
    select(collection_case.c.loan_id, func.max(collection_case.c.episode))
    .where(among_given(collection_case.c.loan_id, "loans"))
    .group_by(collection_case.c.loan_id)
)
_INSERT = insert(collection_case)
_RAISE = (
    update(collection_case)
    .where(collection_case.c.id == bindparam("key"))
    .values(facts_due=func.greatest(collection_case.c.facts_due, bindparam("due")))
)
_SAVE_PLAN = (
    update(collection_case)
    .where(collection_case.c.id == bindparam("key"))
    .values(
        decision=bindparam("number"),
        plan=bindparam("stored"),
        stage=bindparam("in_stage"),
        bucket=bindparam("in_bucket"),
        dpd=bindparam("days"),
    )
)
_MARK_DELIVERED = (
    update(collection_case)
    .where(collection_case.c.id == bindparam("key"))
    .values(facts_delivered=func.greatest(collection_case.c.facts_delivered, bindparam("upto")))
)


def _row(mapping: RowMapping) -> CaseRow:
    return CaseRow(**mapping)


BY_IDS: Part[dict[CaseId, CaseRow]] = Part(
    select(*_COLUMNS).where(among_given(collection_case.c.id, "cases")),
    lambda rows: {row.id: CaseRow(*row) for row in rows},
)


async def get(tx: Tx | ReadTx, key: CaseId) -> CaseRow | None:
    return (await by_ids(tx, [key])).get(key)


async def by_ids(tx: Tx | ReadTx, keys: Iterable[CaseId]) -> dict[CaseId, CaseRow]:
    return await BY_IDS.of(tx, cases=list(keys))


async def open_of(tx: Tx | ReadTx, loan_ids: Iterable[LoanId]) -> dict[LoanId, CaseRow]:
    """The open case of each loan that has one."""
    rows = await tx.execute(_OPEN, {"loans": list(loan_ids)})
    return {row["loan_id"]: _row(row) for row in rows.mappings()}


async def newest_of(tx: Tx | ReadTx, loan_ids: Iterable[LoanId]) -> dict[LoanId, CaseRow]:
    """The last case of each loan, open or closed."""
    rows = await tx.execute(_NEWEST, {"loans": list(loan_ids)})
    return {row["loan_id"]: _row(row) for row in rows.mappings()}


async def earlier_episodes(tx: Tx | ReadTx, rows: Iterable[CaseRow]) -> dict[CaseId, list[datetime]]:
    """When the loan's cases before each of these were opened, oldest first. First episodes cost nothing."""
    repeated = [row for row in rows if row.episode > 1]
    if not repeated:
        return {}
    c = collection_case.c
    statement = select(c.loan_id, c.episode, c.opened_at).order_by(c.episode)
    opened: dict[LoanId, list[tuple[int, datetime]]] = defaultdict(list)
    for loan_key, *episode in await tx.execute(
        statement.where(among(c.loan_id, {r.loan_id for r in repeated}))
    ):
        opened[loan_key].append((episode[0], episode[1]))
    return {row.id: [at for number, at in opened[row.loan_id] if number < row.episode] for row in repeated}


async def last_episodes(tx: Tx, loan_ids: Iterable[LoanId]) -> dict[LoanId, int]:
    rows = await tx.execute(_LAST_EPISODES, {"loans": list(loan_ids)})
    return {LoanId(loan_key): episode for loan_key, episode in rows}


def opening(
    loan_key: LoanId, episode: int, *, opened_at: datetime, strategy: str, bucket: str, dpd: int
) -> CaseRow:
    """The row of a case that begins now, undecided."""
    return CaseRow(
        id=case_id(loan_key, episode),
        loan_id=loan_key,
        episode=episode,
        opened_at=opened_at,
        strategy=strategy,
        stage="reminder",
        bucket=bucket,
        dpd=dpd,
        decision=0,
        plan=None,
        facts_due=FactId(0),
        closed_at=None,
        closed_reason=None,
    )


async def insert_open(tx: Tx, rows: Sequence[CaseRow]) -> None:
    """Open episodes. A second open case of a loan breaks the partial unique index."""
    if rows:
        decided = {"decision", "plan", "closed_at", "closed_reason"}
        names = [name for name in CaseRow.__dataclass_fields__ if name not in decided]
        values = [{name: getattr(row, name) for name in names} for row in rows]
        await tx.execute(_INSERT, values)


async def close(tx: Tx, reasons: Mapping[CaseId, str], at: datetime) -> None:
    """Each case once: one that is closed keeps its first reason."""
    if reasons:
        await tx.execute(
            update(collection_case)
            .where(collection_case.c.id == bindparam("key"), collection_case.c.closed_at.is_(None))
            .values(stage="closed", closed_at=at, closed_reason=bindparam("reason")),
            [{"key": key, "reason": reason} for key, reason in sorted(reasons.items())],
        )


async def raise_facts_due(tx: Tx, due: dict[CaseId, FactId]) -> None:
    """These cases must hear of facts up to the given ids."""
    if due:
        await tx.execute(_RAISE, [{"key": key, "due": fact_id} for key, fact_id in sorted(due.items())])


async def pin(tx: Tx, key: CaseId, strategy: str) -> None:
    """From now on the case is decided by this strategy."""
    await tx.execute(update(collection_case).where(collection_case.c.id == key).values(strategy=strategy))


async def pinned_to(tx: ReadTx, strategy: str, after: str, limit: int) -> list[CaseId]:
    """Open cases of a strategy in key order, a page at a time."""
    c = collection_case.c
    mine = (c.strategy == strategy) & c.closed_at.is_(None) & (c.id > after)
    return [
        CaseId(key)
        for key in (await tx.execute(select(c.id).where(mine).order_by(c.id).limit(limit))).scalars()
    ]


async def save_plans(tx: Tx, plans: Mapping[CaseId, PlanData]) -> None:
    """The plans in force from now on."""
    if plans:
        await tx.execute(
            _SAVE_PLAN,
            [
                {
                    "key": key,
                    "number": plan.number,
                    "stored": plan_to_json(plan),
                    "in_stage": plan.stage,
                    "in_bucket": plan.bucket,
                    "days": plan.dpd,
                }
                for key, plan in sorted(plans.items())
            ],
        )


def _nudge(key: CaseId, due: FactId, stored: Any, region: str) -> Nudge:
    """With the plan, where the case was decided on everything it must be told of."""
    plan = plan_from_json(stored) if stored is not None else None
    return Nudge(key, due, (), region, plan if plan is not None and plan.facts_seen >= due else None)


_NUDGE = (collection_case.c.id, collection_case.c.facts_due, collection_case.c.plan, loan.c.region)
_UNDELIVERED = (
    select(*_NUDGE)
    .join(loan, loan.c.id == collection_case.c.loan_id)
    .where(collection_case.c.facts_due > collection_case.c.facts_delivered)
    .order_by(collection_case.c.id)
)
_UNDELIVERED_OF = _UNDELIVERED.where(among_given(collection_case.c.loan_id, "loans"))


async def undelivered_of(tx: Tx | ReadTx, loan_ids: Iterable[LoanId]) -> list[Nudge]:
    """Nudges that these loans' cases still wait for, the closed ones included."""
    rows = await tx.execute(_UNDELIVERED_OF, {"loans": list(loan_ids)})
    return [_nudge(*row) for row in rows]


async def undelivered(tx: Tx | ReadTx, limit: int) -> list[Nudge]:
    """What a crash left behind, for the sweeper."""
    rows = await tx.execute(_UNDELIVERED.limit(limit))
    return [_nudge(*row) for row in rows]


async def mark_delivered(tx: Tx, nudges: Sequence[Nudge]) -> None:
    if nudges:
        await tx.execute(
            _MARK_DELIVERED,
            [{"key": n.case_id, "upto": n.highest_fact} for n in sorted(nudges, key=lambda n: n.case_id)],
        )


async def open_ids(tx: ReadTx, after: str, limit: int) -> list[Nudge]:
    """Open cases in key order, a page at a time, as nudges that would resume them."""
    rows = await tx.execute(
        select(*_NUDGE)
        .join(loan, loan.c.id == collection_case.c.loan_id)
        .where(collection_case.c.closed_at.is_(None), collection_case.c.id > after)
        .order_by(collection_case.c.id)
        .limit(limit)
    )
    return [_nudge(*row) for row in rows]
