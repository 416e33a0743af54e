"""Facts become rows, cases and nudges in one transaction; repeats and disorder change nothing."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest

from recourse.contracts.events import parse_line, to_line
from recourse.storage.codec import plan_from_json
from tests import opened
from tests.events import arrears, overdue, payment, reversal, snapshot
from tests.integration.conftest import World

NOON = datetime(2026, 11, 6, 4, 0, tzinfo=UTC)
"""Twelve o'clock in Shanghai, a Friday."""


async def test_an_overdue_event_opens_one_case_and_nudges_it(world: World) -> None:
    world.set_now(NOON)
    acceptance = await world.delivery.accept([snapshot("L-1", at=NOON), overdue("L-1", at=NOON)])
    assert [n.case_id for n in acceptance.nudges] == ["case-L-1-1"]
    case = (await world.rows("SELECT * FROM collection_case"))[0]
    assert (case["episode"], case["stage"], case["dpd"], case["closed_at"]) == (1, "reminder", 1, None)
    outbox = await world.rows("SELECT type, data FROM outbox")
    assert outbox[0]["type"] == "recourse.case.opened.v1"


async def test_the_same_events_again_write_nothing_and_ask_for_the_undelivered_nudge(world: World) -> None:
    world.set_now(NOON)
    events = [snapshot("L-1", at=NOON), overdue("L-1", at=NOON)]
    first = await world.delivery.accept(events)
    again = await world.delivery.accept(events)
    assert {n.case_id for n in again.nudges} == {n.case_id for n in first.nudges}
    assert await world.scalar("SELECT count(*) FROM fact") == 2
    await world.delivery.mark_delivered(again.nudges)
    assert (await world.delivery.accept(events)).nudges == ()


async def test_a_payment_never_opens_a_case(world: World) -> None:
    world.set_now(NOON)
    acceptance = await world.delivery.accept([snapshot("L-1", at=NOON), payment("L-1", at=NOON)])
    assert acceptance.nudges == ()
    assert await world.scalar("SELECT count(*) FROM collection_case") == 0
    assert await world.scalar("SELECT disposition FROM fact WHERE kind = 'payment'") == "no_open_case"


async def test_a_full_cure_closes_the_case_in_its_own_transaction(world: World) -> None:
    world.set_now(NOON)
    await world.delivery.accept([snapshot("L-1", at=NOON), overdue("L-1", at=NOON)])
    acceptance = await world.delivery.accept([payment("L-1", at=NOON + timedelta(hours=1))])
    assert [n.kinds for n in acceptance.nudges] == [("payment",)]
    case = (await world.rows("SELECT stage, closed_reason FROM collection_case"))[0]
    assert case == {"stage": "closed", "closed_reason": "cured"}


async def test_a_new_overdue_event_after_a_cure_opens_the_next_episode(world: World) -> None:
    world.set_now(NOON)
    later = NOON + timedelta(hours=2)
    await world.delivery.accept([overdue("L-1", at=NOON), payment("L-1", at=NOON + timedelta(hours=1))])
    acceptance = await world.delivery.accept([overdue("L-1", at=later, sequence=4)])
    assert "case-L-1-2" in {n.case_id for n in acceptance.nudges}
    rows = await world.rows("SELECT episode, closed_at IS NULL AS open FROM collection_case ORDER BY episode")
    assert rows == [{"episode": 1, "open": False}, {"episode": 2, "open": True}]


async def test_an_overdue_event_that_comes_after_a_later_payment_opens_nothing(
    world: World,
) -> None:
    world.set_now(NOON)
    await world.delivery.accept([payment("L-1", at=NOON, sequence=3)])
    acceptance = await world.delivery.accept([overdue("L-1", at=NOON - timedelta(hours=3), sequence=2)])
    assert acceptance.nudges == ()
    assert await world.scalar("SELECT count(*) FROM collection_case") == 0
    assert await world.scalar("SELECT disposition FROM fact WHERE kind = 'overdue'") == "nothing_overdue"


