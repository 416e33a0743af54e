"""A text that somebody sends back: STOP is obeyed for all on the number, any other is read by a person."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from activities.reminding import RemindingActivities
from recourse.contracts.messages import Nudge, StepCommand
from recourse.domain.ids import CaseId, LoanId
from recourse.domain.situation import Channel
from recourse.reading.cases import show
from recourse.service import replying
from recourse.service.replying import Reply, Taken
from recourse.storage.dossier import dossier_document
from tests.events import snapshot
from tests.fakes import FakeMessenger
from tests.integration.conftest import World
from tests.integration.service.conftest import NOON, answer, open_case

MOBILE = "8613800000001"
"""As an SMS centre writes the number of the snapshots."""


async def _reply(
    world: World, text: str, number: str = MOBILE, reference: str = ""
) -> tuple[Taken, tuple[Nudge, ...]]:
    reply = Reply(number, text, reference)
    return await world.services.run(partial(replying.take_reply, reply=reply))


async def _ceased(world: World) -> dict[str, list[str]]:
    rows = await world.rows("SELECT id, ceased FROM party WHERE cardinality(ceased) > 0 ORDER BY id")
    return {row["id"]: row["ceased"] for row in rows}


async def _contacts(world: World, loan: str = "L-1") -> list[dict[str, Any]]:
    async with world.services.database.reading() as tx:
        document = await dossier_document(tx, LoanId(loan))
    found: list[dict[str, Any]] = document["contacts"]["attempts"]
    return found


async def test_stop_ends_texts_to_everybody_on_the_number_at_once(world: World) -> None:
    one = await open_case(world, "L-1", email="one@example.com")
    two = await open_case(world, "L-2", email="two@example.com")
    other = await open_case(world, "L-3", mobile="+8613800000002")
    taken, nudges = await _reply(world, "STOP")
    assert taken is Taken.CEASED
    assert [nudge.case_id for nudge in nudges] == [one.id, two.id]
    assert await _ceased(world) == {"C-L-1": ["sms"], "C-L-2": ["sms"]}
    messenger = FakeMessenger()
    activities = RemindingActivities(world.services, {Channel.SMS: messenger})
    for case in (one, two, other):
        plan = await case.reach("sms_friendly")
        await activities.send_reminder(StepCommand(case.id, "sms_friendly", plan.number))
    assert [message.to for message in messenger.sent] == ["+8613800000002"]


@pytest.mark.parametrize("number", ["8613800000001", "+8613800000001", "13800000001", "013800000001"])
async def test_the_number_is_known_however_the_network_writes_it(world: World, number: str) -> None:
    await open_case(world)
    assert (await _reply(world, "STOP", number))[0] is Taken.CEASED
    assert await _ceased(world) == {"C-L-1": ["sms"]}


@pytest.mark.parametrize(
    "number", ["13800000002", "3800000001000", "1069", "", "ALERTS", "999986138000000010"]
)
async def test_another_number_is_nobodys(world: World, number: str) -> None:
    await open_case(world)
    assert await _reply(world, "STOP", number) == (Taken.NOBODY, ())
    assert await _ceased(world) == {}


async def test_a_number_that_the_bank_lists_no_more_still_speaks_for_who_had_it(world: World) -> None:
    await open_case(world)
    await world.delivery.accept(
        [snapshot("L-1", at=NOON + timedelta(days=1), sequence=9, mobile="+8613800000009")]
    )
    assert (await _reply(world, "STOP"))[0] is Taken.CEASED


async def test_a_text_delivered_again_is_taken_once(world: World) -> None:
    await open_case(world)
    for text in ("STOP", "please call me"):
        await asyncio.gather(*(_reply(world, text) for _ in range(3)))
    assert await world.scalar("SELECT count(*) FROM fact WHERE kind = 'cease'") == 1
    assert [contact["content"] for contact in await _contacts(world)] == ["STOP", "please call me"]
    assert await world.scalar("SELECT count(*) FROM step WHERE event = 'reply'") == 1
    assert await world.scalar("SELECT count(*) FROM agent_task") == 1


async def test_the_same_words_another_day_or_under_another_id_are_another_text(world: World) -> None:
    await open_case(world)
    await _reply(world, "call me")
    world.set_now(NOON + timedelta(days=1))
    await _reply(world, "call me")
    for reference in ("m-1", "m-1", "m-2"):
        await _reply(world, "call me", reference=reference)
    assert len(await _contacts(world)) == 4


async def test_it_stands_in_the_dossier_as_a_contact_that_took_no_slot(world: World) -> None:
    case = await open_case(world)
    before = await case.decide()
    await _reply(world, "I will pay on Friday")
    [contact] = await _contacts(world)
    shown = {name: contact[name] for name in ("channel", "inbound", "content", "person_id", "case_id")}
    assert shown == {
        "channel": "sms",
        "inbound": True,
        "content": "I will pay on Friday",
        "person_id": "C-L-1",
        "case_id": case.id,
    }
    assert (await case.decide()).due_at == before.due_at


async def test_any_other_text_is_given_to_a_lead_to_read_one_task_at_a_time(world: World) -> None:
    case = await open_case(world)
    for text in ("who is this", "hello?"):
        assert (await _reply(world, text))[0] is Taken.FOR_A_PERSON
    [task] = await world.rows("SELECT id, kind, team, state FROM agent_task")
    assert (task["kind"], task["team"], task["state"]) == ("read_reply", "lead", "open")
    async with world.services.database.reading() as tx:
        view = await show(tx, CaseId(case.id))
    assert view is not None
    replies = [line.code for line in view.diary if line.event == "reply"]
    assert replies == [contact["id"] for contact in await _contacts(world)]
    assert await _ceased(world) == {}


async def test_what_the_lead_reads_in_it_counts_for_who_sent_it(world: World) -> None:
    await open_case(world)
    await _reply(world, "no more of this, I mean it")
    task = await world.scalar("SELECT id FROM agent_task")
    lead = {"actor": "lead-1", "roles": ("lead",)}
    assert (await answer(world, task, "claim", "r-1", **lead)).receipt.accepted
    done = await answer(world, task, "complete", "r-2", outcome="no_contact", **lead)
    assert done.receipt.accepted
    assert await world.scalar("SELECT cardinality(ceased) FROM party WHERE id = 'C-L-1'") == 5
    await _reply(world, "and another thing")
    assert await world.scalar("SELECT count(*) FROM agent_task WHERE state = 'open'") == 1


async def test_a_text_without_an_open_case_is_kept_and_stop_still_counts(world: World) -> None:
    world.set_now(NOON)
    await world.delivery.accept([snapshot("L-1", at=NOON)])
    assert await _reply(world, "STOP") == (Taken.CEASED, ())
    assert await _ceased(world) == {"C-L-1": ["sms"]}
    assert [contact["content"] for contact in await _contacts(world)] == ["STOP"]


async def test_a_zero_byte_in_a_text_does_not_keep_it_out(world: World) -> None:
    await open_case(world)
    assert (await _reply(world, "STOP\0"))[0] is Taken.CEASED


async def test_neither_number_nor_words_stand_in_diary_facts_or_nudges(world: World) -> None:
    await open_case(world)
    told = [await _reply(world, text) for text in ("STOP it, 测试人", "my words")]
    rows = await world.rows(
        "SELECT row_to_json(s)::text AS row FROM step s WHERE event IN ('reply', 'cease')"
    )
    rows += await world.rows("SELECT row_to_json(f)::text AS row FROM fact f WHERE kind = 'cease'")
    everything = str(rows) + str(told)
    assert len(rows) == 3
    assert not [words for words in (MOBILE[2:], "测试人", "my words", "STOP") if words in everything]
    assert "测试人" not in repr(Reply(MOBILE, "测试人"))
