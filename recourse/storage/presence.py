"""Who is at work right now, as a lock that lives as long as its connection: who died is absent at once."""

from __future__ import annotations

from contextlib import suppress

from asyncpg.exceptions import PostgresError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from recourse.contracts.delivery import Unavailable
from recourse.storage.database import Database, ReadTx

LISTENING = 0x5245434F4C495354
"""Key of the advisory lock that everybody shares who listens to the SMS centre."""
AWAY = (SQLAlchemyError, PostgresError, OSError)
"""A server that is starting says so in an error of the driver's own."""


class Presence:
    """A process's own sign, held or not."""

    def __init__(self, database: Database, key: int) -> None:
        self._database, self._key = database, key
        self._connection: AsyncConnection | None = None

    async def confirm(self) -> None:
        """Be seen from now on; or find out that we still are. Raises Unavailable, and then we are not."""
        try:
            if self._connection is not None:
                await self._connection.execute(text("SELECT 1"))
                return
            self._connection = await self._database.engine.connect()
            await self._connection.execution_options(isolation_level="AUTOCOMMIT")
            await self._connection.execute(text("SELECT pg_advisory_lock_shared(:key)"), {"key": self._key})
        except AWAY as error:
            await self.leave()
            raise Unavailable(type(error).__name__) from None

    async def leave(self) -> None:
        """The connection is ended, for one that went back to its pool keeps the lock."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(*AWAY):
                await connection.invalidate()
                await connection.close()


async def present(tx: ReadTx, key: int) -> int:
    """How many processes are seen on this database."""
    found = await tx.execute(
        text(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1 "
            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
            "AND (classid::bigint << 32) | objid::bigint = :key"
        ),
        {"key": key},
    )
    number: int = found.scalar_one()
    return number
