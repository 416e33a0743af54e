"""Who has read a loan's dossier. Opaque ids only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from recourse.domain.ids import LoanId
from recourse.storage.database import ReadTx
from recourse.storage.tables import dossier_read


@dataclass(frozen=True, slots=True)
class ReadLine:
    """at: business time; recorded_at: the database's own clock."""

    at: datetime
    actor: str
    via: str
    purpose: str | None
    recorded_at: datetime


async def readers(tx: ReadTx, loan_id: LoanId) -> list[ReadLine]:
    """Oldest first."""
    columns = [dossier_read.c[name] for name in ReadLine.__dataclass_fields__]
    rows = await tx.execute(
        select(*columns).where(dossier_read.c.loan_id == loan_id).order_by(dossier_read.c.id)
    )
    return [ReadLine(*row) for row in rows]
