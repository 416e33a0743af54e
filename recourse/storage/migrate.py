"""Migrations: expand, then contract; each waits briefly for its locks rather than hold up the business."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from recourse.storage.tables import metadata

T = TypeVar("T")

_HERE = Path(__file__).parent / "migrations"
MIGRATION_LOCK = 0x5245434F
"""Advisory lock: two processes that start together migrate one after the other."""


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_HERE))
    config.set_main_option("path_separator", "os")
    if connection is not None:
        config.attributes["connection"] = connection
    return config


def head() -> str:
    """The newest revision this code knows."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    if revision is None:
        raise RuntimeError("migrations: the package has none; reinstall it")
    return revision


async def run_on(url: str, work: Callable[[Connection], T]) -> T:
    """On a connection of its own, which is ended then."""
    engine = create_async_engine(url)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(work)
    finally:
        await engine.dispose()


async def upgrade(url: str, revision: str = "head") -> None:
    """Bring the schema to a revision. Raises the driver's errors; nothing is half applied."""

    def work(connection: Connection) -> None:
        connection.execute(text("SET lock_timeout = '5s'"))
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
        connection.commit()
        try:
            command.upgrade(_config(connection), revision)
            connection.commit()
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": MIGRATION_LOCK})
            connection.commit()

    await run_on(url, work)


async def downgrade(url: str, revision: str) -> None:
    def work(connection: Connection) -> None:
        command.downgrade(_config(connection), revision)
        connection.commit()

    await run_on(url, work)


async def current(url: str) -> str | None:
    """The schema's revision; None for an empty database."""

    def work(connection: Connection) -> str | None:
        return MigrationContext.configure(connection).get_current_revision()

    return await run_on(url, work)


async def drift(url: str) -> list[str]:
    """Differences between the schema and the code's tables, as text; empty when they agree."""

    def work(connection: Connection) -> list[str]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return [str(difference) for difference in compare_metadata(context, metadata)]

    return await run_on(url, work)


def new_revision(connection: Connection, message: str, revision: str) -> None:
    """Write a migration from the difference to the tables; read it before it is committed."""
    command.revision(_config(connection), message=message, rev_id=revision, autogenerate=True)
