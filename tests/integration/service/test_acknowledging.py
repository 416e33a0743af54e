"""A complaint is acknowledged in writing before it is answered, by the day of the law."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from recourse.domain.disputes import DisputeAnswer, DisputeKind, DisputeReason
from recourse.domain.ids import LoanId
from recourse.reading.disputes import listed
from recourse.service import acknowledging, disputing, orphaned_disputes
from recourse.service.acknowledging import Acknowledgement
from recourse.service.disputing import DisputeRuling, NewDispute
from recourse.service.noting import Pointless, Unknown
from recourse.storage.disputes import DisputeRow
from recourse.storage.dossier import dossier_document
from tests.events import payment, snapshot
from tests.integration.conftest import World
from tests.integration.service.conftest import NOON, OpenCase, answer, open_case

TASKS = (
    "SELECT kind, team, state, due_at, outcome FROM agent_task "
    "WHERE kind LIKE 'acknowledge%' ORDER BY opened_at, kind"
)
PLACE = ZoneInfo("America/New_York")
"""Where the lender of the test is; its borrower lives in London."""


@pytest.fixture
async def british(world: World) -> OpenCase:
    return await open_case(world, days=20, region="US", home="GB-LND")


async def complaint(world: World, kind: DisputeKind = DisputeKind.COMPLAINT) -> DisputeRow:
    new = NewDispute(LoanId("L-1"), DisputeReason.OTHER, "agent-1", request_id=f"r-{kind}", kind=kind)
    return (await world.services.run(partial(disputing.open_dispute, new=new)))[0]


async def acknowledged(world: World, key: str, request: str = "a-1", paper: str = "letter-7") -> DisputeRow:
    said = Acknowledgement(key, paper, "legal-1", request)
    return (await world.services.run(partial(acknowledging.acknowledge, said=said)))[0]


async def _answered(world: World, key: str) -> DisputeRow:
    ruling = DisputeRuling(key, DisputeAnswer.REJECTED, "letter-8", "lead-1", "q-1")
    return (await world.services.run(partial(disputing.answer_dispute, ruling=ruling)))[0]


async def _tasks(world: World) -> list[tuple[str, str, str]]:
    return [(row["kind"], row["team"], row["state"]) for row in await world.rows(TASKS)]


def _until(row: DisputeRow) -> datetime:
    assert row.told_until is not None
    return row.told_until


async def test_from_the_first_moment_somebody_has_it_to_acknowledge_by_the_day_of_the_law(
    world: World, british: OpenCase
) -> None:
    row = await complaint(world)
    came_in = row.opened_at.astimezone(PLACE).date()
    assert row.told_by == came_in + timedelta(days=5)
    assert (row.told_rule or "").endswith("uk_complaint_acknowledged")
    assert row.told_mark == "general_knowledge"
    [task] = await world.rows(TASKS)
    assert (task["kind"], task["team"], task["state"]) == ("acknowledge_dispute", "legal", "open")
    assert task["due_at"] == row.told_until
    await british.decide()
    assert len(await world.rows(TASKS)) == 1


async def test_what_no_law_wants_acknowledged_is_nobody_s_task(world: World, british: OpenCase) -> None:
    row = await complaint(world, DisputeKind.DEBT)
    assert (row.told_by, row.told_rule) == (None, None)
    assert await _tasks(world) == []


async def test_the_paper_ends_the_task_and_the_question_stays_open(world: World, british: OpenCase) -> None:
    row = await complaint(world)
    task = await world.scalar("SELECT id FROM agent_task WHERE kind = 'acknowledge_dispute'")
    values: dict[str, Any] = {"actor": "legal-1", "roles": ("legal",)}
    await answer(world, task, "claim", "c-1", **values)
    refused = (await answer(world, task, "complete", "c-2", outcome="done", **values)).receipt
    assert (refused.accepted, refused.code) == (False, "acknowledge_the_dispute")
    told = await acknowledged(world, row.id)
    assert (told.told_evidence, told.told_actor, told.answer) == ("letter-7", "legal-1", None)
    assert await _tasks(world) == [("acknowledge_dispute", "legal", "done")]
    open_ = "SELECT state FROM agent_task WHERE kind = 'answer_dispute'"
    assert await world.scalar(open_) == "open"
    [line] = await world.rows("SELECT actor FROM step WHERE event = 'dispute_acknowledged'")
    assert line["actor"] == "legal-1"
    async with world.services.database.reading() as tx:
        document = await dossier_document(tx, LoanId("L-1"))
    [kept] = document["contacts"]["disputes"]
    assert (kept["told_evidence"], kept["told_source"][:11]) == ("letter-7", "FCA DISP 1.")
    world.set_now(_until(row) + timedelta(hours=1))
    await british.decide()
    assert len(await world.rows(TASKS)) == 1


async def test_what_nobody_acknowledges_by_its_day_is_a_lead_s_and_late_on_record(
    world: World, british: OpenCase
) -> None:
    row = await complaint(world)
    world.set_now(_until(row) - timedelta(minutes=1))
    await british.decide()
    assert len(await _tasks(world)) == 1
    world.set_now(_until(row))
    await british.decide()
    assert await _tasks(world) == [
        ("acknowledge_dispute", "legal", "open"),
        ("acknowledgement_overdue", "lead", "open"),
    ]
    await acknowledged(world, row.id)
    assert {state for _, _, state in await _tasks(world)} == {"done"}
    [fact] = await world.rows("SELECT payload FROM fact WHERE kind = 'dispute_acknowledged'")
    assert fact["payload"]["late"] is True


async def test_an_answer_ends_what_was_still_to_be_acknowledged(world: World, british: OpenCase) -> None:
    row = await complaint(world)
    await _answered(world, row.id)
    assert await _tasks(world) == [("acknowledge_dispute", "legal", "done")]
    with pytest.raises(Pointless, match="answered already"):
        await acknowledged(world, row.id)


async def test_commands_that_come_twice_are_one_and_another_paper_is_refused(
    world: World, british: OpenCase
) -> None:
    row = await complaint(world)
    both = await asyncio.gather(*(acknowledged(world, row.id) for _ in range(2)))
    assert both[0] == both[1]
    assert await world.scalar("SELECT count(*) FROM step WHERE event = 'dispute_acknowledged'") == 1
    with pytest.raises(Pointless, match="acknowledged already"):
        await acknowledged(world, row.id, "a-2", "letter-9")
    with pytest.raises(Unknown, match="dispute"):
        await acknowledged(world, "dsp-none")


async def test_a_closed_case_leaves_it_to_somebody(world: World, british: OpenCase) -> None:
    row = await complaint(world)
    await world.delivery.accept([payment("L-1", at=NOON + timedelta(hours=1))])
    assert await _tasks(world) == [("acknowledge_dispute", "legal", "cancelled")]

    async def sweep() -> int:
        opened = 0
        for key, loan in await world.services.run(partial(orphaned_disputes.due, limit=100)):
            again = partial(orphaned_disputes.catch_up, dispute_id=key, loan_id=loan)
            opened += await world.services.run(again)
        return opened

    assert [await sweep(), await sweep()] == [2, 0]
    world.set_now(_until(row))
    assert [await sweep(), await sweep()] == [1, 0]
    await acknowledged(world, row.id)
    assert await sweep() == 0
    assert [state for _, _, state in await _tasks(world)] == ["cancelled", "done", "done"]


async def test_of_a_loan_that_never_had_a_case_the_list_is_the_queue(world: World, british: OpenCase) -> None:
    mine = await complaint(world)
    await world.delivery.accept([snapshot("L-9", at=NOON)])
    new = NewDispute(LoanId("L-9"), DisputeReason.OTHER, "agent-1", request_id="r-9")
    other = (await world.services.run(partial(disputing.open_dispute, new=new)))[0]
    async with world.services.database.reading() as tx:
        both = await listed(tx, other.opened_at, waiting=True, limit=9)
        queue = await listed(tx, other.opened_at, waiting=True, limit=9, without_case=True)
    assert {line["id"] for line in both} == {mine.id, other.id}
    assert [line["id"] for line in queue] == [other.id]