async def test_a_reversed_payment_keeps_the_case_open_with_the_old_amount(world: World) -> None:
    world.set_now(NOON)
    part = payment("L-1", at=NOON, amount=100000, cured=False, sequence=3)
    await world.delivery.accept([overdue("L-1", at=NOON - timedelta(days=1), days=3), part])
    assert await world.scalar("SELECT unpaid_minor FROM loan") == 252017
    await world.delivery.accept([reversal("L-1", at=NOON + timedelta(hours=1))])
    assert await world.scalar("SELECT unpaid_minor FROM loan") == 352017
    assert await world.scalar("SELECT reversed FROM payment") is True


async def test_an_overdue_event_may_come_before_the_snapshot(world: World) -> None:
    world.set_now(NOON)
    acceptance = await world.delivery.accept([overdue("L-1", at=NOON)])
    assert len(acceptance.nudges) == 1
    await world.delivery.accept([snapshot("L-1", at=NOON, sequence=1)])
    assert await world.scalar("SELECT count(*) FROM loan_party") == 1


async def test_an_event_of_an_unknown_source_is_refused_and_its_neighbour_accepted(world: World) -> None:
    world.set_now(NOON)
    stranger = overdue("L-X", at=NOON)
    object.__setattr__(stranger, "source", "/nobody")
    acceptance = await world.delivery.accept([stranger, overdue("L-1", at=NOON)])
    assert list(acceptance.refused) == [stranger.event_id]
    assert "RECOURSE_LENDERS" in acceptance.refused[stranger.event_id]
    assert [n.case_id for n in acceptance.nudges] == ["case-L-1-1"]


async def test_a_payment_in_another_currency_is_refused(world: World) -> None:
    world.set_now(NOON)
    await world.delivery.accept([overdue("L-1", at=NOON)])
    odd = payment("L-1", at=NOON, currency="USD")
    acceptance = await world.delivery.accept([odd])
    assert acceptance.refused[odd.event_id].startswith("currency")
    assert await world.scalar("SELECT closed_at IS NULL FROM collection_case")


async def test_an_older_snapshot_does_not_replace_a_newer_one(world: World) -> None:
    world.set_now(NOON)
    newer = snapshot("L-1", at=NOON, sequence=9, name="新")
    older = snapshot("L-1", at=NOON - timedelta(days=3), sequence=5, name="旧")
    await world.delivery.accept([newer])
    await world.delivery.accept([older])
    assert await opened.name_of(world, "C-L-1") == "新"
    dispositions = await world.rows("SELECT disposition FROM fact ORDER BY id")
    assert dispositions == [{"disposition": "applied"}, {"disposition": "superseded"}]


async def test_two_consumers_with_the_same_events_open_one_case(world: World) -> None:
    world.set_now(NOON)
    for number in range(10):
        events = [snapshot(f"L-{number}", at=NOON), overdue(f"L-{number}", at=NOON)]
        await asyncio.gather(*(world.delivery.accept(events) for _ in range(4)))
    assert await world.scalar("SELECT count(*) FROM collection_case") == 10
    assert await world.scalar("SELECT count(*) FROM fact") == 20


async def test_a_partial_payment_with_a_statement_moves_the_oldest_due_date(world: World) -> None:
    world.set_now(NOON)
    await world.delivery.accept([overdue("L-1", at=NOON, days=40)])
    left = arrears((8, NOON.date() - timedelta(days=9), 352017))
    await world.delivery.accept([payment("L-1", at=NOON, cured=False, left=left)])
    assert await world.scalar("SELECT oldest_due FROM loan") == NOON.date() - timedelta(days=9)
    installments = await world.rows("SELECT number, unpaid_minor FROM installment ORDER BY number")
    assert installments == [{"number": 7, "unpaid_minor": 0}, {"number": 8, "unpaid_minor": 352017}]


