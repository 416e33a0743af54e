"""Whose rows a transaction sees: those of the lenders it names, else none; and the pool forgets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import pytest
from sqlalchemy import text

from recourse.contracts.delivery import Unavailable
from recourse.domain.ids import CaseId, LoanId, PersonId
from recourse.domain.situation import HoldReason
from recourse.service import noting
from recourse.service.context import Services, Unit
from recourse.service.deciding import decide_case
from recourse.service.noting import HoldRequest, Unknown
from recourse.storage.database import Database, ReadTx, Tx
from recourse.storage.sight import NOBODYS
from recourse.storage.tables.access import ACCESS
from tests.integration.conftest import World
from tests.integration.storage.two_lenders import LOANS, OTHERS, OURS, SHARED, services_as, two_lenders

BY_LOAN = ("step", "installment", "payment", "vehicle", "collection_case", "loan_party", "outbox", "fact")
LOAN_OF = {"loan": "id", **dict.fromkeys(BY_LOAN, "loan_id")}
"""Table -> the column with its loan."""


@pytest.fixture
async def process(world: World, database_url: str) -> AsyncIterator[Services]:
    """A process with the application's own login, on a pool of one connection."""
    await two_lenders(world)
    services = services_as(world, database_url)
    yield services
    await services.database.close()


async def loans(tx: ReadTx | Tx) -> set[str]:
    return set((await tx.execute(text("SELECT id FROM loan"))).scalars())


async def counts(services: Services) -> dict[str, int]:
    """Rows of every table that belongs to lenders."""
    async with services.database.reading() as tx:
        found = {}
        for name, access in ACCESS.items():
            if access.rows is not None:
                found[name] = (await tx.execute(text(f"SELECT count(*) FROM {name}"))).scalar_one()
        return found


async def test_who_names_no_lender_sees_no_row_of_any_table(world: World, process: Services) -> None:
    everything = await counts(process)
    filled = {name for name, number in everything.items() if number}
    assert filled >= {*LOAN_OF, "party", "contact_point", "person_contact_point"}
    unset = Services(process.database.seen(NOBODYS), process.book, process.lenders)
    assert set((await counts(unset)).values()) == {0}
    assert set((await counts(process.for_lenders(["no such lender"]))).values()) == {0}


@pytest.mark.parametrize("lender", [OURS, OTHERS])
async def test_a_lender_sees_exactly_its_own(world: World, process: Services, lender: str) -> None:
    mine = {loan for loan, name in LOANS.items() if name == lender}
    async with process.for_lenders([lender]).database.reading() as tx:
        for table, column in LOAN_OF.items():
            found = (await tx.execute(text(f"SELECT {column} FROM {table}"))).scalars().all()
            asked = f"SELECT count(*) FROM {table} WHERE {column} = ANY (:mine)"
            assert set(found) == mine, table
            assert len(found) == await world.scalar(asked, mine=sorted(mine)), table
        people = set((await tx.execute(text("SELECT id FROM party"))).scalars())
        assert people == {SHARED, *(f"C-{loan}" for loan in mine if loan.endswith("2"))}
        points = "SELECT count(*) FROM contact_point WHERE kind = 'email'"
        assert (await tx.execute(text(points))).scalar_one() == len(people)
        keys = set((await tx.execute(text("SELECT subject FROM data_key"))).scalars())
        assert keys == {*(f"loan:{loan}" for loan in mine), *(f"person:{person}" for person in people)}


async def test_who_is_for_several_lenders_sees_the_loans_of_each(process: Services) -> None:
    async with process.for_lenders([OTHERS, OURS]).database.reading() as tx:
        assert await loans(tx) == set(LOANS)
    async with process.for_lenders([]).database.reading() as tx:
        assert await loans(tx) == set()


async def test_a_row_of_another_lender_can_neither_be_changed_nor_written(
    world: World, process: Services
) -> None:
    ours = process.for_lenders([OURS])
    changed = "UPDATE collection_case SET stage = 'x' WHERE loan_id = 'M-1'"
    added = (
        "INSERT INTO step (loan_id, decision, event, at, reason, strategy) "
        "VALUES ('M-1', 0, 'planned', now(), 'made up', 's')"
    )

    async def change(tx: Tx) -> int:
        return int((await tx.execute(text(changed))).rowcount)

    async def add(tx: Tx) -> None:
        await tx.execute(text(added))

    assert await ours.database.write(change) == 0
    with pytest.raises(Unavailable, match="InsufficientPrivilege"):
        await ours.database.write(add)
    assert await world.scalar("SELECT count(*) FROM step WHERE reason = 'made up'") == 0


async def left(database: Database) -> tuple[str, str, set[str]]:
    """What the pool's one connection still knows when nobody has said anything: tenant, role, loans."""
    async with database.engine.connect() as connection:
        asked = text("SELECT coalesce(current_setting('recourse.tenant', true), ''), current_user::text")
        tenant, role = (await connection.execute(asked)).one()
        return tenant, role, set((await connection.execute(text("SELECT id FROM loan"))).scalars())


