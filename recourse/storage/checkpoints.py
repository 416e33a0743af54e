"""Signed checkpoints, and where each was left outside."""

from __future__ import annotations

from sqlalchemy import select
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


async def unanchored(tx: ReadTx, place: str) -> str | None:
    """The newest checkpoint, if it was not left in this place yet."""
    c = checkpoint.c
    newest = select(c.size, c.note).order_by(c.size.desc()).limit(1).subquery()
    left = select(anchor.c.size).where(anchor.c.size == newest.c.size, anchor.c.place == place).exists()
    return (await tx.execute(select(newest.c.note).where(~left))).scalar_one_or_none()


async def keep_anchor(tx: Tx, size: int, place: str, receipt: bytes) -> None:
    values = {"size": size, "place": place, "receipt": receipt}
    await tx.execute(upsert(anchor).values(values).on_conflict_do_nothing())
