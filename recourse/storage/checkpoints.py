"""Signed checkpoints, where each was left outside, and what was said to it there."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ARRAY, BigInteger, func, literal, select
from sqlalchemy.dialects.postgresql import insert as upsert

from recourse.storage.database import ReadTx, Tx
from recourse.storage.tables import anchor, checkpoint


async def newest(tx: Tx | ReadTx) -> str | None:
    """The signed note over the largest tree."""
    c = checkpoint.c
    return (await tx.execute(select(c.note).order_by(c.size.desc()).limit(1))).scalar_one_or_none()


async def every(tx: ReadTx) -> list[str]:
    c = checkpoint.c
    return list((await tx.execute(select(c.note).order_by(c.size))).scalars())


async def keep(tx: Tx, size: int, note: str) -> None:
    """The first one of a size stays: another signature over the same tree says nothing new."""
    await tx.execute(upsert(checkpoint).values(size=size, note=note).on_conflict_do_nothing())


async def unanchored(tx: ReadTx, place: str, every: timedelta) -> str | None:
    """The newest checkpoint, if this place neither has it nor got another one within `every`."""
    c, a = checkpoint.c, anchor.c
    newest = select(c.size, c.note).order_by(c.size.desc()).limit(1).subquery()
    has_it = select(a.size).where(a.size == newest.c.size, a.place == place).exists()
    rests = select(a.size).where(a.place == place, a.recorded_at > func.now() - every).exists()
    wanted = select(newest.c.note).where(~has_it)
    return (await tx.execute(wanted.where(~rests) if every else wanted)).scalar_one_or_none()


async def keep_anchor(tx: Tx, size: int, place: str, receipt: bytes) -> None:
    """The first receipt stays, so that what was copied elsewhere is what is kept here."""
    values = {"size": size, "place": place, "receipt": receipt}
    await tx.execute(upsert(anchor).values(values).on_conflict_do_nothing())


@dataclass(frozen=True, slots=True)
class Behind:
    """What a place does not have. checkpoints: how many; since: when the first of them was signed."""

    checkpoints: int
    since: datetime | None


async def behind(tx: ReadTx, place: str) -> Behind:
    """Checkpoints that are newer than everything the place was given."""
    c, a = checkpoint.c, anchor.c
    last = select(func.coalesce(func.max(a.size), -1)).where(a.place == place).scalar_subquery()
    missing = select(func.count(), func.min(c.recorded_at)).where(c.size > last)
    return Behind(*(await tx.execute(missing)).one())


# Time stamps: receipts of authorities


@dataclass(frozen=True, slots=True)
class Stamp:
    """note: the checkpoint, whose bytes are stamped. response: DER of a TimeStampResp."""

    size: int
    place: str
    note: str
    response: bytes


_IS_A_STAMP: Final = anchor.c.place.like("timestamp:%")
_STAMPS: Final = (
    select(anchor.c.size, anchor.c.place, checkpoint.c.note, anchor.c.receipt)
    .join(checkpoint, checkpoint.c.size == anchor.c.size)
    .where(_IS_A_STAMP)
    .order_by(anchor.c.size, anchor.c.place)
)


async def stamps(tx: ReadTx) -> list[Stamp]:
    return [Stamp(*row) for row in await tx.execute(_STAMPS)]


async def stamps_without(tx: ReadTx, place: str, limit: int = 100) -> list[Stamp]:
    """The oldest that this place has no copy of."""
    copy = anchor.alias()
    copied = select(copy.c.size).where(copy.c.size == anchor.c.size, copy.c.place == place).exists()
    return [Stamp(*row) for row in await tx.execute(_STAMPS.where(~copied).limit(limit))]


async def first_stamps(tx: ReadTx, indexes: Collection[int]) -> list[Stamp]:
    """For each entry the first one whose checkpoint covers it: it names the time when the entry stood at the
    latest. Entries that none covers yet have none."""
    given = func.unnest(literal(sorted(indexes), ARRAY(BigInteger))).table_valued("index").render_derived()
    first = select(func.min(anchor.c.size)).where(_IS_A_STAMP, anchor.c.size > given.c.index)
    sizes = select(first.scalar_subquery()).select_from(given)
    found = [Stamp(*row) for row in await tx.execute(_STAMPS.where(anchor.c.size.in_(sizes)))]
    return list({stamp.size: stamp for stamp in reversed(found)}.values())[::-1]
