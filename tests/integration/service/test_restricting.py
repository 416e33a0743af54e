"""What a person tells us is in force when it is taken, stands once, and can be withdrawn."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import time, timedelta
from functools import partial
from typing import Any

import pytest

from activities.reminding import RemindingActivities
from recourse.contracts.messages import Nudge, StepCommand
from recourse.domain.ids import CaseId, ContactPointId, LoanId, PersonId
from recourse.domain.restrictions import InconvenientPlace, InconvenientTime, Represented, Whereabouts
from recourse.domain.situation import Channel
from recourse.reading.cases import show
from recourse.service import restricting
from recourse.service.noting import Pointless, RequestReused, Unknown
from recourse.service.restricting import RestrictionRequest
from recourse.storage.dossier import dossier_document
from recourse.storage.restrictions import RestrictionRow
from tests.events import snapshot
from tests.fakes import FakeMessenger
from tests.integration.conftest import World
from tests.integration.service.conftest import NOON, OpenCase, open_case

PERSON = PersonId("C-both")
EVERY_DAY = frozenset(range(1, 8))
AFTERNOONS = InconvenientTime(EVERY_DAY, time(8), time(18))
ASKED = RestrictionRequest(PERSON, AFTERNOONS, "agent-1", "letter-7")


async def _restrict(world: World, **changes: Any) -> tuple[RestrictionRow, tuple[Nudge, ...]]:
    return await world.services.run(partial(restricting.restrict, request=replace(ASKED, **changes)))


async def _withdraw(world: World, restriction: str, **changes: Any) -> tuple[Nudge, ...]:
    given = {"key": restriction, "actor": "lead-1", "source": "letter-8"} | changes
    return (await world.services.run(partial(restricting.withdraw, **given)))[1]


@pytest.fixture
async def both(world: World) -> tuple[OpenCase, OpenCase]:
    """Two open cases of one person."""
    first = await open_case(world, "L-1", person=PERSON)
    return first, await open_case(world, "L-2", person=PERSON)


async def test_every_case_of_the_person_is_planned_outside_a_time_that_she_named(
    world: World, both: tuple[OpenCase, OpenCase]
) -> None:
    _, nudges = await _restrict(world)
    assert [(nudge.case_id, nudge.kinds) for nudge in nudges] == [
        ("case-L-1-1", ("restricted",)),
        ("case-L-2-1", ("restricted",)),
    ]
    for case in both:
        due = (await case.decide()).due_at
        assert due is not None
        local = due + timedelta(hours=8)  # Shanghai
        assert time(18) <= local.time() < time(22)


async def test_a_reminder_that_is_due_is_not_sent_though_no_workflow_was_told(
    world: World, both: tuple[OpenCase, OpenCase]
) -> None:
    plans, messenger = [await case.decide() for case in both], FakeMessenger()
    await _restrict(world, what=Represented())
    activities = RemindingActivities(world.services, {Channel.SMS: messenger, Channel.EMAIL: messenger})
    world.set_now(max(plan.due_at or NOON for plan in plans))
    for case, plan in zip(both, plans, strict=True):
        await activities.send_reminder(StepCommand(case.id, "sms_friendly", plan.number))
    assert messenger.sent == []
    refused = await world.rows("SELECT code FROM step WHERE event = 'outcome'")
    assert refused == [{"code": "represented"}] * 2


async def test_it_and_a_reminder_at_the_same_moment_never_end_with_a_later_claim(world: World) -> None:
    case, messenger = await open_case(world, person=PERSON), FakeMessenger()
    plan = await case.reach("sms_friendly")
    activities = RemindingActivities(world.services, {Channel.SMS: messenger})
    command = StepCommand(case.id, "sms_friendly", plan.number)
    async with world.busy("party", PERSON):
        first = asyncio.create_task(_restrict(world, what=Represented()))
        await world.waiting(1)
        second = asyncio.create_task(activities.send_reminder(command))
        await world.waiting(2)
    await asyncio.gather(first, second)
    assert messenger.sent == []
    assert await world.scalar("SELECT count(*) FROM contact_attempt") == 0


async def test_a_place_of_work_that_the_bank_names_is_contacted_no_more(
    world: World, both: tuple[OpenCase, OpenCase]
) -> None:
    await world.execute("UPDATE person_contact_point SET whereabouts = 'work'")
    await _restrict(world, what=InconvenientPlace(whereabouts=Whereabouts.WORK))
    plan, messenger = await both[0].decide(), FakeMessenger()
    world.set_now(plan.due_at or NOON)
    activities = RemindingActivities(world.services, {Channel.SMS: messenger})
    result = await activities.send_reminder(StepCommand(both[0].id, "sms_friendly", plan.number))
    assert (result.outcome, result.code, messenger.sent) == ("refused", "inconvenient_place", [])


async def test_a_snapshot_that_does_not_say_what_a_number_is_does_not_unsay_it(
    world: World, both: tuple[OpenCase, OpenCase]
) -> None:
    await world.execute("UPDATE person_contact_point SET whereabouts = 'work'")
    world.set_now(NOON + timedelta(hours=1))
    at = NOON + timedelta(hours=1)
    await world.delivery.accept([snapshot("L-1", at=at, sequence=7, person=PERSON)])
    numbers = "JOIN contact_point p ON p.id = contact_point_id WHERE p.kind = 'mobile'"
    assert await world.rows(f"SELECT DISTINCT whereabouts FROM person_contact_point {numbers}") == [
        {"whereabouts": "work"}
    ]


async def test_withdrawn_it_binds_no_more_and_twice_is_harmless(
    world: World, both: tuple[OpenCase, OpenCase]
) -> None:
    before = [(await case.decide()).due_at for case in both]
    row, _ = await _restrict(world)
    await _withdraw(world, row.id)
    await _withdraw(world, row.id, source="letter-9")
    assert [(await case.decide()).due_at for case in both] == before
    assert await world.rows("SELECT withdrawn_by, withdrawn_source FROM restriction") == [
        {"withdrawn_by": "lead-1", "withdrawn_source": "letter-8"}
    ]
    assert await world.scalar("SELECT count(*) FROM fact WHERE kind = 'unrestricted'") == 1


async def test_the_same_request_from_several_callers_at_once_is_one(
    world: World, both: tuple[OpenCase, OpenCase]
) -> None:
    answers = await asyncio.gather(*(_restrict(world, request_id="r-1") for _ in range(5)))
    assert len({row.id for row, _ in answers}) == 1
    assert await world.scalar("SELECT count(*) FROM fact WHERE kind = 'restricted'") == 1


@pytest.mark.parametrize(
    "changes", [{"what": Represented()}, {"source": "letter-9"}, {"person_id": PersonId("C-L-3")}]
)
async def test_a_request_id_used_for_another_restriction_is_refused(
    world: World, both: tuple[OpenCase, OpenCase], changes: dict[str, Any]
) -> None:
    await open_case(world, "L-3")
    await _restrict(world, request_id="r-1")
    with pytest.raises(RequestReused):
        await _restrict(world, request_id="r-1", **changes)
    assert await world.scalar("SELECT count(*) FROM restriction") == 1


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"person_id": PersonId("C-nobody")}, Unknown),
        ({"what": InconvenientPlace(ContactPointId("cp-nobody"))}, Unknown),
        ({"what": InconvenientPlace()}, Pointless),
        ({"what": InconvenientPlace(ContactPointId("cp"), Whereabouts.WORK)}, Pointless),
        ({"what": Represented(PersonId("C-nobody"))}, Unknown),
        ({"what": Represented(PERSON)}, Pointless),
        ({"what": InconvenientTime(frozenset(), time(8), time(9))}, Pointless),
        ({"what": InconvenientTime(frozenset({8}), time(8), time(9))}, Pointless),
        ({"what": InconvenientTime(EVERY_DAY, time(8), time(8))}, Pointless),
    ],
)
async def test_what_cannot_be_meant_is_refused_and_writes_nothing(
    world: World, both: tuple[OpenCase, OpenCase], changes: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        await _restrict(world, **changes)
    assert await world.scalar("SELECT count(*) FROM restriction") == 0


async def test_times_that_together_leave_no_minute_are_a_cease_request(
    world: World, both: tuple[OpenCase, OpenCase]
) -> None:
    await _restrict(world)
    with pytest.raises(Pointless, match="cease"):
        await _restrict(world, what=InconvenientTime(EVERY_DAY, time(18), time(8)))


async def test_nobody_withdraws_what_another_person_said(
    world: World, both: tuple[OpenCase, OpenCase]
) -> None:
    row, _ = await _restrict(world)
    for wrong in ({"key": "restriction-of-nobody"}, {"person_id": PersonId("C-other")}):
        with pytest.raises(Unknown):
            await _withdraw(world, row.id, **wrong)


async def test_case_and_dossier_show_who_said_what_and_where_it_can_be_read(
    world: World, both: tuple[OpenCase, OpenCase]
) -> None:
    row, _ = await _restrict(world)
    async with world.services.database.reading() as tx:
        view = await show(tx, CaseId(both[1].id))
        document = await dossier_document(tx, LoanId("L-2"))
    assert view is not None
    [told] = view.restrictions
    assert told.items() >= {"person_id": PERSON, "by": "agent-1", "source": "letter-7", "to": "18:00"}.items()
    [kept] = document["contacts"]["restrictions"]
    assert kept.items() >= {"id": row.id, "source": "letter-7", "begins": "08:00:00"}.items()
    [line] = [line for line in view.diary if line.event == "restricted"]
    assert (line.code, line.actor) == ("inconvenient_time", "agent-1")