async def test_two_people_on_one_phone_share_the_contact_point(world: World) -> None:
    world.set_now(NOON)
    await world.delivery.accept(
        [
            snapshot("L-1", at=NOON, person="C-A", mobile="+8613800000009", email=None),
            snapshot("L-2", at=NOON, person="C-B", mobile="+8613800000009", email=None),
        ]
    )
    owners = await world.rows(
        "SELECT o.person_id FROM contact_point p JOIN person_contact_point o ON o.contact_point_id = p.id "
        "WHERE p.kind = 'mobile' ORDER BY 1"
    )
    assert [row["person_id"] for row in owners] == ["C-A", "C-B"]
    assert await world.scalar("SELECT count(*) FROM contact_point WHERE kind = 'mobile'") == 1


async def test_the_newest_of_two_snapshots_in_one_batch_wins(world: World) -> None:
    world.set_now(NOON)
    newer = snapshot("L-1", at=NOON, sequence=9, name="新")
    older = snapshot("L-1", at=NOON - timedelta(days=3), sequence=5, name="旧")
    await world.delivery.accept([newer, older])
    assert await opened.name_of(world, "C-L-1") == "新"


async def test_an_address_of_the_snapshot_is_where_a_visit_may_go(world: World) -> None:
    """The bank lists addresses apart from contact points; one listed twice is one point."""
    world.set_now(NOON)
    master = snapshot("L-1", at=NOON)
    borrower = master.raw["borrower"]
    borrower["addresses"] = [{"kind": "home", "text": "示例路 1 号", "region": "CN-31"}, {"kind": "work"}]
    line = json.loads(to_line(master))
    line["data"]["borrower"] = borrower
    await world.delivery.accept([parse_line(json.dumps(line))])
    points = [p["value"] for p in await opened.contact_points(world) if p["kind"] == "address"]
    assert points == ["示例路 1 号"]


async def test_what_was_taken_is_decided_in_the_same_transaction_and_the_nudge_brings_the_plan(
    world: World,
) -> None:
    world.set_now(NOON)
    [nudge] = (await world.delivery.accept([snapshot("L-1", at=NOON), overdue("L-1", at=NOON)])).nudges
    [case] = await world.rows("SELECT decision, plan, facts_due FROM collection_case")
    assert nudge.plan is not None
    assert nudge.plan == plan_from_json(case["plan"])
    assert (nudge.plan.number, nudge.plan.step_id) == (1, "sms_friendly")
    assert nudge.plan.facts_seen == nudge.highest_fact == case["facts_due"]
    assert await world.scalar("SELECT count(*) FROM step WHERE event = 'planned'") == 1


async def test_facts_of_several_batches_about_one_loan_are_decided_as_one_plan(world: World) -> None:
    world.set_now(NOON)
    await world.delivery.accept([snapshot("L-1", at=NOON), overdue("L-1", at=NOON)])
    [again] = (await world.delivery.accept([overdue("L-1", at=NOON, sequence=9)])).nudges
    assert again.plan is not None
    assert (again.plan.number, again.plan.facts_seen) == (1, again.highest_fact)
    assert await world.scalar("SELECT count(*) FROM step WHERE event = 'planned'") == 1


async def test_a_nudge_brings_no_plan_that_has_not_seen_its_facts(world: World) -> None:
    world.set_now(NOON)
    events = [snapshot("L-1", at=NOON), overdue("L-1", at=NOON)]
    await world.delivery.accept(events)
    await world.execute("UPDATE collection_case SET facts_due = facts_due + 1")
    [nudge] = (await world.delivery.accept(events)).nudges
    assert nudge.plan is None


