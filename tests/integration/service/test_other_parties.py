"""A step may address somebody else than the borrower: the call goes to him, and what he says is about him."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from recourse.delivery import Delivery
from recourse.domain.situation import PartyRole
from tests import opened
from tests.events import event, overdue
from tests.integration.conftest import World
from tests.integration.service.conftest import NOON, OpenCase, answer, open_task

GUARANTOR, HIS_MOBILE = "C-guarantor", "+8613800000077"


def _calling_the_guarantor(world: World) -> None:
    """The shipped ladder, whose screening call is for the guarantor."""
    book = world.services.book
    strategies = {
        name: replace(
            ladder,
            steps=tuple(
                replace(s, party=PartyRole.GUARANTOR) if s.id == "screening" else s for s in ladder.steps
            ),
        )
        for name, ladder in book.strategies.items()
    }
    world.services = replace(world.services, book=replace(book, strategies=strategies))
    world.delivery = Delivery(world.services, world.runs)


async def _open_call(world: World, related: list[dict[str, Any]]) -> str:
    _calling_the_guarantor(world)
    world.set_now(NOON)
    data = {
        "lender": "demo-auto-finance",
        "region": "CN",
        "currency": "CNY",
        "zone": "Asia/Shanghai",
        "sequence": 1,
        "borrower": {"id": "C-L-1", "contact_points": [_mobile("+8613800000001")]},
        "related_parties": related,
    }
    await world.delivery.accept(
        [event("L-1", "bank.loan.snapshot.v1", data, at=NOON), overdue("L-1", at=NOON, days=12)]
    )
    case = OpenCase(world, "case-L-1-1")
    world.set_now((await case.decide()).due_at or pytest.fail("no due"))
    return await open_task(world, case, "screening")


def _mobile(number: str) -> dict[str, Any]:
    return {"kind": "mobile", "value": number, "consent": ["call", "sms"]}


@pytest.fixture
async def task(world: World) -> str:
    guarantor = {"id": GUARANTOR, "role": "guarantor", "contact_points": [_mobile(HIS_MOBILE)]}
    return await _open_call(world, [guarantor])


async def test_a_call_for_the_guarantor_takes_his_slot_on_his_phone(world: World, task: str) -> None:
    assert (await answer(world, task, "claim", "r1")).receipt.accepted
    [made] = await opened.contacts(world)
    assert made["person_id"] == GUARANTOR
    assert await opened.value_of(world, made["contact_point_id"]) == HIS_MOBILE


async def test_what_the_guarantor_asks_for_is_noted_for_him_and_not_for_the_borrower(
    world: World, task: str
) -> None:
    await answer(world, task, "claim", "r1")
    assert (await answer(world, task, "complete", "r2", outcome="no_contact")).receipt.accepted
    ceased = await world.rows("SELECT id FROM party WHERE cardinality(ceased) = 5")
    assert ceased == [{"id": GUARANTOR}]


async def test_a_hold_that_the_guarantor_gives_rise_to_is_on_him(world: World, task: str) -> None:
    await answer(world, task, "claim", "r1")
    await answer(world, task, "complete", "r2", outcome="hardship")
    assert await world.rows("SELECT person_id FROM hold") == [{"person_id": GUARANTOR}]


async def test_without_a_guarantor_nobody_is_called_in_his_place(world: World) -> None:
    task = await _open_call(world, [])
    refused = await answer(world, task, "claim", "r1")
    assert refused.receipt.code == "no_contact_point"
    assert await world.scalar("SELECT count(*) FROM contact_attempt") == 0
