"""Permits as lists and as one permit with everybody who asked for it. Opaque ids and codes only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from recourse.domain.ids import CaseId
from recourse.storage import permits
from recourse.storage.database import ReadTx
from recourse.storage.permits import COLUMNS, OWED, PermitRow, row_of
from recourse.storage.persons import of_same_person
from recourse.storage.tables import permit, permit_check


@dataclass(frozen=True, slots=True)
class CheckLine:
    """at: business time. code: why not, or empty. step_number: of the row of the diary that explains it; None
    of one that an older release answered."""

    at: datetime
    actor: str
    answer: str
    code: str
    good_until: datetime | None
    step_number: int | None


@dataclass(frozen=True, slots=True)
class PermitView:
    permit: PermitRow
    checks: list[CheckLine]


async def listing(
    tx: ReadTx, *, case_id: CaseId | None = None, owed: bool = False, limit: int = 100
) -> list[PermitRow]:
    """Newest first. owed: only those whose recall nobody has acknowledged."""
    statement = select(*COLUMNS)
    if case_id is not None:
        statement = statement.where(permit.c.case_id == case_id)
    if owed:
        statement = statement.where(OWED)
    rows = await tx.execute(statement.order_by(permit.c.recorded_at.desc(), permit.c.id).limit(limit))
    return [row_of(mapping) for mapping in rows.mappings()]


async def show(tx: ReadTx, permit_id: str) -> PermitView | None:
    row = await permits.get(tx, permit_id)
    if row is None:
        return None
    columns = [permit_check.c[name] for name in CheckLine.__dataclass_fields__]
    asked = select(*columns).where(permit_check.c.permit_id == permit_id).order_by(permit_check.c.id)
    return PermitView(row, [CheckLine(*line) for line in await tx.execute(asked)])


async def of_agency(tx: ReadTx, actor: str) -> list[PermitRow]:
    """What the agency behind this token has, under whichever of its tokens."""
    return await permits.assigned(tx, await of_same_person(tx, actor))
