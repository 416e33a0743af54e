"""Tasks: one receipt for one request, caps before the dial, two people for legal action."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest

from recourse.domain.ids import CaseId, ContactPointId, LoanId, PersonId
from recourse.domain.situation import AttemptOutcome, Channel, HoldReason
from recourse.reading.explaining import explained
from recourse.service import noting, tokens
from recourse.service.context import Unit
from recourse.service.noting import HoldRequest
from recourse.storage import attempts
from recourse.storage.attempts import NewAttempt
from tests.events import payment
from tests.integration.conftest import World
from tests.integration.service.conftest import NOON, OpenCase, answer, open_case, open_task


async def test_claiming_a_call_takes_a_slot_and_completing_says_what_became_of_it(
    world: World, called: tuple[OpenCase, str]
) -> None:
    _, task = called
    assert (await answer(world, task, "claim", "r1")).receipt.accepted
    assert await world.scalar("SELECT state FROM contact_attempt") == "claimed"
    result = await answer(world, task, "complete", "r2", outcome="refuses")
    assert result.receipt.accepted
    assert result.receipt.next_step
    assert await world.scalar("SELECT state FROM contact_attempt") == "connected"


async def test_the_same_request_gets_the_same_receipt_and_writes_once(
    world: World, called: tuple[OpenCase, str]
) -> None:
    _, task = called
    first = await answer(world, task, "claim", "r1")
    again = await answer(world, task, "claim", "r1")
    assert again.receipt == first.receipt
    assert await world.scalar("SELECT count(*) FROM contact_attempt") == 1


async def test_a_request_id_with_another_content_is_refused(
    world: World, called: tuple[OpenCase, str]
) -> None:
    _, task = called
    await answer(world, task, "claim", "r1")
    result = await answer(world, task, "complete", "r1", outcome="refuses")
    assert result.receipt.code == "request_id_reused"


async def test_a_second_agent_is_told_until_when_it_is_taken(
    world: World, called: tuple[OpenCase, str]
) -> None:
    _, task = called
    await answer(world, task, "claim", "r1")
    result = await answer(world, task, "claim", "r2", actor="agent-2")
    assert (result.receipt.accepted, result.receipt.code) == (False, "claimed_by_another")
    assert result.receipt.opens_at is not None


async def test_a_claim_is_his_under_each_of_his_tokens_and_dials_once(
    world: World, called: tuple[OpenCase, str]
) -> None:
    """A lost token is revoked and another issued in the middle of the work."""
    _, task = called

    async def token(person: str) -> str:
        issue = partial(tokens.issue, role="agent", name="x", person=person)
        return (await world.services.run(issue)).actor

    one, two, other = await token("p-1"), await token("p-1"), await token("p-2")
    assert (await answer(world, task, "claim", "r1", actor=one)).receipt.accepted
    assert (await answer(world, task, "claim", "r2", actor=other)).receipt.code == "claimed_by_another"
    assert (await answer(world, task, "claim", "r3", actor=two)).receipt.accepted
    assert await world.scalar("SELECT count(*) FROM contact_attempt") == 1
    assert (await answer(world, task, "complete", "r4", actor=one, outcome="refuses")).receipt.accepted


async def test_a_claim_says_by_when_the_call_has_to_begin(world: World, called: tuple[OpenCase, str]) -> None:
    """Fifteen minutes, and never beyond permitted hours: the claim itself lasts four hours."""
    _, task = called
    now = NOON + timedelta(minutes=3)
    world.set_now(now)
    first = (await answer(world, task, "claim", "r1")).receipt
    assert first.begin_by is not None
    assert timedelta(0) <= first.begin_by - now - timedelta(minutes=15) < timedelta(minutes=1)
    again = (await answer(world, task, "claim", "r2")).receipt
    assert (again.accepted, again.begin_by) == (True, first.begin_by)
    closing = NOON + timedelta(hours=10)  # 22:00 in Shanghai
    world.set_now(closing - timedelta(minutes=5))
    late = (await answer(world, task, "claim", "r3", actor="agent-2")).receipt
    assert late.begin_by == closing - timedelta(minutes=2)


async def test_who_has_claimed_a_call_and_asks_again_at_night_may_not_begin_it(
    world: World, called: tuple[OpenCase, str]
) -> None:
    _, task = called
    closing = NOON + timedelta(hours=10)
    world.set_now(closing - timedelta(minutes=10))
    assert (await answer(world, task, "claim", "r1")).receipt.accepted
    world.set_now(closing + timedelta(minutes=10))
    again = (await answer(world, task, "claim", "r2")).receipt
    assert (again.accepted, again.code) == (False, "outside_hours")
    assert (await answer(world, task, "complete", "r3", outcome="no_answer")).receipt.accepted
    assert await world.rows("SELECT state FROM contact_attempt") == [{"state": "not_connected"}]


async def test_a_hold_or_a_payment_after_the_claim_is_told_to_who_asks_again(
    world: World, called: tuple[OpenCase, str]
) -> None:
    _, task = called
    assert (await answer(world, task, "claim", "r1")).receipt.accepted
    hold = HoldRequest(HoldReason.DISPUTE, "lead-1", "test", loan_id=LoanId("L-1"))
    await world.services.run(partial(noting.place_hold, request=hold))
    again = (await answer(world, task, "claim", "r2")).receipt
    assert (again.accepted, again.code) == (False, "hold")
    [row] = await world.rows("SELECT id FROM step WHERE event = 'reservation_refused'")
    async with world.services.database.reading() as tx:
        assert (await explained(tx, CaseId("case-L-1-1"), number=row["id"])).differs == []


async def test_who_begins_later_than_he_had_to_has_a_new_slot_in_place_of_the_old_one(
    world: World, called: tuple[OpenCase, str]
) -> None:
    """So that a window of the caps begins with the call and not with the claim, and no slot is lost."""
    _, task = called
    first = (await answer(world, task, "claim", "r1")).receipt
    assert first.begin_by is not None
    world.set_now(first.begin_by + timedelta(minutes=20))
    assert (await answer(world, task, "claim", "r2")).receipt.accepted
    slots = await world.rows("SELECT state, at, disposition FROM contact_attempt ORDER BY at")
    assert [(slot["state"], slot["disposition"]) for slot in slots] == [
        ("not_sent", "not_made"),
        ("claimed", None),
    ]
    assert slots[1]["at"] >= first.begin_by + timedelta(minutes=20)


async def test_a_role_of_another_team_is_refused(world: World, called: tuple[OpenCase, str]) -> None:
    _, task = called
    result = await answer(world, task, "claim", "r1", roles=("vehicle",))
    assert result.receipt.code == "role_not_permitted"


async def test_a_call_at_night_is_refused_with_the_next_opening(
    world: World, called: tuple[OpenCase, str]
) -> None:
    case, task = called
    due = (await case.plan()).due_at
    assert due is not None
    world.set_now(due.replace(hour=15))  # 23:00 in Shanghai
    result = await answer(world, task, "claim", "r1")
    assert result.receipt.code == "outside_hours"
    assert "GB/T 45251" in result.receipt.source
    assert result.receipt.opens_at is not None
    assert result.receipt.opens_at.hour == 0


async def test_an_unreached_call_is_tried_again_later(world: World, called: tuple[OpenCase, str]) -> None:
    _, task = called
    await answer(world, task, "claim", "r1")
    await answer(world, task, "complete", "r2", outcome="no_answer")
    steps = await world.rows(
        "SELECT outcome FROM step WHERE step_id = 'screening' AND event = 'outcome' ORDER BY id"
    )
    assert [row["outcome"] for row in steps] == ["open", "retry"]


async def test_a_promise_waits_for_its_date(world: World, called: tuple[OpenCase, str]) -> None:
    case, task = called
    await answer(world, task, "claim", "r1")
    on = ((await case.plan()).due_at or pytest.fail("no due")).date() + timedelta(days=5)
    result = await answer(
        world, task, "complete", "r2", outcome="promise", promise_minor=352017, promise_on=on.isoformat()
    )
    assert result.plan is not None
    assert (result.plan.kind, result.plan.reason) == ("wait", "promise")
    assert await world.scalar("SELECT state FROM promise") == "open"


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"outcome": "promise"}, "promise_needs_amount_and_date"),
        ({"outcome": "promise", "promise_minor": 5, "promise_on": "soon"}, "promise_date_invalid"),
        ({"outcome": "promise", "promise_minor": 5, "promise_on": "2099-01-01"}, "promise_date_out_of_range"),
        ({"outcome": "approve"}, "outcome_not_allowed"),
    ],
)
async def test_an_answer_that_makes_no_sense_is_refused_with_a_code(
    world: World, called: tuple[OpenCase, str], values: dict[str, object], code: str
) -> None:
    _, task = called
    await answer(world, task, "claim", "r1")
    assert (await answer(world, task, "complete", "r2", **values)).receipt.code == code


async def test_hardship_puts_the_person_on_hold(world: World, called: tuple[OpenCase, str]) -> None:
    _, task = called
    await answer(world, task, "claim", "r1")
    result = await answer(world, task, "complete", "r2", outcome="hardship")
    assert await world.scalar("SELECT reason FROM hold") == "hardship"
    assert result.plan is not None
    due = result.plan.due_at
    until = await world.scalar("SELECT until FROM hold")
    assert due is None or due >= until


async def test_a_wrong_number_is_not_dialled_again(world: World, called: tuple[OpenCase, str]) -> None:
    _, task = called
    await answer(world, task, "claim", "r1")
    await answer(world, task, "complete", "r2", outcome="wrong_number")
    assert await world.scalar("SELECT count(*) FROM person_contact_point WHERE NOT usable") == 1


async def test_a_call_that_was_claimed_and_never_answered_for_counts_as_made(
    world: World, called: tuple[OpenCase, str]
) -> None:
    case, task = called
    await answer(world, task, "claim", "r1")
    expires = await world.scalar("SELECT expires_at FROM agent_task")
    world.set_now(expires + timedelta(seconds=1))
    await case.decide()
    assert await world.scalar("SELECT state FROM agent_task WHERE id = :t", t=task) == "expired"
    assert await world.scalar("SELECT state FROM contact_attempt") == "unknown"


async def test_a_payment_in_the_middle_of_a_call_leaves_the_call_in_the_ledger(
    world: World, called: tuple[OpenCase, str]
) -> None:
    case, task = called
    await answer(world, task, "claim", "r1")
    await world.delivery.accept([payment("L-1", at=NOON + timedelta(days=1))])
    assert (await case.decide()).kind == "close"
    assert await world.scalar("SELECT state FROM agent_task WHERE id = :t", t=task) == "cancelled"
    assert await world.scalar("SELECT state FROM contact_attempt") == "unknown"


async def test_two_people_on_one_phone_never_both_take_its_last_dial(world: World) -> None:
    cases = [await open_case(world, loan, days=12) for loan in ("L-1", "L-2")]
    tasks = [await open_task(world, case, "screening") for case in cases]
    [phone] = await world.rows("SELECT id FROM contact_point WHERE kind = 'mobile'")
    for number in range(5):  # China permits six dials a day on one contact point
        await _unanswered(world, f"dial-{number}", ContactPointId(phone["id"]))
    async with world.busy("contact_point", phone["id"]):
        claims = [
            asyncio.create_task(answer(world, task, "claim", f"r-{task}", actor=f"agent-{task}"))
            for task in tasks
        ]
        await world.waiting(len(claims))
    results = await asyncio.gather(*claims)
    assert sorted(result.receipt.accepted for result in results) == [False, True]
    [refused] = [result.receipt for result in results if not result.receipt.accepted]
    assert refused.code == "cap_reached"


async def _unanswered(world: World, key: str, phone: ContactPointId) -> None:
    async def work(unit: Unit) -> None:
        new = NewAttempt(
            id=key,
            loan_id=LoanId("L-1"),
            case_id=CaseId("case-L-1-1"),
            step_id=None,
            decision=None,
            channel=Channel.CALL,
            person_id=PersonId("C-L-1"),
            contact_point_id=phone,
            at=unit.now,
            actor="agent-1",
        )
        await attempts.claim(unit.tx, new)
        await attempts.finish(unit.tx, key, AttemptOutcome.NOT_CONNECTED)

    await world.services.run(work)


@pytest.mark.parametrize("outcome", ["wrong_number", "third_party"])
async def test_somebody_else_on_the_line_is_a_dial_and_no_conversation(
    world: World, called: tuple[OpenCase, str], outcome: str
) -> None:
    _, task = called
    await answer(world, task, "claim", "r1")
    await answer(world, task, "complete", "r2", outcome=outcome)
    assert await world.scalar("SELECT state FROM contact_attempt") == "not_connected"


@pytest.mark.parametrize(("days", "code"), [(30, ""), (31, "promise_date_out_of_range")])
async def test_a_promise_lies_within_the_days_of_the_strategy_counted_at_the_lenders_place(
    world: World, days: int, code: str
) -> None:
    case = await open_case(world, region="US", days=15)
    task = await open_task(world, case, "screening")
    evening = datetime(2026, 11, 6, 20, 30, tzinfo=ZoneInfo("America/New_York"))  # the 7th in UTC
    world.set_now(evening.astimezone(UTC))
    assert (await answer(world, task, "claim", "r1")).receipt.accepted
    on = (evening.date() + timedelta(days=days)).isoformat()
    result = await answer(world, task, "complete", "r2", outcome="promise", promise_minor=100, promise_on=on)
    assert result.receipt.code == code
