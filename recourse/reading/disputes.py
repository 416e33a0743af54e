"""Disputes with the day by which each is to be answered, as lists and screens show them."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from recourse.storage import disputes
from recourse.storage.database import ReadTx
from recourse.storage.disputes import DisputeRow


async def listed(
    tx: ReadTx, now: datetime, *, waiting: bool, limit: int, without_case: bool = False
) -> list[dict[str, Any]]:
    """As `recourse.storage.disputes.listing` orders them, each with its state and that of its
    acknowledgement."""
    rows = await disputes.listing(tx, waiting=waiting, limit=limit, without_case=without_case)
    return [asdict(row) | {"state": state_of(row, now), "told": told_of(row, now)} for row in rows]


def state_of(row: DisputeRow, now: datetime) -> str:
    """waiting, overdue, answered, or answered_late."""
    over = row.ends_at is not None and (row.answered_at or now) >= row.ends_at
    if row.answer is None:
        return "overdue" if over else "waiting"
    return "answered_late" if over else "answered"


def told_of(row: DisputeRow, now: datetime) -> str:
    """Of the acknowledgement: waiting, overdue, given, given_late; empty where none is wanted any more."""
    over = row.told_until is not None and (row.told_at or now) >= row.told_until
    if row.told_at is not None:
        return "given_late" if over else "given"
    if row.told_until is None or row.answer is not None:
        return ""
    return "overdue" if over else "waiting"
