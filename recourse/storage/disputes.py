"""Disputes: what somebody says is wrong with the debt, and what he was answered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, case, exists, insert, null, select, update

from recourse.domain.ids import CaseId, LoanId
from recourse.domain.pending import DisputeDue
from recourse.storage.database import ReadTx, Tx
from recourse.storage.sql import among_given
from recourse.storage.tables import collection_case, dispute
from recourse.storage.together import Part


@dataclass(frozen=True, slots=True)
class DisputeRow:
    """hold_id: the hold that stops what the packs say meanwhile. about, evidence, answer_evidence: opaque ids
    of what is disputed and of the papers. answer_by: the last day of the answer, ends_at: the first moment
    after it, rule, rule_source, rule_mark: who says so; told_by, told_until and so on: the same of the
    acknowledgement, None where none is wanted. told_at: when it was given. answer: None while nobody has
    answered."""

    id: str
    loan_id: LoanId
    hold_id: str
    kind: str
    reason: str
    about: str | None
    evidence: str | None
    opened_at: datetime
    opened_by: str
    answer_by: date | None = None
    ends_at: datetime | None = None
    rule: str | None = None
    rule_source: str | None = None
    rule_mark: str | None = None
    told_by: date | None = None
    told_until: datetime | None = None
    told_rule: str | None = None
    told_source: str | None = None
    told_mark: str | None = None
    told_evidence: str | None = None
    told_at: datetime | None = None
    told_actor: str | None = None
    told_request: str | None = None
    answer: str | None = None
    answer_evidence: str | None = None
    answered_at: datetime | None = None
    answered_by: str | None = None
    answer_request: str | None = None


_COLUMNS = [dispute.c[name] for name in DisputeRow.__dataclass_fields__]


def _row(mapping: RowMapping) -> DisputeRow:
    return DisputeRow(**mapping)


async def add(tx: Tx, row: DisputeRow) -> None:
    await tx.execute(
        insert(dispute).values({name: getattr(row, name) for name in DisputeRow.__dataclass_fields__})
    )


async def get(tx: Tx | ReadTx, key: str) -> DisputeRow | None:
    row = (await tx.execute(select(*_COLUMNS).where(dispute.c.id == key))).mappings().first()
    return _row(row) if row else None


async def unanswered(tx: Tx | ReadTx, hold_id: str) -> str | None:
    """The dispute that this hold protects, while it has no answer."""
    found = select(dispute.c.id).where(dispute.c.hold_id == hold_id, dispute.c.answer.is_(None))
    return (await tx.execute(found)).scalar_one_or_none()


async def of_loan(tx: Tx | ReadTx, loan_id: LoanId) -> list[DisputeRow]:
    """Oldest first, the answered ones too."""
    rows = await tx.execute(
        select(*_COLUMNS).where(dispute.c.loan_id == loan_id).order_by(dispute.c.opened_at, dispute.c.id)
    )
    return [_row(row) for row in rows.mappings()]


def not_told_until() -> ColumnElement[datetime | None]:
    """By when a dispute is to be acknowledged; null where none is wanted, or it was."""
    return case((dispute.c.told_at.is_(None), dispute.c.told_until), else_=null())


def _due(rows: Iterable[Any]) -> dict[CaseId, list[DisputeDue]]:
    found: dict[CaseId, list[DisputeDue]] = defaultdict(list)
    for case_id, *values in rows:
        found[case_id].append(DisputeDue(*values))
    return found


DUE = Part(
    select(
        collection_case.c.id.label("case_id"),
        dispute.c.id,
        dispute.c.kind,
        dispute.c.opened_at,
        dispute.c.ends_at,
        not_told_until().label("told_until"),
    )
    .join(collection_case, collection_case.c.loan_id == dispute.c.loan_id)
    .where(among_given(collection_case.c.id, "cases"), dispute.c.answered_at.is_(None))
    .where(dispute.c.ends_at.is_not(None))
    .order_by(dispute.c.ends_at, dispute.c.id),
    _due,
)
"""Of each of `cases`, what nobody has answered of its loan, overdue or not, the soonest first."""


async def listing(tx: ReadTx, *, waiting: bool, limit: int, without_case: bool = False) -> list[DisputeRow]:
    """waiting: only what nobody has answered, what ends first first; else all, the newest first.
    without_case: only of loans that never had a case, of which nobody has a task."""
    c = dispute.c
    mine = select(*_COLUMNS).limit(limit)
    if without_case:
        mine = mine.where(~exists().where(collection_case.c.loan_id == c.loan_id))
    mine = (
        mine.where(c.answered_at.is_(None)).order_by(c.ends_at, c.id)
        if waiting
        else mine.order_by(c.opened_at.desc(), c.id)
    )
    return [_row(row) for row in (await tx.execute(mine)).mappings()]


async def acknowledge(tx: Tx, key: str, *, evidence: str, by: str, at: datetime, request: str) -> None:
    values = {"told_evidence": evidence, "told_actor": by, "told_at": at, "told_request": request}
    await tx.execute(update(dispute).where(dispute.c.id == key).values(values))


async def answer(tx: Tx, key: str, *, text: str, evidence: str, by: str, at: datetime, request: str) -> None:
    """text: the code of the answer."""
    values = {"answer": text, "answer_evidence": evidence, "answered_by": by, "answered_at": at}
    await tx.execute(update(dispute).where(dispute.c.id == key).values(values | {"answer_request": request}))
