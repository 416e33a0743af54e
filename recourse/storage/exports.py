"""Exports of personal data: asked for by one person, approved by another, used."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, insert, select, update

from recourse.domain.disclosure import ExportApproval, ExportKind, ExportPurpose, ExportState
from recourse.domain.ids import LoanId, PersonId
from recourse.storage.database import ReadTx, Tx
from recourse.storage.tables import export_request


@dataclass(frozen=True, slots=True)
class ExportRow:
    """loans: sorted; what is approved is these, all of them. recipient: for whom a bundle is made, `person`
    for all that is held about somebody. code: why it was declined. Instants are business time."""

    id: str
    kind: ExportKind
    person_id: PersonId | None
    loans: tuple[LoanId, ...]
    recipient: str
    purpose: ExportPurpose
    approval: ExportApproval
    state: ExportState
    asked_by: str
    asked_at: datetime
    lapses_at: datetime
    decided_by: str | None = None
    decided_at: datetime | None = None
    code: str | None = None
    used_by: str | None = None
    used_at: datetime | None = None


_COLUMNS = [export_request.c[name] for name in ExportRow.__dataclass_fields__]


async def add(tx: Tx, row: ExportRow) -> None:
    values = {name: getattr(row, name) for name in ExportRow.__dataclass_fields__}
    await tx.execute(insert(export_request).values(values | {"loans": list(row.loans)}))


async def get(tx: Tx | ReadTx, key: str) -> ExportRow | None:
    return _first((await tx.execute(select(*_COLUMNS).where(export_request.c.id == key))).mappings().first())


async def locked(tx: Tx, key: str) -> ExportRow | None:
    """Of two who decide or use it at once, the second one sees what the first has done."""
    mine = select(*_COLUMNS).where(export_request.c.id == key).with_for_update()
    return _first((await tx.execute(mine)).mappings().first())


async def change(tx: Tx, row: ExportRow, **values: Any) -> ExportRow:
    await tx.execute(update(export_request).where(export_request.c.id == row.id).values(values))
    return replace(row, **values)


async def listed(tx: ReadTx, now: datetime, *, every: bool, limit: int) -> list[ExportRow]:
    """The newest first; those that wait for a decision or to be used, or all."""
    c = export_request.c
    wanted = select(*_COLUMNS).order_by(c.asked_at.desc(), c.id).limit(limit)
    if not every:
        open_ = c.state.in_((ExportState.ASKED, ExportState.APPROVED))
        wanted = wanted.where(open_, c.lapses_at > now)
    return [_row(row) for row in (await tx.execute(wanted)).mappings()]


def _first(mapping: RowMapping | None) -> ExportRow | None:
    return _row(mapping) if mapping is not None else None


def _row(mapping: RowMapping) -> ExportRow:
    values = dict(mapping)
    kinds = {
        "kind": ExportKind,
        "purpose": ExportPurpose,
        "approval": ExportApproval,
        "state": ExportState,
        "loans": tuple,
    }
    return ExportRow(**values | {name: kind(values[name]) for name, kind in kinds.items()})
