"""Dossiers shown in clear: by whom, for what, until when, and who looked at it afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, insert, select, update

from recourse.domain.disclosure import Finding, Justification, Outside, RevealPurpose
from recourse.domain.ids import LoanId
from recourse.storage.database import ReadTx, Tx
from recourse.storage.tables import reveal


@dataclass(frozen=True, slots=True)
class RevealRow:
    """reference: the opaque id of what explains it. outside, justification: of a broken glass. Instants are
    business time."""

    id: str
    loan_id: LoanId
    actor: str
    role: str
    purpose: RevealPurpose
    reference: str | None
    outside: Outside | None
    justification: Justification | None
    at: datetime
    until: datetime
    finding: Finding | None = None
    reviewed_by: str | None = None
    reviewed_at: datetime | None = None


_COLUMNS = [reveal.c[name] for name in RevealRow.__dataclass_fields__]


async def add(tx: Tx, row: RevealRow) -> None:
    await tx.execute(
        insert(reveal).values({name: getattr(row, name) for name in RevealRow.__dataclass_fields__})
    )


async def get(tx: Tx | ReadTx, key: str) -> RevealRow | None:
    found = (await tx.execute(select(*_COLUMNS).where(reveal.c.id == key))).mappings().first()
    return _row(found) if found else None


async def broken(tx: Tx | ReadTx, *, reviewed: bool, limit: int) -> list[RevealRow]:
    """Where the glass was broken, the oldest first; reviewed: those too that somebody has looked at."""
    c = reveal.c
    wanted = select(*_COLUMNS).where(c.outside.is_not(None)).order_by(c.at, c.id).limit(limit)
    if not reviewed:
        wanted = wanted.where(c.reviewed_at.is_(None))
    return [_row(row) for row in (await tx.execute(wanted)).mappings()]


async def review(tx: Tx, key: str, finding: Finding, actor: str, at: datetime) -> None:
    found = {"finding": finding, "reviewed_by": actor, "reviewed_at": at}
    await tx.execute(update(reveal).where(reveal.c.id == key).values(found))


def _row(mapping: RowMapping) -> RevealRow:
    values = dict(mapping)
    kinds = {"purpose": RevealPurpose, "outside": Outside, "justification": Justification, "finding": Finding}
    return RevealRow(
        **values | {name: kind(values[name]) for name, kind in kinds.items() if values[name] is not None}
    )
