"""Positions: what was read, the places, encrypted, and the newest fix of the feed. Nothing here is told in
clear: whoever opens a place says how precisely he may know it, and gets no more than that."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select, tuple_
from sqlalchemy.dialects.postgresql import insert as upsert

from recourse.contracts.cipher import PositionCipher
from recourse.domain.ids import CaseId, LoanId
from recourse.domain.positions import FixOrder, Place, Precision, at_most
from recourse.storage.database import ReadTx, Tx
from recourse.storage.sql import among
from recourse.storage.tables import location_fix, position, position_feed


@dataclass(frozen=True, slots=True)
class Reading:
    """A reading without its place. fix_time, received_time: real time, of the satellites and the provider;
    read_at: business time. precision: None in one of an older release, which has no place to show."""

    id: str
    case_id: CaseId
    request_id: str | None
    purpose: str
    basis: str
    actor: str | None
    precision: str | None
    quality: str | None
    fix_time: datetime
    received_time: datetime
    valid: bool
    carried_over: bool
    source: str
    source_datum: str
    read_at: datetime


@dataclass(frozen=True, slots=True)
class Shown:
    """A reading with the place as it may be told; None once the place was deleted."""

    reading: Reading
    place: Place | None


_COLUMNS = [location_fix.c[name] for name in Reading.__dataclass_fields__]


def _purpose(kind: str, key: str) -> str:
    return f"recourse {kind} {key}"


def _bytes(place: Place) -> bytes:
    return json.dumps(asdict(place), sort_keys=True).encode()


def _place(plain: bytes) -> Place:
    values: dict[str, Any] = json.loads(plain)
    return Place(**values | {"precision": Precision(values["precision"])})


async def keep(
    tx: Tx,
    cipher: PositionCipher,
    reading: Reading,
    place: Place,
    *,
    loan_id: LoanId,
    step_id: str,
    delete_after: datetime,
) -> bool:
    """The place is encrypted before it reaches the database. False where the step was read before: the first
    reading stays."""
    sealed = cipher.seal(_bytes(place), _purpose("position", reading.id))
    row = {name: getattr(reading, name) for name in Reading.__dataclass_fields__}
    row |= {"loan_id": loan_id, "step_id": step_id, "sealed_sha256": hashlib.sha256(sealed).hexdigest()}
    added = await tx.execute(
        upsert(location_fix).values(row).on_conflict_do_nothing().returning(location_fix.c.id)
    )
    if added.first() is None:
        return False
    kept = {"fix_id": reading.id, "case_id": reading.case_id, "sealed": sealed, "delete_after": delete_after}
    await tx.execute(insert(position).values(kept))
    return True


async def shown(
    tx: Tx | ReadTx, cipher: PositionCipher, key: str, precision: Precision, cell_km: int
) -> Shown | None:
    """One reading, no more precisely than this. Raises CannotOpen."""
    found = await _shown(tx, cipher, location_fix.c.id == key, precision, cell_km, 1)
    return found[0] if found else None


async def under(
    tx: Tx | ReadTx, cipher: PositionCipher, request_id: str, precision: Precision, cell_km: int
) -> list[Shown]:
    """All that were read under a request, the newest first. Raises CannotOpen."""
    return await _shown(tx, cipher, location_fix.c.request_id == request_id, precision, cell_km, 500)


async def _shown(
    tx: Tx | ReadTx, cipher: PositionCipher, where: Any, precision: Precision, cell_km: int, limit: int
) -> list[Shown]:
    rows = await tx.execute(
        select(*_COLUMNS, position.c.sealed)
        .outerjoin(position, position.c.fix_id == location_fix.c.id)
        .where(where)
        .order_by(location_fix.c.read_at.desc(), location_fix.c.id)
        .limit(limit)
    )
    found = []
    for *values, sealed in rows:
        reading = Reading(*values)
        place = None
        if sealed is not None:
            place = _place(cipher.open(sealed, _purpose("position", reading.id)))
        found.append(Shown(reading, at_most(place, precision, cell_km) if place else None))
    return found


async def delete_due(tx: Tx, now: datetime, limit: int) -> dict[CaseId, int]:
    """Places whose time is over go; what is left says that and when they were read. How many of each case."""
    due = select(position.c.fix_id).where(position.c.delete_after <= now)
    due = (
        due.order_by(position.c.delete_after, position.c.fix_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    gone = delete(position).where(position.c.fix_id.in_(due)).returning(position.c.case_id).cte("gone")
    rows = await tx.execute(select(gone.c.case_id, func.count()).group_by(gone.c.case_id))
    return {CaseId(case_id): count for case_id, count in rows}


async def due_for_deletion(tx: ReadTx, now: datetime) -> int:
    counted = select(func.count()).select_from(position).where(position.c.delete_after <= now)
    return (await tx.execute(counted)).scalar_one()


@dataclass(frozen=True, slots=True)
class Heard:
    """The newest fix of a tracker from the feed. heard_at: real time, when it came to us."""

    place: Place
    order: FixOrder
    heard_at: datetime


_ORDER = (
    position_feed.c.fix_time,
    ~position_feed.c.carried_over,
    position_feed.c.valid,
    position_feed.c.received_time,
    position_feed.c.digest,
)
"""As `FixOrder` has it."""


async def hear(tx: Tx, cipher: PositionCipher, fixes: Sequence[tuple[LoanId, Place, FixOrder]]) -> int:
    """Keep each where it is newer than what is kept. One loan may stand there once. How many were kept."""
    rows = [
        {
            "loan_id": loan_id,
            "fix_time": order.fix_time,
            "received_time": order.received_time,
            "carried_over": order.carried_over,
            "valid": order.valid,
            "digest": order.digest,
            "sealed": cipher.seal(_bytes(place), _purpose("feed", loan_id)),
            "heard_at": func.clock_timestamp(),
        }
        for loan_id, place, order in sorted(fixes, key=lambda fix: fix[0])
    ]
    if not rows:
        return 0
    new = upsert(position_feed).values(rows)
    given = new.excluded
    theirs = tuple_(given.fix_time, ~given.carried_over, given.valid, given.received_time, given.digest)
    kept = new.on_conflict_do_update(
        index_elements=[position_feed.c.loan_id],
        set_={name: given[name] for name in rows[0] if name != "loan_id"},
        where=theirs > tuple_(*_ORDER),
    )
    return len((await tx.execute(kept.returning(position_feed.c.loan_id))).all())


async def heard(tx: Tx | ReadTx, cipher: PositionCipher, loan_id: LoanId) -> Heard | None:
    """Raises CannotOpen."""
    c = position_feed.c
    row = (await tx.execute(select(position_feed).where(c.loan_id == loan_id))).mappings().first()
    if row is None:
        return None
    place = _place(cipher.open(row["sealed"], _purpose("feed", loan_id)))
    names = ("fix_time", "carried_over", "valid", "received_time", "digest")
    return Heard(place, FixOrder(*(row[name] for name in names)), row["heard_at"])


async def forget(tx: Tx, loans: Collection[LoanId]) -> None:
    """Nobody may locate these any more."""
    if loans:
        await tx.execute(delete(position_feed).where(among(position_feed.c.loan_id, loans)))
