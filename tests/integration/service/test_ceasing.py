"""A cease request is in force when it is taken, stands once however often sent, and is never undone."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from activities.reminding import RemindingActivities
from recourse.contracts.messages import Nudge, StepCommand
from recourse.domain.ids import CaseId, ContactPointId, LoanId, PersonId
from recourse.domain.situation import Channel, PartyRole
from recourse.reading.cases import show
from recourse.service import ceasing
from recourse.service.ceasing import Ceased, CeaseRequest
from recourse.service.noting import RequestReused, Unknown
from recourse.storage.dossier import dossier_document
from tests.events import snapshot
from tests.fakes import FakeMessenger
from tests.integration.conftest import World
from tests.integration.service.conftest import NOON, OpenCase, open_case

PERSON = PersonId("C-both")
ASKED = CeaseRequest(frozenset({Channel.SMS}), "agent-1", "letter-7", person_id=PERSON)


async def _cease(world: World, **changes: Any) -> tuple[Ceased, tuple[Nudge, ...]]:
    if {"loan_id", "contact_point_id"} & changes.keys():
        changes.setdefault("person_id", None)
    request = replace(ASKED, **changes)
    return await world.services.run(partial(ceasing.cease, request=request))


async def _ceased(world: World) -> dict[str, list[str]]:
    rows = await world.rows("SELECT id, ceased FROM party WHERE cardinality(ceased) > 0 ORDER BY id")
    return {row["id"]: row["ceased"] for row in rows}


@pytest.fixture
async def both(world: World) -> tuple[OpenCase, OpenCase]:
    """Two open cases of one person."""
    first = await open_case(world, "L-1", person=PERSON)
    return first, await open_case(world, "L-2", person=PERSON)


async def test_no_reminder_of_any_loan_is_sent_any_more_though_no_workflow_was_told(
    world: World, both: tuple[OpenCase, OpenCase]
) -> None:
    plans, messenger = [await case.decide() for case in both], FakeMessenger()
    await _cease(world)
    activities = RemindingActivities(world.services, {Channel.SMS: messenger})
    world.set_now(max(plan.due_at or NOON for plan in plans))
    for case, plan in zip(both, plans, strict=True):
        result = await activities.send_reminder(StepCommand(case.id, "sms_friendly", plan.number))
        assert (result.outcome, result.plan.step_id) == ("refused", "email_friendly")
    assert messenger.sent == []
    refused = await world.rows("SELECT code FROM step WHERE event = 'outcome'")
    assert refused == [{"code": "ceased"}] * 2


async def test_every_case_of_the_person_is_decided_anew_and_told(
    world: World, both: tuple[OpenCase, OpenCase]
) -> None:
    world.runs.down = True
    ceased, nudges = await _cease(world)
    assert ceased.people == (PERSON,)
    assert [(nudge.case_id, nudge.kinds) for nudge in nudges] == [
        ("case-L-1-1", ("cease",)),
        ("case-L-2-1", ("cease",)),
    ]
    fact = await world.scalar("SELECT id FROM fact WHERE kind = 'cease'")
    assert {(nudge.highest_fact, nudge.plan and nudge.plan.facts_seen) for nudge in nudges} == {(fact, fact)}


@pytest.mark.parametrize("first", ["reminder", "cease"])
async def test_it_and_a_reminder_at_the_same_moment_never_end_with_a_later_claim(
    world: World, first: str
) -> None:
    case, messenger = await open_case(world, person=PERSON), FakeMessenger()
    plan = await case.reach("sms_friendly")
    activities = RemindingActivities(world.services, {Channel.SMS: messenger})
    command = StepCommand(case.id, "sms_friendly", plan.number)
    works = [activities.send_reminder(command), _cease(world)]
    if first == "cease":
        works.reverse()
    async with world.busy("party", PERSON):
        running = [asyncio.create_task(works[0])]
        await world.waiting(1)
        running.append(asyncio.create_task(works[1]))
        await world.waiting(2)
    await asyncio.gather(*running)
    rows = await world.rows("SELECT event FROM step WHERE event IN ('claimed', 'cease') ORDER BY id")
    wanted = ["claimed", "cease"] if first == "reminder" else ["cease"]
    assert [row["event"] for row in rows] == wanted
    assert len(messenger.sent) == wanted.count("claimed")


async def test_the_same_request_repeated_is_one_request(
    world: World, both: tuple[OpenCase, OpenCase]
) -> None:
    answers = [await _cease(world, request_id="r-1") for _ in range(2)]
    assert answers[0][0] == answers[1][0]
    assert {n.case_id for n in answers[1][1]} == {n.case_id for n in answers[0][1]}
    assert await world.scalar("SELECT count(*) FROM fact WHERE kind = 'cease'") == 1


async def test_the_same_request_from_several_callers_at_once_is_one_request(
    world: World, both: tuple[OpenCase, OpenCase]
) -> None:
    await asyncio.gather(*(_cease(world, request_id="r-1") for _ in range(5)))
    assert await world.scalar("SELECT count(*) FROM fact WHERE kind = 'cease'") == 1


@pytest.mark.parametrize(
    "changes",
    [{"loan_id": LoanId("L-1")}, {"channels": frozenset({Channel.CALL})}, {"source": "letter-8"}],
)
async def test_a_request_id_used_for_another_request_is_refused(
    world: World, both: tuple[OpenCase, OpenCase], changes: dict[str, Any]
) -> None:
    await _cease(world, request_id="r-1")
    with pytest.raises(RequestReused):
        await _cease(world, request_id="r-1", **changes)
    assert await _ceased(world) == {PERSON: ["sms"]}


async def test_channels_add_up_and_no_later_snapshot_brings_one_back(
    world: World, both: tuple[OpenCase, OpenCase]
) -> None:
    await _cease(world)
    await _cease(world, channels=frozenset({Channel.CALL}))
    await world.delivery.accept([snapshot("L-1", at=NOON + timedelta(days=1), sequence=9, person=PERSON)])
    assert await _ceased(world) == {PERSON: ["call", "sms"]}


async def test_a_loan_stands_for_who_is_on_it_in_that_role(world: World) -> None:
    await open_case(world, "L-1", person=PERSON)
    await open_case(world, "L-2")
    ceased, _ = await _cease(world, loan_id=LoanId("L-1"))
    assert (ceased.people, await _ceased(world)) == ((PERSON,), {PERSON: ["sms"]})
    with pytest.raises(Unknown, match="loan"):
        await _cease(world, loan_id=LoanId("L-1"), party=PartyRole.GUARANTOR)


async def test_a_contact_point_stands_for_everybody_who_is_reached_there(world: World) -> None:
    """Two people, one mobile, mailboxes of their own."""
    await open_case(world, "L-1", email="one@example.com")
    await open_case(world, "L-2", email="two@example.com")
    point = await world.scalar("SELECT id FROM contact_point WHERE kind = 'mobile'")
    ceased, nudges = await _cease(world, contact_point_id=ContactPointId(point))
    assert ceased.people == ("C-L-1", "C-L-2")
    assert {nudge.case_id for nudge in nudges} == {"case-L-1-1", "case-L-2-1"}
    assert await _ceased(world) == {"C-L-1": ["sms"], "C-L-2": ["sms"]}


async def test_what_there_is_none_of_is_refused_and_writes_nothing(world: World) -> None:
    for changes in (
        {"person_id": PersonId("C-nobody")},
        {"loan_id": LoanId("L-nobody")},
        {"contact_point_id": ContactPointId("cp-nobody")},
    ):
        with pytest.raises(Unknown):
            await _cease(world, **changes)
    assert await world.scalar("SELECT count(*) FROM fact") == 0


async def test_case_and_dossier_show_who_asked_for_what_and_where_it_can_be_read(
    world: World, both: tuple[OpenCase, OpenCase]
) -> None:
    await _cease(world)
    async with world.services.database.reading() as tx:
        view = await show(tx, CaseId(both[1].id))
        document = await dossier_document(tx, LoanId("L-2"))
    assert view is not None
    expected = {"person_id": PERSON, "channels": ["sms"], "by": "agent-1", "source": "letter-7"}
    for [told] in (view.ceases, document["contacts"]["ceases"]):
        assert told.items() >= expected.items()
    [line] = [line for line in view.diary if line.event == "cease"]
    assert (line.code, line.actor) == ("sms", "agent-1")
