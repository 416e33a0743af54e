"""Disputes: what somebody says is wrong with the debt, and what he was answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, insert, select, update

from recourse.domain.ids import LoanId
from recourse.storage.database import ReadTx, Tx
from recourse.storage.tables import dispute


@dataclass(frozen=True, slots=True)
class DisputeRow:
    """hold_id: the hold that stops what the packs say meanwhile. about, evidence, answer_evidence: opaque ids
    of what is disputed and of the papers. answer: None while nobody has answered."""

    id: str
    loan_id: LoanId
    hold_id: str
    reason: str
    about: str | None
    evidence: str | None
    opened_at: datetime
    opened_by: str
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


async def answer(tx: Tx, key: str, *, text: str, evidence: str, by: str, at: datetime, request: str) -> None:
    """text: the code of the answer."""
    values = {"answer": text, "answer_evidence": evidence, "answered_by": by, "answered_at": at}
    await tx.execute(update(dispute).where(dispute.c.id == key).values(values | {"answer_request": request}))
