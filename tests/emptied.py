"""A database for one test at a time, at the price of a DELETE.

To clone a database for each test, connect to it anew, and have SQLAlchemy make and PostgreSQL prepare every
statement again costs more than most tests do. So a worker keeps one and empties it; what a test may have left
behind that a DELETE does not mend (a changed schema, a transaction still open) has it replaced by a clone.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import asyncpg
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from recourse.domain.calendar import BusinessCalendar
from recourse.storage.database import Database
from tests.keys import vault_in

SCHEMA = """
SELECT md5(string_agg(seen, ' ' ORDER BY seen)) FROM (
  SELECT 'r' || oid || ' ' || xmin FROM pg_class WHERE relnamespace = 'public'::regnamespace
  UNION ALL SELECT 'a' || attrelid || ' ' || attnum || ' ' || a.xmin
    FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid WHERE relnamespace = 'public'::regnamespace
  UNION ALL SELECT 't' || oid || ' ' || xmin FROM pg_trigger
  UNION ALL SELECT 'c' || oid || ' ' || xmin FROM pg_constraint WHERE connamespace = 'public'::regnamespace
  UNION ALL SELECT 'p' || oid || ' ' || xmin FROM pg_proc WHERE pronamespace = 'public'::regnamespace
) AS catalog (seen)
"""
"""A row of the catalog that was written has another xmin."""
BUSY = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
  AND state <> 'idle'
"""
TABLES = """
SELECT quote_ident(relname) FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'alembic_version'
"""
UNVACUUMED = """
DO $$ DECLARE t regclass; BEGIN
  FOR t IN SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace LOOP
    EXECUTE format('ALTER TABLE %s SET (autovacuum_enabled = false)', t);
  END LOOP;
END $$
"""
"""Else room that a DELETE left is filled at times, and rows stand in another order than they came in."""
RESTART = "SELECT setval(format('%I', sequencename)::regclass, 1, false) FROM pg_sequences"


def named(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def as_login(url: str, role: str) -> str:
    """The same database under another login."""
    return make_url(url).set(username=role).render_as_string(hide_password=False)


async def connected(url: str) -> asyncpg.Connection:
    return await asyncpg.connect(url.replace("+asyncpg", "", 1))


async def execute(url: str, statement: str) -> None:
    connection = await connected(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@dataclass
class Clone:
    url: str
    name: str
    engine: AsyncEngine
    inside: asyncpg.Connection
    schema: str
    delete: str


class Emptied:
    """server: a URL on the server; template: the migrated database that is cloned; keys: the file of the ring
    that personal data is sealed with."""

    def __init__(self, server: str, template: str, keys: str) -> None:
        self._server, self._template, self._keys = server, template, keys
        self._clone: Clone | None = None

    async def get(self) -> Clone:
        """The one there is, empty."""
        if self._clone is None:
            self._clone = await self._made()
        return self._clone

    async def empty(self) -> None:
        """After a test: without rows and with every sequence at its start, or gone."""
        clone = self._clone
        assert clone is not None
        try:
            mendable = not await clone.inside.fetchval(BUSY)
            mendable = mendable and await clone.inside.fetchval(SCHEMA) == clone.schema
            if mendable:
                await clone.inside.execute(clone.delete, timeout=10)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError, OSError):
            mendable = False
        if not mendable:
            await self.drop()

    async def drop(self) -> None:
        if self._clone is None:
            return
        clone, self._clone = self._clone, None
        await clone.engine.dispose()
        clone.inside.terminate()
        await execute(self._server, f'DROP DATABASE IF EXISTS "{clone.name}" WITH (FORCE)')

    async def _made(self) -> Clone:
        name = f"test_{uuid.uuid4().hex[:12]}"
        await execute(self._server, f'CREATE DATABASE "{name}" TEMPLATE "{self._template}"')
        url = named(self._server, name)
        inside = await connected(url)
        tables = [str(row[0]) for row in await inside.fetch(TABLES)]
        # As a replica: neither foreign keys nor the triggers of the evidence ledger hinder.
        delete = "; ".join(
            ["BEGIN", "SET LOCAL session_replication_role = replica"]
            + [f"DELETE FROM {table}" for table in tables]
            + [RESTART, "COMMIT"]
        )
        engine = Database(url, BusinessCalendar(), vault=vault_in(self._keys)).engine
        return Clone(url, name, engine, inside, str(await inside.fetchval(SCHEMA)), delete)
