"""What a database error may say: its kind. Its text quotes rows, and rows are people."""

from __future__ import annotations

import traceback
from contextlib import AsyncExitStack

import pytest
from sqlalchemy import text

from recourse.contracts.delivery import Unacceptable, Unavailable
from recourse.storage.database import Database, Tx
from tests.integration.conftest import World

SECRET = "王秀英-13800000000"


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO party (id, name, language) SELECT 'P', CAST(:v AS text), 1 / 0",
        "SELECT CAST(CAST(:v AS text) AS integer)",
        "SELECT no_such_column, CAST(:v AS text)",
    ],
)
async def test_neither_the_values_nor_the_statement_travel_with_the_error(
    world: World, statement: str
) -> None:
    database: Database = world.services.database

    async def work(tx: Tx) -> None:
        await tx.execute(text(statement), {"v": SECRET})

    with pytest.raises((Unavailable, Unacceptable)) as caught:
        await database.write(work)
    assert caught.value.__cause__ is None
    told = "".join(traceback.format_exception(caught.value))
    assert SECRET not in told
    assert "SELECT" not in told


async def test_a_pool_of_which_every_connection_is_taken_is_unavailable_and_nobody_elses_fault(
    world: World, database_url: str
) -> None:
    crowded = Database(database_url, world.services.database.calendar, pool_size=1, pool_timeout=0.2)

    async def work(tx: Tx) -> None:
        await tx.execute(text("SELECT 1"))

    async with AsyncExitStack() as taken:
        for _ in range(2):  # the pool, and as many again
            await taken.enter_async_context(crowded.reading())
        with pytest.raises(Unavailable, match="TimeoutError"):
            await crowded.write(work)
        with pytest.raises(Unavailable, match="TimeoutError"):
            async with crowded.reading() as tx:
                await tx.execute(text("SELECT 1"))
    await crowded.write(work)
    await crowded.close()


INDEXED = "INSERT INTO contact_point (id, kind, value) VALUES ('c', 'address', :v)"
NO_INDEX_HOLDS = "".join(chr(0x4E00 + n * 37 % 0x5000) for n in range(2_000))


@pytest.mark.parametrize(
    ("statement", "values"),
    [
        (f"SELECT {', '.join(f':v{n}' for n in range(33_000))}", {f"v{n}": "x" for n in range(33_000)}),
        (INDEXED, {"v": NO_INDEX_HOLDS}),
        ("SELECT CAST(:v AS bigint)", {"v": 2**70}),
    ],
    ids=["more arguments than a statement may have", "longer than an index holds", "beyond the type"],
)
async def test_what_can_never_be_sent_or_stored_is_poison_and_not_the_databases_absence(
    world: World, statement: str, values: dict[str, object]
) -> None:
    async def work(tx: Tx) -> None:
        await tx.execute(text(statement), values)

    with pytest.raises(Unacceptable):
        await world.services.database.write(work)


async def test_a_connection_that_was_closed_under_us_is_the_databases_absence(world: World) -> None:
    """The driver has one class of error for this and for arguments that cannot be sent."""

    async def work(tx: Tx) -> None:
        raw = (await tx.get_raw_connection()).driver_connection
        assert raw is not None
        await raw.close()
        await tx.execute(text("SELECT 1"))

    with pytest.raises(Unavailable):
        await world.services.database.write(work)
