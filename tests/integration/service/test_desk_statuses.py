"""What the desk reports moves the same machine: known and in order, with its papers; all else is asked
about."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from functools import partial

from recourse.service import desk_statuses
from recourse.service.desk_statuses import Status
from tests.integration.conftest import World
from tests.integration.service.conftest import OpenCase, answered_by
from tests.integration.service.pursued import made, today

SUIT = {"statement_of_claim": "claim-1", "filing_receipt": "receipt-1"}
BECAME = "SELECT status, became FROM legal_status ORDER BY recorded_at, status_id"
ASKED = "SELECT kind, team, state FROM agent_task WHERE kind = 'check_legal_status'"


async def report(
    world: World,
    status: str,
    documents: dict[str, str] | None = None,
    *,
    key: str = "",
    at: datetime | None = None,
) -> None:
    reference = await world.scalar("SELECT reference FROM legal_action")
    async with world.services.database.reading() as tx:
        now = await world.services.database.now(tx)
    told = Status(reference, key or f"S-{secrets.token_hex(4)}", status, at or now, "desk-1", documents or {})
    await world.services.run(partial(desk_statuses.note_legal_status, told=told))


async def test_a_status_with_its_papers_is_a_move_of_the_desk(world: World, handed: OpenCase) -> None:
    await report(world, "received")
    await report(world, "filed", SUIT, key="S-1")
    await report(world, "judgment", {"judgment": "judgment-1"})
    moves = await world.rows("SELECT code, state, actor, status_id FROM legal_move ORDER BY number")
    assert [(m["code"], m["state"], m["actor"]) for m in moves] == [
        ("suit_filed", "suit_filed", "desk-1"),
        ("judgment", "judgment", "desk-1"),
    ]
    assert moves[0]["status_id"] == "S-1"
    assert [row["became"] for row in await world.rows(BECAME)] == ["noted", "moved", "moved"]
    assert await world.rows(ASKED) == []
    running = await world.rows("SELECT code, ends_on FROM legal_deadline")
    assert running == [{"code": "cn_appeal", "ends_on": await today(world) + timedelta(days=15)}]


async def test_unknown_out_of_order_and_without_papers_are_kept_and_asked_about_and_hold_up_nobody(
    world: World, handed: OpenCase
) -> None:
    await report(world, "moonlit")
    await report(world, "judgment", {"judgment": "judgment-1"})
    await report(world, "filed", {"filing_receipt": "receipt-1"})
    await report(world, "filed", SUIT)
    assert [row["became"] for row in await world.rows(BECAME)] == ["refused", "refused", "refused", "moved"]
    tasks = await world.rows(ASKED)
    assert [(task["team"], task["state"]) for task in tasks] == [("legal", "open")] * 3
    lines = await world.rows("SELECT code FROM step WHERE event = 'legal_status_refused' ORDER BY id")
    assert [line["code"] for line in lines] == ["unknown_move", "out_of_order", "documents_missing"]
    assert await world.scalar("SELECT count(*) FROM legal_move") == 1


async def test_a_repeated_status_is_one_move_and_one_question(world: World, handed: OpenCase) -> None:
    for _ in range(2):
        await report(world, "filed", SUIT, key="S-1")
        await report(world, "moonlit", key="S-2")
    assert await world.scalar("SELECT count(*) FROM legal_move") == 1
    assert len(await world.rows(ASKED)) == 1


async def test_a_person_records_what_the_desk_told_without_papers(world: World, handed: OpenCase) -> None:
    await report(world, "filed")
    task = await world.scalar("SELECT id FROM agent_task WHERE kind = 'check_legal_status'")
    row = await made(world, handed, "suit_filed", await today(world))
    assert (await answered_by(world, task, "legal-2", "legal", "done")).accepted
    assert row.actor == "legal-1"


async def test_what_the_desk_has_got_in_closes_the_case(world: World, handed: OpenCase) -> None:
    await report(world, "filed", SUIT)
    await report(world, "judgment", {"judgment": "judgment-1"})
    await report(world, "enforced")
    assert await world.scalar("SELECT closed_reason FROM collection_case") is None
    await report(world, "enforced", {"statement_of_proceeds": "account-1"})
    assert await world.scalar("SELECT closed_reason FROM collection_case") == "legal_concluded"
    told = "SELECT count(*) FROM step WHERE event = 'legal_status'"
    assert await world.scalar(told) == 4


async def test_a_desk_whose_clock_is_off_never_tells_of_a_day_before_its_file_or_to_come(
    world: World, handed: OpenCase
) -> None:
    await report(world, "filed", SUIT, at=datetime(2001, 1, 1, tzinfo=UTC))
    await report(world, "judgment", {"judgment": "judgment-1"}, at=datetime(2031, 1, 1, tzinfo=UTC))
    handed_on = (await world.scalar("SELECT at FROM legal_action") + timedelta(hours=8)).date()
    days = await world.rows('SELECT code, "on" FROM legal_move ORDER BY number')
    assert [day["on"] for day in days] == [handed_on, await today(world)]


async def test_what_an_older_release_took_for_an_end_stays_one(world: World, handed: OpenCase) -> None:
    """Its rows say nothing of what became of them."""
    await world.execute(
        "INSERT INTO legal_status (status_id, action_id, status, at) "
        "SELECT 'old-1', id, 'enforced', at FROM legal_action"
    )
    assert (await handed.decide()).kind == "close"