async def test_an_episode_may_end_and_the_next_begin_in_one_batch(world: World) -> None:
    world.set_now(NOON)
    later = NOON + timedelta(hours=1)
    await world.delivery.accept(
        [
            overdue("L-1", at=NOON, sequence=2),
            payment("L-1", at=NOON, sequence=3),
            overdue("L-1", at=later, sequence=4),
            payment("L-1", at=later, sequence=5, payment_id="P-2"),
        ]
    )
    rows = await world.rows("SELECT episode, closed_reason FROM collection_case ORDER BY episode")
    assert rows == [{"episode": 1, "closed_reason": "cured"}, {"episode": 2, "closed_reason": "cured"}]
    closed = await world.rows("SELECT type FROM outbox ORDER BY id")
    assert [row["type"] for row in closed] == ["recourse.case.opened.v1", "recourse.case.closed.v1"] * 2


async def test_a_case_whose_strategy_is_gone_keeps_its_facts_and_holds_up_nobody(world: World) -> None:
    world.set_now(NOON)
    await world.delivery.accept([overdue("L-1", at=NOON), overdue("L-2", at=NOON)])
    await world.execute("UPDATE collection_case SET strategy = 'cn_auto@1999' WHERE loan_id = 'L-1'")
    nudges = (await world.delivery.accept([payment("L-1", at=NOON), payment("L-2", at=NOON)])).nudges
    assert {nudge.case_id: nudge.plan is not None for nudge in nudges} == {
        "case-L-1-1": False,
        "case-L-2-1": True,
    }
    assert await world.scalar("SELECT count(*) FROM fact WHERE kind = 'payment'") == 2
    rows = await world.rows("SELECT loan_id, closed_reason FROM collection_case ORDER BY loan_id")
    assert [row["closed_reason"] for row in rows] == [None, "cured"]


async def test_an_installment_unpaid_again_after_a_reversal_has_no_day_of_settlement(world: World) -> None:
    world.set_now(NOON)
    await world.delivery.accept([overdue("L-1", at=NOON, sequence=2)])
    await world.delivery.accept([payment("L-1", at=NOON, sequence=3)])
    state = "SELECT unpaid_minor, settled_at IS NOT NULL AS settled FROM installment"
    assert await world.rows(state) == [{"unpaid_minor": 0, "settled": True}]
    owed = arrears((7, (NOON - timedelta(days=1)).date(), 352017))
    await world.delivery.accept([reversal("L-1", at=NOON, sequence=4, left=owed)])
    assert await world.rows(state) == [{"unpaid_minor": 352017, "settled": False}]


@pytest.mark.parametrize("scheduled", [True, False])
async def test_an_installment_due_and_paid_within_one_batch_stands_in_the_dossier_as_settled(
    world: World, scheduled: bool
) -> None:
    world.set_now(NOON)
    known = json.loads(to_line(snapshot("L-1", at=NOON, sequence=1)))
    due = {"number": 7, "due_date": "2026-11-05", "amount_due_minor": 352017}
    known["data"]["schedule"] = [due] if scheduled else []
    await world.delivery.accept([parse_line(json.dumps(known))])
    late = [overdue("L-1", at=NOON, sequence=2), payment("L-1", at=NOON, sequence=3)]
    await world.delivery.accept(late)
    state = "SELECT number, due_minor, unpaid_minor, settled_at IS NOT NULL AS settled FROM installment"
    settled = {"number": 7, "due_minor": 352017, "unpaid_minor": 0, "settled": True}
    assert await world.rows(state) == [settled]


async def test_a_statement_that_comes_late_moves_no_day_of_settlement(world: World) -> None:
    world.set_now(NOON)
    await world.delivery.accept([overdue("L-1", at=NOON, sequence=2), payment("L-1", at=NOON, sequence=3)])
    settled = await world.scalar("SELECT settled_at FROM installment")
    world.set_now(NOON + timedelta(days=1))
    await world.delivery.accept([overdue("L-1", at=NOON - timedelta(hours=1), sequence=1)])
    assert await world.rows("SELECT settled_at, unpaid_minor FROM installment") == [
        {"settled_at": settled, "unpaid_minor": 0}
    ]
