"""A ledger that comes to rows which are there already seals them too, and the ones that come after."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator

import pytest

from recourse.stack import StackAddresses
from recourse.storage import migrate
from tests.emptied import connected, execute, named


@pytest.fixture
async def before(stack: StackAddresses) -> AsyncIterator[str]:
    """A database of the time before rules were sealed."""
    name = f"old_{uuid.uuid4().hex[:12]}"
    await execute(stack.database_url, f'CREATE DATABASE "{name}"')
    url = named(stack.database_url, name)
    await migrate.upgrade(url, "0015")
    yield url
    await execute(stack.database_url, f'DROP DATABASE "{name}" WITH (FORCE)')


async def test_rules_from_before_wait_to_be_sealed_and_so_do_new_ones(before: str) -> None:
    rows = await connected(before)
    insert = "INSERT INTO rule_set (digest, rules) SELECT $1 || n, '{}' FROM generate_series(1, 3) n"
    try:
        await rows.execute(insert, "old")
        assert await rows.fetchval("SELECT count(*) FROM unsealed") == 0
        await migrate.upgrade(before)
        await rows.execute(insert, "new")
        await rows.execute("UPDATE rule_set SET rules = '[]' WHERE digest = 'old2'")
        queued = await rows.fetch("SELECT ref, chain FROM unsealed WHERE kind = 'rule_set' ORDER BY id")
    finally:
        await rows.close()
    expected = ["old1", "old2", "old3", "new1", "new2", "new3", "old2"]
    assert [(row["ref"], row["chain"]) for row in queued] == [(ref, f"rules-{ref}") for ref in expected]
