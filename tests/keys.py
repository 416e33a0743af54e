"""Keys of personal data for tests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from recourse.domain.calendar import BusinessCalendar
from recourse.domain.privacy.key_ring import KeyRing
from recourse.gateways.key_wrapping import RingWrapper
from recourse.service.context import Services
from recourse.storage.database import VAULT, Database
from recourse.storage.sight import EVERY_LENDERS
from recourse.storage.vault import Vault


def vault(ring: KeyRing) -> Vault:
    return Vault(RingWrapper(ring.wrapping), ring.index)


def vault_in(file: str) -> Vault:
    """By the ring that the stack of the run has, as its command line has it too."""
    return vault(KeyRing.parse(Path(file).read_text()))


def with_ring(services: Services, ring: KeyRing | None) -> Services:
    """The same use cases on the same database, by other keys, or by none."""
    option = {VAULT: vault(ring) if ring is not None else None}
    engine = services.database.engine.execution_options(**option)
    return replace(services, database=WithEngine(engine, services.database.calendar))


class WithEngine(Database):
    """A database whose pool outlives it."""

    def __init__(self, engine: AsyncEngine, calendar: BusinessCalendar) -> None:
        self.engine, self.calendar, self.sight = engine, calendar, EVERY_LENDERS

    async def close(self) -> None:
        """The pool is closed with the database."""
