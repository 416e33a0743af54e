"""Moves of cases to another strategy as they were shown: what a confirmation confirms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert

from recourse.domain.ids import CaseId
from recourse.storage.database import ReadTx, Tx
from recourse.storage.tables import strategy_move


@dataclass(frozen=True, slots=True)
class ShownMove:
    """source, target: `id@version`. renamed: old step id -> new one. answers: case -> digest of what was
    shown for it."""

    digest: str
    source: str
    target: str
    renamed: Mapping[str, str]
    answers: Mapping[CaseId, str]
    at: datetime


async def keep(tx: Tx, shown: ShownMove) -> None:
    """The same shown twice is one row."""
    values = {name: getattr(shown, name) for name in ShownMove.__dataclass_fields__}
    await tx.execute(upsert(strategy_move).values(values).on_conflict_do_nothing())


async def get(tx: ReadTx, digest: str) -> ShownMove | None:
    columns = [strategy_move.c[name] for name in ShownMove.__dataclass_fields__]
    row = (await tx.execute(select(*columns).where(strategy_move.c.digest == digest))).first()
    return ShownMove(*row) if row else None
