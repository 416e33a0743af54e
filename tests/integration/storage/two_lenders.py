"""Two lenders in one database, a borrower whom they share, and logins as the processes have them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from recourse.service.context import Services
from recourse.storage.database import Database
from recourse.storage.sight import EVERY_LENDERS
from tests.emptied import as_login
from tests.events import overdue, payment, snapshot
from tests.integration.conftest import World
from tests.integration.service.conftest import NOON

OURS, OTHERS = "demo-auto-finance", 'Anderer, "Herr" {Geber}\'s'
"""The second with everything in its name that a list of names could be split by."""
LOANS = {"L-1": OURS, "L-2": OURS, "M-1": OTHERS, "M-2": OTHERS}
SHARED = "C-shared"
"""On L-1 and M-1."""


async def two_lenders(world: World) -> None:
    """Four loans, 12 days late, with cases that are decided on."""
    world.set_now(NOON)
    for n, (loan, lender) in enumerate(LOANS.items()):
        person = SHARED if loan.endswith("1") else f"C-{loan}"
        mobile = "+8613800000001" if person == SHARED else f"+861380000001{n}"
        mail = f"{person}@example.com"
        named = snapshot(loan, at=NOON, person=person, lender=lender, mobile=mobile, email=mail)
        paid = payment(loan, at=NOON, amount=100, payment_id=f"P-{loan}", cured=False)
        await world.delivery.accept([named, overdue(loan, at=NOON, days=12), paid])


def services_as(world: World, url: str, role: str = "recourse_app") -> Services:
    """What a process has whose login is this role; its pool has one connection."""
    calendar = world.services.database.calendar
    database = Database(as_login(url, role), calendar, sight=EVERY_LENDERS, pool_size=1)
    return Services(database, world.services.book, world.services.lenders)


@asynccontextmanager
async def session(url: str, role: str) -> AsyncIterator[AsyncConnection]:
    """Plain SQL under a login; each statement commits."""
    engine = create_async_engine(as_login(url, role), isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as connection:
            yield connection
    finally:
        await engine.dispose()
