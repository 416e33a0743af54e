"""Erasing somebody: who holds him, who decides it, what is left, and that he does not come back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

import pytest

from activities.reminding import RemindingActivities
from recourse.app.compose import retention
from recourse.contracts.events import BankEvent
from recourse.contracts.messages import StepCommand
from recourse.domain.ids import LoanId, PersonId
from recourse.domain.privacy.retention import Blocker
from recourse.domain.situation import Channel, HoldReason
from recourse.service import erasing
from recourse.service.erasing import HeldBack
from recourse.service.noting import HoldRequest, Pointless, place_hold
from recourse.service.retaining import Retention
from recourse.storage import erasures, points
from recourse.storage.dossier import dossier_document
from recourse.storage.tables import metadata
from tests import opened
from tests.events import event, payment, snapshot
from tests.fakes import FakeMessenger
from tests.integration.conftest import World
from tests.integration.service.conftest import NOON, open_case
from tests.integration.service.test_sealing import look, seal
from tests.plain import found_in_plain

NAME, MOBILE = "测试人", "+8613800000001"
WORDS = (NAME, MOBILE, "borrower@example.com", "沪A00000", "DEMO-CN-1", "home of")
ENDED = NOON + timedelta(days=2)
LONG_AFTER = NOON + timedelta(days=6 * 366)
"""Records are kept five years in China."""


@dataclass
class Book:
    """A loan that was overdue, reminded of by a text, and paid off; the list outside."""

    world: World
    listed: list[str] = field(default_factory=list)

    async def propose(self, person: str = "C-L-1", actor: str = "lead-1") -> erasures.ErasureRow:
        return await self.world.services.run(
            partial(
                erasing.propose,
                retention=self.periods,
                person_id=PersonId(person),
                reason="retention_over",
                actor=actor,
            )
        )

    async def approve(self, person: str = "C-L-1", actor: str = "lead-2") -> erasures.ErasureRow:
        return await self.world.services.run(
            partial(
                erasing.approve,
                retention=self.periods,
                person_id=PersonId(person),
                actor=actor,
                listed=self.listed.extend,
            )
        )

    @property
    def periods(self) -> Retention:
        return retention(self.world.services.book, self.world.services.lenders)

    async def held_by(self, at: datetime) -> set[Blocker]:
        self.world.set_now(at)
        async with self.world.services.database.reading() as tx:
            now = await self.world.services.database.now(tx)
            return {one.why for one in (await self.periods.of_person(tx, PersonId("C-L-1"), now)).holds}


def _ended(loan: str, at: datetime) -> BankEvent:
    data = {"reason": "paid_off", "on": at.date().isoformat(), "sequence": 9}
    return event(loan, "bank.loan.closed.v1", data, at=at)


@pytest.fixture
async def book(world: World) -> Book:
    case = await open_case(world)
    plan = await case.reach("sms_friendly")
    messengers = {Channel.SMS: FakeMessenger(), Channel.EMAIL: FakeMessenger()}
    activities = RemindingActivities(world.services, messengers)
    sent = await activities.send_reminder(StepCommand(case.id, "sms_friendly", plan.number))
    assert sent.code == "sent"
    world.set_now(ENDED)
    await world.delivery.accept([payment("L-1", at=ENDED, sequence=8), _ended("L-1", ENDED)])
    assert await world.scalar("SELECT closed_at IS NOT NULL FROM collection_case")
    return Book(world)


async def test_the_period_holds_him_to_its_last_day_and_not_a_day_longer(book: Book) -> None:
    ends = ENDED.replace(year=ENDED.year + 5)
    assert await book.held_by(ends - timedelta(days=1)) == {Blocker.PERIOD_RUNS}
    assert await book.held_by(ends + timedelta(days=1)) == set()


async def test_another_loan_a_hold_and_a_new_case_hold_him_long_after(book: Book) -> None:
    world = book.world
    assert await book.held_by(LONG_AFTER) == set()
    await world.delivery.accept([snapshot("L-2", at=LONG_AFTER, person="C-L-1")])
    assert Blocker.LOAN_NOT_ENDED in await book.held_by(LONG_AFTER)
    await world.delivery.accept([_ended("L-2", ENDED)])
    assert await book.held_by(LONG_AFTER) == set()
    request = HoldRequest(HoldReason.OPERATOR, "lead-1", "paper-1", person_id=PersonId("C-L-1"))
    await world.services.run(partial(place_hold, request=request))
    assert await book.held_by(LONG_AFTER) == {Blocker.HOLD_IN_FORCE}
    with pytest.raises(HeldBack):
        await book.propose()


async def test_one_person_alone_erases_nobody(book: Book) -> None:
    book.world.set_now(LONG_AFTER)
    with pytest.raises(Pointless, match="propose it first"):
        await book.approve()
    await book.propose()
    with pytest.raises(Pointless, match="another person"):
        await book.approve(actor="lead-1")
    with pytest.raises(Pointless, match="already"):
        await book.propose(actor="lead-2")
    assert book.listed == []
    assert await opened.name_of(book.world, "C-L-1") == NAME


async def test_what_comes_up_between_the_two_holds_him_still(book: Book) -> None:
    book.world.set_now(LONG_AFTER)
    await book.propose()
    await book.world.delivery.accept([snapshot("L-2", at=LONG_AFTER, person="C-L-1")])
    with pytest.raises(HeldBack):
        await book.approve()
    assert book.listed == []


async def _erased(book: Book) -> erasures.ErasureRow:
    book.world.set_now(LONG_AFTER)
    await book.propose()
    return await book.approve()


async def test_who_was_erased_is_nowhere_and_what_was_done_is_still_proved(book: Book) -> None:
    world = book.world
    await seal(world)
    before = await world.scalar("SELECT content_sealed FROM contact_attempt")
    done = await _erased(book)
    assert sorted(done.subjects) == ["loan:L-1", "person:C-L-1"]
    assert sorted(book.listed) == sorted(done.key_ids)
    assert len(done.key_ids) == 2
    assert await found_in_plain(world, WORDS) == {}
    assert await opened.name_of(world, "C-L-1") is None
    [contact] = await opened.contacts(world)
    assert "content" not in contact
    assert contact["state"] == "sent"
    # The bytes that the ledger's entries are about are what they were; nobody can read them.
    assert await world.scalar("SELECT content_sealed FROM contact_attempt") == before
    await seal(world)
    assert (await look(world)).findings == []
    async with world.services.database.reading() as tx:
        document = await dossier_document(tx, LoanId("L-1"))
    assert document["borrower"]["people"][0]["contact_points"][0]["consent"] == []
    told = await world.rows("SELECT event, actor, code FROM step ORDER BY id DESC LIMIT 1")
    assert told == [{"event": "erased", "actor": "lead-2", "code": "retention_over"}]


async def test_with_the_keys_of_another_day_nothing_opens_either(book: Book) -> None:
    """The erased key was random, and stands nowhere: the ring alone does not bring it back."""
    await _erased(book)
    keys = await book.world.rows("SELECT wrapped, destroyed_at IS NOT NULL AS gone FROM data_key")
    assert keys == [{"wrapped": None, "gone": True}] * 2


async def test_the_banks_next_snapshot_does_not_bring_him_back_and_is_told_of(book: Book) -> None:
    world = book.world
    await _erased(book)
    late = LONG_AFTER + timedelta(hours=1)
    await world.delivery.accept(
        [snapshot("L-1", at=late, sequence=20), payment("L-1", at=late, sequence=21, payment_id="P-2")]
    )
    assert await found_in_plain(world, WORDS) == {}
    assert await opened.name_of(world, "C-L-1") is None
    assert await world.scalar("SELECT count(*) FROM contact_point WHERE digest IS NOT NULL") == 0
    assert await world.scalar("SELECT count(*) FROM data_key WHERE wrapped IS NOT NULL") == 0
    assert await world.scalar("SELECT named_again_at FROM erasure") == late
    # The fact itself counts: money is money, whoever paid it.
    assert await world.scalar("SELECT count(*) FROM payment") == 2


async def test_whoever_shares_his_number_keeps_it(book: Book) -> None:
    world = book.world
    await world.delivery.accept([snapshot("L-7", at=ENDED, email=None)])
    await _erased(book)
    async with world.services.database.reading() as tx:
        assert [person for person, _ in await points.on_number(tx, MOBILE[1:])] == ["C-L-7"]
    assert await opened.name_of(world, "C-L-7") == NAME
    # And the row is the one that it was: his attempts there still count.
    await world.delivery.accept([snapshot("L-8", at=LONG_AFTER, email=None)])
    assert await world.scalar("SELECT count(*) FROM contact_point WHERE kind = 'mobile'") == 1


async def test_if_it_dies_before_its_end_the_list_says_what_is_to_be_finished(book: Book) -> None:
    class Killed(Exception):
        pass

    def dies(ids: Sequence[str]) -> None:
        book.listed.extend(ids)
        raise Killed

    world = book.world
    world.set_now(LONG_AFTER)
    await book.propose()
    with pytest.raises(Killed):
        await world.services.run(
            partial(
                erasing.approve,
                retention=book.periods,
                person_id=PersonId("C-L-1"),
                actor="lead-2",
                listed=dies,
            )
        )
    assert await opened.name_of(world, "C-L-1") == NAME
    await _check(book)
    assert await opened.name_of(world, "C-L-1") is None


async def _check(book: Book) -> list[PersonId]:
    """As `recourse privacy check --apply` does."""
    async with book.world.services.database.reading() as tx:
        back = await erasures.standing_people(tx, book.listed)
    for person in back:
        again = partial(erasing.erase_again, person_id=person, listed=book.listed.extend)
        await book.world.services.run(again)
    return back


async def test_an_old_backup_brings_him_back_and_the_list_sends_him_away_again(book: Book) -> None:
    world = book.world
    kept = {
        table: await world.rows(f"SELECT * FROM {table}")
        for table in ("data_key", "party", "person_contact_point", "contact_point")
    }
    await _erased(book)
    assert await _check(book) == []
    async with world.services.database.engine.begin() as connection:
        await connection.exec_driver_sql("SET session_replication_role = replica")
        for table, rows in kept.items():
            await connection.execute(metadata.tables[table].delete())
            await connection.execute(metadata.tables[table].insert(), rows)
        await connection.execute(metadata.tables["erasure"].delete())
        await connection.exec_driver_sql("SET session_replication_role = origin")
    assert await opened.name_of(world, "C-L-1") == NAME
    assert await _check(book) == ["C-L-1"]
    assert await opened.name_of(world, "C-L-1") is None
    assert await found_in_plain(world, WORDS) == {}
    assert await world.rows("SELECT state, reason FROM erasure") == [
        {"state": "done", "reason": "backup_restored"}
    ]
