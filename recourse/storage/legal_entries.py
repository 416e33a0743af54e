"""Costs of legal actions and what they brought: lines that are only ever added."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import insert, select

from recourse.domain.ids import CaseId, LoanId
from recourse.domain.legal.amounts import Entry, EntryKind
from recourse.storage.database import ReadTx, Tx
from recourse.storage.tables import legal_entry


@dataclass(frozen=True, slots=True)
class EntryRow:
    """on: a day at the lender's place. proof: the opaque id of the paper. reverses: the line that was a
    mistake."""

    id: str
    loan_id: LoanId
    case_id: CaseId
    kind: str
    amount_minor: int
    currency: str
    on: date
    proof: str
    reverses: str | None
    noted_by: str
    noted_at: datetime

    @property
    def entry(self) -> Entry:
        return Entry(self.id, EntryKind(self.kind), self.amount_minor, self.reverses)


_COLUMNS = [legal_entry.c[name] for name in EntryRow.__dataclass_fields__]


async def get(tx: Tx | ReadTx, key: str) -> EntryRow | None:
    row = (await tx.execute(select(*_COLUMNS).where(legal_entry.c.id == key))).mappings().first()
    return EntryRow(**row) if row else None


async def is_reversed(tx: Tx | ReadTx, key: str) -> bool:
    found = select(legal_entry.c.id).where(legal_entry.c.reverses == key)
    return (await tx.execute(found)).first() is not None


async def add(tx: Tx, row: EntryRow) -> None:
    await tx.execute(
        insert(legal_entry).values({name: getattr(row, name) for name in EntryRow.__dataclass_fields__})
    )


async def of_case(tx: Tx | ReadTx, case_id: CaseId) -> list[EntryRow]:
    """In the order they were noted."""
    c = legal_entry.c
    mine = select(*_COLUMNS).where(c.case_id == case_id).order_by(c.recorded_at, c.id)
    return [EntryRow(**row) for row in (await tx.execute(mine)).mappings()]
