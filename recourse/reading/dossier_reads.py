"""Who has read a loan's dossier. Opaque ids only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from recourse.domain.ids import LoanId
from recourse.storage.database import ReadTx
from recourse.storage.tables import dossier_read, reveal


@dataclass(frozen=True, slots=True)
class ReadLine:
    """at: business time; recorded_at: the database's own clock. reveal_id: under which it was in clear.
    justification: of a broken glass."""

    at: datetime
    actor: str
    via: str
    purpose: str | None
    recorded_at: datetime
    reveal_id: str | None = None
    justification: str | None = None


async def readers(tx: ReadTx, loan_id: LoanId) -> list[ReadLine]:
    """Oldest first."""
    c = dossier_read.c
    columns = [c[name] for name in ReadLine.__dataclass_fields__ if name in c]
    rows = await tx.execute(
        select(*columns, reveal.c.justification)
        .outerjoin(reveal, reveal.c.id == c.reveal_id)
        .where(c.loan_id == loan_id)
        .order_by(c.id)
    )
    return [ReadLine(**row) for row in rows.mappings()]
