"""Who read whose dossier: the row is committed before the dossier is given out, so none goes without one."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import insert

from recourse.domain.ids import LoanId
from recourse.service.context import Unit
from recourse.storage import ledger
from recourse.storage.tables import dossier_read


async def note_reading(
    unit: Unit,
    loan_id: LoanId,
    actor: str,
    via: Literal["api", "cli"],
    purpose: str | None,
    reveal_id: str | None = None,
) -> None:
    """purpose: a code or a file number, where the reader gives one. reveal_id: under which it is in clear.
    Raises LookupError for a loan nobody has heard of."""
    if loan_id not in await ledger.loans(unit.tx, [loan_id]):
        raise LookupError(f"loan {loan_id}: there is none; list them with `recourse cases list`")
    who = {"loan_id": loan_id, "actor": actor, "via": via, "at": unit.now}
    row = who | {"purpose": purpose, "reveal_id": reveal_id}
    await unit.tx.execute(insert(dossier_read).values(row))
