"""Rows as a dossier shows them: plain JSON."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from sqlalchemy import Select

from recourse.storage.database import ReadTx, Tx


async def rows(tx: Tx | ReadTx, statement: Select[Any]) -> list[dict[str, Any]]:
    return [plain(dict(row)) for row in (await tx.execute(statement)).mappings()]


def plain(row: dict[str, Any]) -> dict[str, Any]:
    """A row with values that JSON has: instants and dates as ISO text, floats as exact decimal text."""
    return {name: _plain(value) for name, value in row.items() if value is not None}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, float):
        # Canonical JSON writes floats in its own way; a coordinate must read the same everywhere.
        return str(Decimal(repr(value)))
    return value
