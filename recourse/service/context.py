"""What a use case is given: a transaction, business now, the packs and the lenders."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from recourse.domain.law.rule import Collector
from recourse.packs.loader import PackBook
from recourse.storage.database import Database, Tx

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Lender:
    """Who a `ce_source` of the bank stands for, so that an overdue event may come before any snapshot."""

    name: str
    region: str
    currency: str
    zone: str
    phone: str = ""
    collector: Collector = Collector.CREDITOR
    product: str = "auto_loan"


@dataclass(frozen=True, slots=True)
class Unit:
    """One transaction. now: business time by the database's clock, read after the transaction began."""

    tx: Tx
    now: datetime
    book: PackBook
    lenders: Mapping[str, Lender]


@dataclass(frozen=True, slots=True)
class Services:
    """Runs use cases. The only place where a transaction begins and ends."""

    database: Database
    book: PackBook
    lenders: Mapping[str, Lender]

    async def run(self, use_case: Callable[[Unit], Awaitable[T]]) -> T:
        """Raises Unavailable when the database cannot be used; then nothing was written."""

        async def work(tx: Tx) -> T:
            return await use_case(Unit(tx, await self.database.now(tx), self.book, self.lenders))

        return await self.database.write(work)
