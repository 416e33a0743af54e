"""Use cases on a database that a test has to itself, and on a clock that it holds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from recourse.delivery import Delivery
from recourse.domain.calendar import BusinessCalendar
from recourse.packs.loader import load_packs
from recourse.service.context import Lender, Services
from recourse.storage.sight import LEDGERS
from tests.emptied import Emptied
from tests.fakes import FakeRuns
from tests.keys import WithEngine

LENDERS = {
    "/demo/cn": Lender("demo-auto-finance", "CN", "CNY", "Asia/Shanghai", "400-000-0000"),
    "/demo/us": Lender("demo-motor-credit", "US", "USD", "America/New_York", "555-0100"),
}


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

    @property
    def ledger(self) -> Services:
        """As the sealer, which may do what nobody else may."""
        return replace(self.services, database=self.services.database.seen(LEDGERS))

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
        """Until so many transactions wait for a lock. Asked as superuser: others' sessions are not shown to
        the application."""
        statement = text(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        for _ in range(200):
            async with self.services.database.engine.connect() as connection:
                if (await connection.execute(statement)).scalar_one() == count:
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
