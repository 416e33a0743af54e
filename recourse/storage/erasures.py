"""Who was erased: proposals, what was destroyed by them, and who is named again since."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, RowMapping, func, insert, select, update

from recourse.domain.ids import PersonId
from recourse.storage.database import ReadTx, Tx
from recourse.storage.sql import among
from recourse.storage.tables import data_key, erasure, party

PROPOSED, DONE, DECLINED = "proposed", "done", "declined"


@dataclass(frozen=True, slots=True)
class ErasureRow:
    """reason: a code. subjects, key_ids: what was destroyed; empty until it was."""

    id: str
    person_id: PersonId
    state: str
    reason: str
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None = None
    decided_at: datetime | None = None
    subjects: tuple[str, ...] = ()
    key_ids: tuple[str, ...] = ()
    named_again_at: datetime | None = None


_COLUMNS = [erasure.c[name] for name in ErasureRow.__dataclass_fields__]


async def propose(tx: Tx, row: ErasureRow) -> None:
    names = ("id", "person_id", "state", "reason", "proposed_by", "proposed_at")
    await tx.execute(insert(erasure).values({name: getattr(row, name) for name in names}))


async def open_of(tx: Tx | ReadTx, person_id: PersonId) -> ErasureRow | None:
    """The proposal that waits for another person."""
    return await _first(tx, erasure.c.person_id == person_id, erasure.c.state == PROPOSED)


async def every(tx: Tx | ReadTx) -> list[ErasureRow]:
    rows = await tx.execute(select(*_COLUMNS).order_by(erasure.c.proposed_at, erasure.c.id))
    return [_row(row) for row in rows.mappings()]


async def named_again_of(tx: Tx | ReadTx, limit: int = 100) -> list[PersonId]:
    """Who the bank named since, the newest first."""
    c = erasure.c
    again = select(c.person_id).where(c.named_again_at.is_not(None)).order_by(c.named_again_at.desc())
    return [PersonId(row) for row in (await tx.execute(again.limit(limit))).scalars()]


async def decide(tx: Tx, row: ErasureRow) -> None:
    names = ("state", "decided_by", "decided_at")
    values = {name: getattr(row, name) for name in names}
    lists = {"subjects": list(row.subjects), "key_ids": list(row.key_ids)}
    await tx.execute(update(erasure).where(erasure.c.id == row.id).values(values | lists))


async def note_named_again(tx: Tx, person_id: PersonId, at: datetime) -> None:
    c = erasure.c
    newer = c.named_again_at.is_(None) | (c.named_again_at < at)
    await tx.execute(
        update(erasure).where(c.person_id == person_id, c.state == DONE, newer).values(named_again_at=at)
    )


async def destroy(tx: Tx, subjects: Iterable[str], at: datetime) -> list[str]:
    """Destroy their keys; the ids of those that stood."""
    wanted = sorted(set(subjects))
    c = data_key.c
    gone = (
        update(data_key)
        .where(among(c.subject, wanted), c.wrapped.is_not(None))
        .values(wrapped=None, destroyed_at=at)
        .returning(c.id)
    )
    return sorted((await tx.execute(gone)).scalars())


async def standing_people(tx: Tx | ReadTx, key_ids: Sequence[str]) -> list[PersonId]:
    """Those whose keys are on the list and stand: they came back with an old backup."""
    c = data_key.c
    back = select(party.c.id).join(data_key, c.subject == func.concat("person:", party.c.id))
    rows = await tx.execute(back.where(among(c.id, key_ids), c.wrapped.is_not(None)).order_by(party.c.id))
    return [PersonId(row) for row in rows.scalars()]


async def destroy_listed(tx: Tx, key_ids: Sequence[str], at: datetime) -> None:
    """Whatever they are of."""
    c = data_key.c
    gone = update(data_key).where(among(c.id, key_ids), c.wrapped.is_not(None))
    await tx.execute(gone.values(wrapped=None, destroyed_at=at))


async def _first(tx: Tx | ReadTx, *where: ColumnElement[bool]) -> ErasureRow | None:
    row = (await tx.execute(select(*_COLUMNS).where(*where))).mappings().first()
    return _row(row) if row is not None else None


def _row(mapping: RowMapping) -> ErasureRow:
    lists = {"subjects": tuple(mapping["subjects"]), "key_ids": tuple(mapping["key_ids"])}
    return ErasureRow(**dict(mapping) | lists)
