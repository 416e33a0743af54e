"""Who read whose dossier: the row is committed before the dossier is given out, so none goes without one."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Literal

from sqlalchemy import insert

from recourse.domain.ids import LoanId
from recourse.domain.redaction import redact
from recourse.packs.masks import masks
from recourse.service.context import Services, Unit
from recourse.service.limiting import Limits
from recourse.storage import ledger
from recourse.storage.dossier import dossier_document
from recourse.storage.tables import dossier_read

Via = Literal["api", "cli"]


async def note_reading(
    unit: Unit, loan_id: LoanId, actor: str, via: Via, purpose: str | None, reveal_id: str | None = None
) -> None:
    """purpose: a code or a file number, where the reader gives one. reveal_id: under which it is in clear.
    Raises LookupError for a loan nobody has heard of."""
    if loan_id not in await ledger.loans(unit.tx, [loan_id]):
        raise LookupError(f"loan {loan_id}: there is none; list them with `recourse cases list`")
    who = {"loan_id": loan_id, "actor": actor, "via": via, "at": unit.now}
    row = who | {"purpose": purpose, "reveal_id": reveal_id}
    await unit.tx.execute(insert(dossier_read).values(row))


async def in_clear(services: Services, loan: LoanId) -> dict[str, Any]:
    """The six parts, for who has a reveal."""
    async with services.database.reading() as tx:
        now = await services.database.now(tx)
        known = await Limits(services.book, services.lenders).of_loan(tx, loan, now)
        return await dossier_document(tx, loan, [asdict(line) for line in known])


async def masked(services: Services, loan: LoanId, role: str) -> dict[str, Any]:
    """The six parts with what the role does not need covered; `masked` names the places."""
    shown = redact(await in_clear(services, loan), masks()[role])
    return shown.document | {"masked": [path for path, _ in shown.places]}
