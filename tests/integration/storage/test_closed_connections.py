"""The server closed the connections that the pool keeps: it was restarted, or somebody ended them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from recourse.contracts.delivery import Unavailable
from recourse.domain.calendar import BusinessCalendar
from recourse.storage.database import Database, ReadTx, Tx
from tests.emptied import connected
from tests.integration.conftest import World

MINE = "SELECT pg_backend_pid()"
ENDED = "SELECT every(pg_terminate_backend(pid, 10000)) FROM unnest($1::int[]) AS pid"
"""Milliseconds until it must be gone: until then a connection would still take a statement."""


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url, BusinessCalendar())
    yield database
    await database.close()


async def _read(database: Database) -> int:
    async with database.reading() as tx:
        return await _mine(tx)


async def _mine(tx: Tx | ReadTx) -> int:
    return int((await tx.execute(text(MINE))).scalar_one())


async def _pooled(database: Database, number: int) -> list[int]:
    """That many connections, idle in the pool."""
    together = asyncio.Barrier(number)

    async def one(tx: Tx) -> int:
        await together.wait()
        return await _mine(tx)

    return await asyncio.gather(*(database.write(one) for _ in range(number)))


async def _end(url: str, pids: list[int]) -> None:
    superuser = await connected(url)
    try:
        assert await superuser.fetchval(ENDED, pids)
    finally:
        await superuser.close()


async def test_whoever_comes_next_reads_and_writes_on_new_connections(
    database: Database, database_url: str
) -> None:
    old = await _pooled(database, 3)
    assert len(set(old)) == 3
    await _end(database_url, old)
    runs = 0

    async def work(tx: Tx) -> int:
        nonlocal runs
        runs += 1
        return await _mine(tx)

    fresh = [await database.write(work), await _read(database), *await _pooled(database, 3)]
    assert runs == 1
    assert not set(fresh) & set(old)


async def test_work_whose_connection_is_closed_under_it_is_not_done_again(
    database: Database, database_url: str
) -> None:
    """What it did before may have been committed, for all anybody knows: whoever asked for it decides."""
    runs = 0

    async def work(tx: Tx) -> None:
        nonlocal runs
        runs += 1
        await _end(database_url, [await _mine(tx)])
        await _mine(tx)

    with pytest.raises(Unavailable):
        await database.write(work)
    assert runs == 1
    assert await _read(database)


async def test_what_was_not_finished_is_rolled_back(world: World) -> None:
    async def work(tx: Tx) -> None:
        await tx.execute(text("INSERT INTO party (id) VALUES ('P-1')"))
        raise ValueError("on purpose")

    with pytest.raises(ValueError, match="on purpose"):
        await world.services.database.write(work)
    assert await world.scalar("SELECT count(*) FROM party") == 0
