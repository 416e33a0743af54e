"""What the bank hears of holds: each change once, whoever or whatever brings it about, and what may go on."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from temporalio.testing import ActivityEnvironment

from activities.recalling import Recalls
from activities.sweeping import SweepingActivities
from recourse.domain.ids import LoanId, PersonId
from recourse.domain.situation import Action, AskedBy, HoldReason
from recourse.service import noting
from recourse.service.noting import HoldRequest, RequestReused
from tests.events import snapshot
from tests.fakes import FakeDesk
from tests.integration.conftest import World
from tests.integration.service.conftest import NOON, OpenCase, open_case

PERSON = PersonId("C-both")
HARDSHIP = ["call", "legal", "locate", "message", "recovery", "visit"]
"""What the Chinese pack lets a hardship stop, typed once more."""


async def _place(world: World, reason: HoldReason = HoldReason.HARDSHIP, **values: Any) -> noting.Placed:
    request = HoldRequest(reason, "agent-1", "letter-1", **{"loan_id": LoanId("L-1")} | values)
    return (await world.services.run(partial(noting.place_hold, request=request)))[0]


async def _lift(world: World, key: str) -> None:
    await world.services.run(partial(noting.lift_hold, key=key, actor="lead-1"))


async def _sweep(world: World) -> int:
    activities = SweepingActivities(world.delivery, Recalls(world.services, FakeDesk()))
    return (await ActivityEnvironment().run(activities.sweep)).holds


async def _told(world: World) -> list[tuple[str, dict[str, Any]]]:
    rows = await world.rows("SELECT type, data FROM outbox WHERE type LIKE 'recourse.hold.%' ORDER BY id")
    return [(row["type"].split(".")[2], row["data"]) for row in rows]


@pytest.fixture
async def case(world: World) -> OpenCase:
    return await open_case(world)


async def test_the_bank_is_told_with_the_hold_itself_what_stops_and_what_resumes(
    world: World, case: OpenCase
) -> None:
    placed = await _place(world)
    await _lift(world, placed.id)
    about = {"loan_id": "L-1", "episode": 1, "hold_id": placed.id, "reason": "hardship"}
    assert await _told(world) == [
        ("set", about | {"stops": HARDSHIP, "stopped": HARDSHIP, "until": None}),
        ("ended", about | {"code": "lifted", "resumes": HARDSHIP, "stopped": []}),
    ]
    assert await _sweep(world) == 0


async def test_who_places_it_may_stop_more_than_the_law_and_never_less(world: World, case: OpenCase) -> None:
    wider = await _place(world, stops=frozenset({Action.FEES, Action.BUREAU}))
    assert wider.stops == {*map(Action, HARDSHIP), Action.FEES, Action.BUREAU}
    await _lift(world, wider.id)
    narrower = await _place(world, stops=frozenset({Action.VISIT}))
    assert narrower.stops == set(map(Action, HARDSHIP))
    assert (await case.plan()).reason == "hold", "messages are stopped by the law, whatever was named"
    assert [data["stops"] for kind, data in await _told(world) if kind == "set"] == [
        sorted([*HARDSHIP, "fees", "bureau"]),
        HARDSHIP,
    ]


async def test_what_another_hold_stops_still_does_not_resume(world: World, case: OpenCase) -> None:
    dispute = await _place(world, HoldReason.DISPUTE)
    death = await _place(world, HoldReason.DEATH)
    await _lift(world, death.id)
    kind, data = (await _told(world))[-1]
    assert (kind, data["resumes"], data["stopped"]) == ("ended", ["fees"], sorted([*HARDSHIP, "bureau"]))
    await _lift(world, dispute.id)
    assert (await _told(world))[-1][1]["stopped"] == []
    assert [kind for kind, _ in await _told(world)] == ["set", "set", "ended", "ended"], "each once"


async def test_a_repeated_request_and_a_second_lifting_tell_nothing_more(
    world: World, case: OpenCase
) -> None:
    keys = await asyncio.gather(*(_place(world, request_id="r-1") for _ in range(4)))
    for _ in range(2):
        await _lift(world, keys[0].id)
    assert [kind for kind, _ in await _told(world)] == ["set", "ended"]


@pytest.mark.parametrize(
    "other",
    [
        {"source": "letter-2"},
        {"stops": frozenset({Action.FEES})},
        {"asked_by": AskedBy.COURT},
    ],
)
async def test_a_request_id_of_a_hold_with_another_scope_or_source_is_refused(
    world: World, case: OpenCase, other: dict[str, Any]
) -> None:
    await _place(world, request_id="r-1")
    source = other.pop("source", "letter-1")
    request = HoldRequest(
        HoldReason.HARDSHIP, "agent-1", source, loan_id=LoanId("L-1"), request_id="r-1", **other
    )
    with pytest.raises(RequestReused):
        await world.services.run(partial(noting.place_hold, request=request))
    assert len(await _told(world)) == 1


async def test_a_hold_that_ends_by_itself_is_told_by_the_sweep_once(world: World, case: OpenCase) -> None:
    until = NOON + timedelta(days=3)
    await _place(world, until=until)
    assert (await _told(world))[0][1]["until"] == until.isoformat()
    world.set_now(until - timedelta(hours=1))
    assert await _sweep(world) == 0
    world.set_now(until)
    assert [await _sweep(world), await _sweep(world)] == [1, 0]
    kind, data = (await _told(world))[-1]
    assert (kind, data["code"], data["resumes"]) == ("ended", "expired", HARDSHIP)


async def test_a_hold_on_a_person_is_told_of_each_of_his_loans_and_of_one_that_comes_later(
    world: World,
) -> None:
    for loan in ("L-1", "L-2"):
        await open_case(world, loan, person=PERSON)
    await _place(world, loan_id=None, person_id=PERSON)
    assert {data["loan_id"] for _, data in await _told(world)} == {"L-1", "L-2"}
    await world.delivery.accept([snapshot("L-3", at=NOON, person=PERSON)])
    kind, data = (await _told(world))[-1]
    assert (kind, data["loan_id"], data["episode"]) == ("set", "L-3", 0)
    assert len(await _told(world)) == 3


async def test_who_is_on_the_loan_no_more_takes_his_hold_with_him(world: World) -> None:
    await open_case(world, "L-1", person=PERSON)
    await _place(world, loan_id=None, person_id=PERSON)
    await world.delivery.accept([snapshot("L-1", at=NOON, person="C-other", sequence=9)])
    kind, data = (await _told(world))[-1]
    assert (kind, data["code"], data["stopped"]) == ("ended", "party_left", [])


async def test_another_law_tells_the_same_hold_again_with_its_new_scope(world: World) -> None:
    await open_case(world, "L-1", region="GB", home="GB", zone="Europe/London")
    placed = await _place(world)
    assert Action.FEES not in placed.stops
    # As if the pack of another day let it stop fees as well: the bank was told less than is in force.
    await world.execute("UPDATE hold_told SET stops = '{call}'")
    assert await _sweep(world) == 0, "it was looked at today"
    world.set_now(NOON + timedelta(days=1, minutes=1))
    assert [await _sweep(world), await _sweep(world)] == [1, 0]
    assert [data["stops"] for _, data in await _told(world)] == [HARDSHIP, HARDSHIP]


async def test_a_hold_from_before_the_bank_was_told_of_any_is_told_by_the_sweep(
    world: World, case: OpenCase
) -> None:
    await _place(world)
    await world.execute("DELETE FROM hold_told")
    await world.execute("DELETE FROM outbox WHERE type LIKE 'recourse.hold.%'")
    assert [await _sweep(world), await _sweep(world)] == [1, 0]
    assert [kind for kind, _ in await _told(world)] == ["set"]


async def test_where_the_law_is_not_known_everything_is_stopped(world: World) -> None:
    await open_case(world, "L-1", home="ZZ")
    assert (await _place(world)).stops == set(Action)


async def test_a_placing_that_fails_tells_nothing(world: World, case: OpenCase) -> None:
    with pytest.raises(noting.Pointless):
        await _place(world, until=NOON - timedelta(days=1))
    assert await _told(world) == []
    assert await world.scalar("SELECT count(*) FROM hold_told") == 0
