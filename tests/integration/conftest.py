"""Real servers for integration tests: every test has an empty, migrated database to itself."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from recourse.delivery import Delivery
from recourse.domain.calendar import BusinessCalendar
from recourse.packs.loader import load_packs
from recourse.service.context import Lender, Services
from recourse.stack import StackAddresses
from recourse.storage import migrate
from tests.fakes import FakeRuns
from tests.integration.emptied import Emptied, WithEngine, execute, named

LENDERS = {
    "/demo/cn": Lender("demo-auto-finance", "CN", "CNY", "Asia/Shanghai", "400-000-0000"),
    "/demo/us": Lender("demo-motor-credit", "US", "USD", "America/New_York", "555-0100"),
}


@pytest.fixture(scope="session")
async def template(stack: StackAddresses) -> str:
    """A migrated database that tests are cloned from."""
    name = f"template_{uuid.uuid4().hex[:8]}"
    await execute(stack.database_url, f'CREATE DATABASE "{name}"')
    await migrate.upgrade(named(stack.database_url, name))
    return name


@pytest.fixture(scope="session")
async def emptied(stack: StackAddresses, template: str) -> AsyncIterator[Emptied]:
    databases = Emptied(stack.database_url, template)
    yield databases
    await databases.drop()


@pytest.fixture
async def database_url(emptied: Emptied) -> AsyncIterator[str]:
    """A migrated database without a row, for this test alone."""
    yield (await emptied.get()).url
    await emptied.empty()


class MovableCalendar(BusinessCalendar):
    """Business time that a test sets. The database's clock still ticks underneath."""

    offset: timedelta = timedelta()

    def business(self, real: datetime) -> datetime:
        return real + type(self).offset


@dataclass(repr=False)  # asyncio prints what a fixture returned, all law packs of it, at every test
class World:
    """A database, use cases on it, and a clock the test holds in its hand."""

    services: Services
    runs: FakeRuns
    delivery: Delivery
    _clock: Any = field(repr=False)

    def set_now(self, business: datetime) -> None:
        self._clock.offset = business - datetime.now(UTC)

    async def rows(self, statement: str, **values: object) -> list[dict[str, Any]]:
        async with self.services.database.reading() as tx:
            return [dict(row) for row in (await tx.execute(text(statement), values)).mappings()]

    async def execute(self, statement: str) -> None:
        """Change a row behind the use cases' back, as a crash or a restore might."""
        async with self.services.database.engine.begin() as connection:
            await connection.execute(text(statement))

    @asynccontextmanager
    async def busy(self, table: str, key: str) -> AsyncIterator[None]:
        """Somebody else holds this row, so that others get as far as they can without it, in their order."""
        async with self.services.database.engine.begin() as other:
            await other.execute(text(f"SELECT 1 FROM {table} WHERE id = :key FOR UPDATE"), {"key": key})
            yield

    async def waiting(self, count: int) -> None:
        """Until so many transactions wait for a lock."""
        statement = (
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        for _ in range(200):
            if await self.scalar(statement) == count:
                return
            await asyncio.sleep(0.01)
        pytest.fail(f"{count} transactions never waited for a lock")

    async def scalar(self, statement: str, **values: object) -> Any:
        async with self.services.database.reading() as tx:
            return (await tx.execute(text(statement), values)).scalar_one()


@pytest.fixture
async def world(database_url: str, emptied: Emptied) -> World:
    clock = type("Clock", (MovableCalendar,), {"offset": timedelta()})
    services = Services(WithEngine((await emptied.get()).engine, clock()), load_packs(), LENDERS)
    runs = FakeRuns()
    return World(services, runs, Delivery(services, runs), clock)
