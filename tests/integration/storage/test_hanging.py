"""A database that says nothing any more: whoever asks hears Unavailable before his own time is over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from recourse.contracts.delivery import Unavailable
from recourse.domain.calendar import BusinessCalendar
from recourse.storage.database import Database, Tx
from workflows.steps import QUICK


class Line:
    """Connections stay open and new ones are taken, but once it is dead nothing passes."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port, self.dead = host, port, False

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(self._host, self._port)

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            with suppress(OSError):
                while data := await source.read(65_536):
                    if not self.dead:
                        sink.write(data)
            sink.close()

        await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))


@asynccontextmanager
async def through_a_line(url: str) -> AsyncIterator[tuple[Line, Database]]:
    target = make_url(url)
    line = Line(target.host or "127.0.0.1", target.port or 5432)
    async with await asyncio.start_server(line.carry, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        through = target.set(host="127.0.0.1", port=port).render_as_string(hide_password=False)
        database = Database(through, BusinessCalendar())
        yield line, database
        await asyncio.wait_for(database.close(), 30)


async def _ask(tx: Tx) -> None:
    await tx.execute(text("SELECT 1"))


async def _in_the_middle(line: Line, database: Database) -> None:
    async def work(tx: Tx) -> None:
        line.dead = True
        await _ask(tx)

    await database.write(work)


async def _between_two_transactions(line: Line, database: Database) -> None:
    await database.write(_ask)
    line.dead = True
    await database.write(_ask)


async def _from_the_start(line: Line, database: Database) -> None:
    line.dead = True
    await database.write(_ask)


async def _while_reading(line: Line, database: Database) -> None:
    async with database.reading() as tx:
        line.dead = True
        await tx.execute(text("SELECT 1"))


@pytest.mark.parametrize(
    "asked", [_in_the_middle, _between_two_transactions, _from_the_start, _while_reading]
)
async def test_a_database_that_hangs_is_unavailable_while_there_is_time_to_say_so(
    database_url: str, asked: Callable[[Line, Database], Awaitable[None]]
) -> None:
    async with through_a_line(database_url) as (line, database):
        with pytest.raises(Unavailable):
            await asyncio.wait_for(asked(line, database), QUICK.total_seconds())
