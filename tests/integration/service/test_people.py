"""Contact points and consent follow the newest snapshot: what the bank takes back is taken back here too."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from recourse.contracts.events import BankEvent
from recourse.domain.ids import CaseId
from recourse.domain.situation import Channel, ContactPoint
from recourse.domain.strategy.address import choose_point
from recourse.storage.situation import Gathered, gather
from tests import opened
from tests.events import event, overdue, snapshot
from tests.integration.conftest import World
from tests.integration.service.conftest import NOON

MOBILE, OTHER, EMAIL = "+8613800000001", "+8613800000002", "borrower@example.com"
LATER = NOON + timedelta(hours=1)


async def _gathered(world: World, loan: str = "L-1") -> Gathered:
    async with world.services.database.reading() as tx:
        return await gather(tx, CaseId(f"case-{loan}-1"), await world.services.database.now(tx))


async def _reached_by(world: World, channel: Channel) -> ContactPoint | None:
    return choose_point((await _gathered(world)).situation.borrower(), channel)


async def _kept(world: World, value: str) -> dict[str, Any]:
    [point] = [row["id"] for row in await opened.contact_points(world) if row["value"] == value]
    [row] = await world.rows(
        "SELECT consent, usable, listed FROM person_contact_point "
        "WHERE contact_point_id = :point AND person_id = 'C-L-1'",
        point=point,
    )
    return row


@pytest.fixture
async def known(world: World) -> World:
    """L-1 with a mobile and a mailbox, both with consent, and a case."""
    world.set_now(NOON)
    await world.delivery.accept([snapshot("L-1", at=NOON), overdue("L-1", at=NOON)])
    return world


async def test_a_point_that_the_newest_snapshot_leaves_out_is_kept_as_evidence_and_not_used(
    known: World,
) -> None:
    await known.delivery.accept([snapshot("L-1", at=LATER, sequence=5, email=None, mobile=OTHER)])
    assert await _reached_by(known, Channel.EMAIL) is None
    used = await _reached_by(known, Channel.SMS)
    assert used is not None
    assert await opened.value_of(known, used.id) == OTHER
    for gone in (MOBILE, EMAIL):
        assert await _kept(known, gone) == {"consent": [], "usable": True, "listed": False}


async def test_a_snapshot_without_any_point_leaves_nobody_to_write_to(known: World) -> None:
    await known.delivery.accept([snapshot("L-1", at=LATER, sequence=5, email=None, mobile=None)])
    assert [await _reached_by(known, channel) for channel in (Channel.SMS, Channel.EMAIL)] == [None, None]


async def test_a_point_that_is_listed_again_is_used_with_the_consent_that_is_stated_now(
    known: World,
) -> None:
    await known.delivery.accept([snapshot("L-1", at=LATER, sequence=5, mobile=OTHER)])
    await known.delivery.accept([snapshot("L-1", at=LATER, sequence=6, consent=False)])
    used = await _reached_by(known, Channel.SMS)
    assert used is not None
    assert used.consent == frozenset()
    assert await _kept(known, MOBILE) == {"consent": [], "usable": True, "listed": True}


async def test_a_dead_number_stays_dead_however_often_it_is_dropped_and_listed_again(known: World) -> None:
    await known.execute("UPDATE person_contact_point SET usable = false, unusable_code = 'wrong_number'")
    for sequence, mobile in ((5, OTHER), (6, MOBILE)):
        await known.delivery.accept([snapshot("L-1", at=LATER, sequence=sequence, mobile=mobile)])
    assert await _reached_by(known, Channel.SMS) is None
    assert await _kept(known, MOBILE) == {"consent": ["call", "sms"], "usable": False, "listed": True}


async def test_an_older_snapshot_of_another_loan_brings_no_withdrawn_consent_and_no_point_back(
    known: World,
) -> None:
    newest = snapshot("L-1", at=LATER, sequence=5, consent=False, email=None)
    await known.delivery.accept([newest, snapshot("L-2", at=NOON, person="C-L-1")])
    used = await _reached_by(known, Channel.SMS)
    assert used is not None
    assert used.consent == frozenset()
    assert await _reached_by(known, Channel.EMAIL) is None


async def test_an_older_snapshot_of_another_loan_takes_no_point_away(known: World) -> None:
    older = snapshot("L-2", at=NOON - timedelta(days=1), person="C-L-1", mobile=None, email=None)
    await known.delivery.accept([older])
    used = await _reached_by(known, Channel.SMS)
    assert used is not None
    assert Channel.SMS in used.consent


def _guaranteed_by(person: str, **said: Any) -> BankEvent:
    """A later snapshot of L-2 on which the person is the guarantor."""
    data: dict[str, Any] = {
        "lender": "demo-auto-finance",
        "region": "CN",
        "currency": "CNY",
        "zone": "Asia/Shanghai",
        "sequence": 1,
        "borrower": {"id": "C-L-2", "contact_points": []},
        "related_parties": [{"id": person, "role": "guarantor", **said}],
    }
    return event("L-2", "bank.loan.snapshot.v1", data, at=LATER)


@pytest.mark.parametrize(("said", "reached"), [({}, True), ({"contact_points": []}, False)])
async def test_a_related_party_whose_points_are_not_stated_at_all_keeps_them(
    known: World, said: dict[str, Any], reached: bool
) -> None:
    await known.delivery.accept([_guaranteed_by("C-L-1", **said)])
    assert (await _reached_by(known, Channel.SMS) is not None) is reached


async def test_a_withdrawal_counts_though_a_later_snapshot_that_says_nothing_of_points_came_before_it(
    known: World,
) -> None:
    await known.delivery.accept([_guaranteed_by("C-L-1")])
    await known.delivery.accept([snapshot("L-1", at=LATER - timedelta(minutes=1), sequence=5, consent=False)])
    used = await _reached_by(known, Channel.SMS)
    assert used is not None
    assert used.consent == frozenset()


async def test_a_vehicle_that_is_no_longer_named_is_not_located_on_the_old_consent(known: World) -> None:
    assert (await _gathered(known)).situation.locate_basis == "consent"
    await known.delivery.accept([snapshot("L-1", at=LATER, sequence=5, device=None)])
    assert (await _gathered(known)).situation.locate_basis is None
    row = await opened.vehicle_of(known, "L-1")
    assert row.pop("details")["plate"] == "沪A00000"
    assert set(row) == {"loan_id"}
