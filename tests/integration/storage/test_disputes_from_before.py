"""Disputes that waited when answers got their days have the house's, counted from the day they came in."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime

import pytest

from recourse.stack import StackAddresses
from recourse.storage import migrate
from tests.emptied import connected, execute, named

OPENED = datetime(2026, 11, 6, 17, 30, tzinfo=UTC)
"""On the seventh in Shanghai."""


@pytest.fixture
async def before(stack: StackAddresses) -> AsyncIterator[str]:
    """A database of the release before, with one dispute that waits and one that was answered."""
    name = f"old_{uuid.uuid4().hex[:12]}"
    await execute(stack.database_url, f'CREATE DATABASE "{name}"')
    url = named(stack.database_url, name)
    await migrate.upgrade(url, "0027")
    rows = await connected(url)
    try:
        await rows.execute(
            "INSERT INTO loan (id, lender, region, currency, zone, account, unpaid_minor) "
            "VALUES ('L-1', 'x', 'CN', 'CNY', 'Asia/Shanghai', '{}', 0)"
        )
        for key, answered in (("waits", None), ("was answered", OPENED)):
            await rows.execute(
                "INSERT INTO hold (id, loan_id, reason, stops, since, placed_by, source) "
                "VALUES ($1, 'L-1', 'dispute', '{}', $2, 'a', 'b')",
                key,
                OPENED,
            )
            await rows.execute(
                "INSERT INTO dispute (id, loan_id, hold_id, reason, opened_at, opened_by, answered_at) "
                "VALUES ($1, 'L-1', $1, 'amount', $2, 'a', $3)",
                key,
                OPENED,
                answered,
            )
        yield url
    finally:
        await rows.close()
        await execute(stack.database_url, f'DROP DATABASE "{name}" WITH (FORCE)')


async def test_what_waits_gets_the_houses_days_and_what_was_answered_none(before: str) -> None:
    await migrate.upgrade(before)
    rows = await connected(before)
    try:
        found = await rows.fetch("SELECT id, kind, answer_by, ends_at, rule, rule_mark FROM dispute")
    finally:
        await rows.close()
    told = {
        row["id"]: (row["kind"], row["answer_by"], row["ends_at"], row["rule"], row["rule_mark"])
        for row in found
    }
    midnight = datetime(2026, 12, 7, 16, tzinfo=UTC)
    assert told == {
        "waits": ("debt", date(2026, 12, 7), midnight, "house_answer", "house"),
        "was answered": ("debt", None, None, None, None),
    }