FORGOTTEN = ("", "recourse_app", set[str]())


class Failed(Exception):
    pass


async def test_a_connection_goes_back_to_the_pool_without_a_tenant(process: Services) -> None:
    """However its transaction ended: committed, read, failed, refused by the server, or cut off."""
    ours = process.for_lenders([OURS]).database

    async def look(tx: Tx) -> int:
        assert await loans(tx) == {"L-1", "L-2"}
        backend: int = (await tx.execute(text("SELECT pg_backend_pid()"))).scalar_one()
        return backend

    async def fail(tx: Tx) -> None:
        await look(tx)
        raise Failed

    async def broken(tx: Tx) -> None:
        await look(tx)
        await tx.execute(text("SELECT 1 / 0"))

    backend = await ours.write(look)
    assert await left(ours) == FORGOTTEN
    async with ours.reading() as tx:
        assert await loans(tx) == {"L-1", "L-2"}
    assert await left(ours) == FORGOTTEN
    with pytest.raises(Failed):
        await ours.write(fail)
    assert await left(ours) == FORGOTTEN
    with pytest.raises(Exception, match="DivisionByZero"):
        await ours.write(broken)
    assert await left(ours) == FORGOTTEN
    await process.database.write(_every)
    assert await left(ours) == FORGOTTEN
    assert await ours.write(look) == backend, "it was the same connection all the time"


async def _every(tx: Tx) -> None:
    assert await loans(tx) == set(LOANS)


async def test_a_transaction_that_was_cut_off_leaves_no_tenant(process: Services) -> None:
    ours, inside = process.for_lenders([OURS]).database, asyncio.Event()

    async def hang(tx: Tx) -> None:
        assert await loans(tx) == {"L-1", "L-2"}
        inside.set()
        await tx.execute(text("SELECT pg_sleep(60)"))

    cut = asyncio.create_task(ours.write(hang))
    await inside.wait()
    cut.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cut
    assert await left(ours) == FORGOTTEN


async def test_tenants_take_turns_on_one_connection_and_never_mix(process: Services) -> None:
    """As a pooler does that gives the session to the next transaction: nothing is set for the session."""

    async def look(lender: str) -> None:
        for _ in range(10):
            async with process.for_lenders([lender]).database.reading() as tx:
                assert await loans(tx) == {loan for loan, name in LOANS.items() if name == lender}
            async with process.database.seen(NOBODYS).reading() as tx:
                assert await loans(tx) == set()

    await asyncio.gather(look(OURS), look(OTHERS), look(OURS), look(OTHERS))
    assert await left(process.database) == FORGOTTEN


def _hold(**subject: object) -> HoldRequest:
    base = {"reason": HoldReason.BANKRUPTCY, "actor": "lead-1", "source": "letter-1", "request_id": "r-1"}
    return HoldRequest(**base, **subject)  # type: ignore[arg-type]


async def test_a_use_case_does_not_find_what_another_lender_has(world: World, process: Services) -> None:
    ours, before = process.for_lenders([OURS]), await counts(process)
    for hold in (_hold(loan_id=LoanId("M-1")), _hold(person_id=PersonId("C-M-2"))):
        with pytest.raises(Unknown):
            await ours.run(partial(noting.place_hold, request=hold))
    with pytest.raises(LookupError):
        await ours.run(partial(decide_case, case_id=CaseId("case-M-1-1")))
    assert await counts(process) == before


async def test_a_hold_on_a_shared_person_binds_every_lender(world: World, process: Services) -> None:
    """Whoever notes it: the person is one, and both his cases are told and decided on."""
    ours = process.for_lenders([OURS])
    held, nudges = await ours.run(partial(noting.place_hold, request=_hold(person_id=PersonId(SHARED))))
    assert {nudge.case_id for nudge in nudges} == {"case-L-1-1", "case-M-1-1"}
    assert await world.scalar("SELECT count(*) FROM step WHERE loan_id = 'M-1' AND event = 'planned'") > 0
    async with process.for_lenders([OTHERS]).database.reading() as tx:
        seen = (await tx.execute(text("SELECT id FROM hold"))).scalars().all()
    assert seen == [held.id]


async def test_who_holds_the_locks_counts_over_all_lenders(process: Services) -> None:
    """A cap counts the calls that a person had for other loans too, and before the lock they are not seen."""

    async def look(unit: Unit) -> tuple[set[str], set[str]]:
        before = await loans(unit.tx)
        await unit.lock_loans([LoanId("L-1")])
        return before, await loans(unit.tx)

    async def reach(unit: Unit) -> set[str]:
        await unit.lock_loans([LoanId("L-1"), LoanId("M-1")])
        return await loans(unit.tx)

    ours = process.for_lenders([OURS])
    assert await ours.run(look) == ({"L-1", "L-2"}, set(LOANS))
    assert await ours.run(reach) == {"L-1", "L-2"}, "one of those it asked for is not its own"
