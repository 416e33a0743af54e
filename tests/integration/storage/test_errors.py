"""What a database error may say: its kind. Its text quotes rows, and rows are people."""

from __future__ import annotations

import traceback

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
