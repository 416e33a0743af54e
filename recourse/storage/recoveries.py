"""Proposals to send an agency for a vehicle, until another person has decided on them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import RowMapping, insert, select, update

from recourse.domain.ids import CaseId, LoanId
from recourse.storage.database import ReadTx, Tx
from recourse.storage.tables import recovery_proposal


class ProposalState(StrEnum):
    OPEN = "open"
    APPROVED = "approved"
    DECLINED = "declined"
    LAPSED = "lapsed"
    """Nobody decided in time."""


@dataclass(frozen=True, slots=True)
class ProposalRow:
    """agency: the actor of its token. days: how long the assignment would last. proposed_by, decided_by:
    actors. permit_id: of an approved one. Instants are business time."""

    id: str
    loan_id: LoanId
    case_id: CaseId
    purpose: str
    agency: str
    days: int
    proposed_by: str
    proposed_at: datetime
    lapses_at: datetime
    state: ProposalState = ProposalState.OPEN
    decided_by: str | None = None
    decided_at: datetime | None = None
    code: str | None = None
    permit_id: str | None = None


_COLUMNS = [recovery_proposal.c[name] for name in ProposalRow.__dataclass_fields__]


def _row(mapping: RowMapping) -> ProposalRow:
    values = dict(mapping)
    return ProposalRow(**values | {"state": ProposalState(values["state"])})


async def add(tx: Tx, row: ProposalRow) -> None:
    values = {name: getattr(row, name) for name in ProposalRow.__dataclass_fields__}
    await tx.execute(insert(recovery_proposal).values(values))


async def get(tx: Tx | ReadTx, key: str) -> ProposalRow | None:
    mine = select(*_COLUMNS).where(recovery_proposal.c.id == key)
    row = (await tx.execute(mine)).mappings().first()
    return _row(row) if row else None


async def open_of(tx: Tx | ReadTx, case_id: CaseId) -> ProposalRow | None:
    """The one that is to be decided on; it may have lapsed meanwhile."""
    c = recovery_proposal.c
    mine = select(*_COLUMNS).where(c.case_id == case_id, c.state == ProposalState.OPEN)
    row = (await tx.execute(mine)).mappings().first()
    return _row(row) if row else None


async def undecided(tx: ReadTx, now: datetime, limit: int = 100) -> list[ProposalRow]:
    """Oldest first."""
    c = recovery_proposal.c
    mine = select(*_COLUMNS).where(c.state == ProposalState.OPEN, c.lapses_at > now)
    rows = await tx.execute(mine.order_by(c.proposed_at, c.id).limit(limit))
    return [_row(row) for row in rows.mappings()]


async def change(tx: Tx, key: str, **values: Any) -> None:
    await tx.execute(update(recovery_proposal).where(recovery_proposal.c.id == key).values(values))
