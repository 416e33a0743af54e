"""What a use case is given: a transaction, business now, the packs and the lenders."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from recourse.domain.ids import LoanId, PersonId
from recourse.domain.law.rule import Collector
from recourse.packs.loader import PackBook
from recourse.storage import locks
from recourse.storage.database import Database, Tx
from recourse.storage.sight import EVERY_LENDERS, of_lenders, widening

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Lender:
    """Who a `ce_source` of the bank stands for, so that an overdue event may come before any snapshot.
    address, counsel, counsel_address: as they stand on letters; empty where nobody gave them."""

    name: str
    region: str
    currency: str
    zone: str
    phone: str = ""
    collector: Collector = Collector.CREDITOR
    product: str = "auto_loan"
    address: str = ""
    counsel: str = ""
    counsel_address: str = ""


def lender_named(lenders: Mapping[str, Lender], name: str) -> Lender | None:
    """None for one that no setting names."""
    return next((lender for lender in lenders.values() if lender.name == name), None)


@dataclass(slots=True)
class Unit:
    """One transaction. now: business time by the database's clock, as of the last lock it had to ask for.

    Locks are taken here and nowhere else, because waiting for one takes time: of two transactions that meet,
    the one that came second would otherwise write what it did under an earlier time than the first, and a
    dossier would show a contact after the closing of its case.

    Whoever may see some lenders only finds what he asks about under that sight; where he does, the
    transaction sees the rows of all from the lock on, because caps, holds and requests to stop count for a
    person whoever lends. Where he does not, it goes on seeing nothing, and the loan is one there is none of.
    """

    tx: Tx
    now: datetime
    book: PackBook
    lenders: Mapping[str, Lender]
    _clock: Callable[[Tx], Awaitable[datetime]]
    _role: str = EVERY_LENDERS.role
    _held: set[LoanId] = field(default_factory=set)

    async def lock_loans(self, loan_ids: Iterable[LoanId], people: Iterable[PersonId] = ()) -> None:
        """The loans and everybody on them, plus `people` about to be put on them."""
        wanted, joining = set(loan_ids), set(people)
        if joining or not wanted <= self._held:
            await self._widen(wanted, joining)
            await locks.lock_loans(self.tx, wanted, joining)
            await self._holds(wanted)

    async def lock_person(self, person_id: PersonId) -> list[LoanId]:
        """One person and every loan he or she is on; returns those loans."""
        return (await self.lock_people([person_id]))[person_id]

    async def lock_people(self, people: Iterable[PersonId]) -> dict[PersonId, list[LoanId]]:
        """These people and every loan that one of them is on; returns the loans of each."""
        named = set(people)
        await self._widen((), named)
        found = await locks.lock_people(self.tx, named)
        await self._holds(())
        return found

    async def lock_contact_points(self, loan_ids: Iterable[LoanId]) -> None:
        """After the loans: every contact point of anybody on them."""
        await locks.lock_contact_points(self.tx, loan_ids)
        await self._holds(())

    async def _widen(self, loan_ids: Iterable[LoanId], people: Iterable[PersonId]) -> None:
        if self._role != EVERY_LENDERS.role:
            statement, values = widening(loan_ids, people)
            self._role = (await self.tx.execute(statement, values)).scalar_one()

    async def _holds(self, loan_ids: Iterable[LoanId]) -> None:
        self._held |= set(loan_ids)
        self.now = await self._clock(self.tx)


@dataclass(frozen=True, slots=True)
class Services:
    """Runs use cases. The only place where a transaction begins and ends."""

    database: Database
    book: PackBook
    lenders: Mapping[str, Lender]

    def for_lenders(self, names: Iterable[str] | None) -> Services:
        """The same for a caller who may see these only; None for every lender."""
        sight = EVERY_LENDERS if names is None else of_lenders(names)
        return replace(self, database=self.database.seen(sight))

    async def run(self, use_case: Callable[[Unit], Awaitable[T]]) -> T:
        """Raises Unavailable when the database cannot be used; then nothing was written."""

        async def work(tx: Tx) -> T:
            now = await self.database.now(tx)
            clock, role = self.database.now, self.database.sight.role
            return await use_case(Unit(tx, now, self.book, self.lenders, clock, role))

        return await self.database.write(work)
