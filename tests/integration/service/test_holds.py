"""A hold is in force when it is placed, for every loan of the person, and stands once however often sent."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from functools import partial

import pytest

from activities.reminding import RemindingActivities
from recourse.contracts.events import Refused
from recourse.contracts.messages import Nudge, StepCommand
from recourse.domain.ids import LoanId, PersonId
from recourse.domain.situation import Channel, HoldReason
from recourse.service import noting
from recourse.service.noting import HoldRequest, Pointless, RequestReused, Unknown
from tests.events import overdue, snapshot
from tests.fakes import FakeMessenger
from tests.integration.conftest import World
from tests.integration.service.conftest import NOON, OpenCase, open_case

PERSON = PersonId("C-both")


async def _place(
    world: World,
    *,
    loan: str | None = None,
    person: PersonId | None = None,
    reason: HoldReason = HoldReason.HARDSHIP,
    until: datetime | None = None,
    request_id: str = "",
) -> tuple[str, tuple[Nudge, ...]]:
    request = HoldRequest(
        reason,
        "agent-1",
        "test",
        until,
        person_id=person,
        loan_id=LoanId(loan) if loan else None,
        request_id=request_id,
    )
    placed, nudges = await world.services.run(partial(noting.place_hold, request=request))
    return placed.id, nudges


async def _lift(world: World, key: str) -> tuple[Nudge, ...]:
    return await world.services.run(partial(noting.lift_hold, key=key, actor="lead-1"))


@pytest.fixture
async def both(world: World) -> tuple[OpenCase, OpenCase]:
    """Two open cases of one person."""
    first = await open_case(world, "L-1", person=PERSON)
    return first, await open_case(world, "L-2", person=PERSON)


async def test_a_hold_on_a_person_stops_every_loan_of_hers_at_once(
    world: World, both: tuple[OpenCase, OpenCase]
) -> None:
    plans = [await case.decide() for case in both]
    key, nudges = await _place(world, person=PERSON)
    assert {nudge.case_id for nudge in nudges} == {"case-L-1-1", "case-L-2-1"}
    messenger = FakeMessenger()
    activities = RemindingActivities(world.services, {Channel.SMS: messenger, Channel.EMAIL: messenger})
    world.set_now(max(plan.due_at or NOON for plan in plans))
    for case, plan in zip(both, plans, strict=True):
        # No workflow was told yet, and the reminder is due: the claim itself must see the hold.
        result = await activities.send_reminder(StepCommand(case.id, "sms_friendly", plan.number))
        assert (result.outcome, result.plan.kind, result.plan.reason) == ("stale", "wait", "hold")
    assert messenger.sent == []
    diary = await world.rows("SELECT case_id, code, actor FROM step WHERE event = 'hold_placed' ORDER BY 1")
    assert [line["case_id"] for line in diary] == ["case-L-1-1", "case-L-2-1"]
    assert {(line["code"], line["actor"]) for line in diary} == {("hardship", "agent-1")}
    assert key.startswith("hold-")


async def test_a_hold_changes_the_plan_before_it_answers_whether_the_engine_is_up_or_not(
    world: World, both: tuple[OpenCase, OpenCase]
) -> None:
    world.runs.down = True
    _, nudges = await _place(world, person=PERSON)
    assert [(await case.plan()).reason for case in both] == ["hold", "hold"]
    assert [nudge.plan for nudge in nudges] == [await case.plan() for case in both]


async def test_a_hold_on_one_loan_leaves_the_other_loan_alone(
    world: World, both: tuple[OpenCase, OpenCase]
) -> None:
    await _place(world, loan="L-1", reason=HoldReason.DISPUTE)
    assert (await both[0].decide()).reason == "hold"
    assert (await both[1].decide()).step_id == "sms_friendly"


async def test_the_same_request_repeated_is_one_hold_and_asks_for_the_undelivered_nudge_again(
    world: World, both: tuple[OpenCase, OpenCase]
) -> None:
    first = await _place(world, person=PERSON, request_id="r-1")
    again = await _place(world, person=PERSON, request_id="r-1")
    assert again[0] == first[0]
    assert {n.case_id for n in again[1]} == {n.case_id for n in first[1]}
    assert await world.scalar("SELECT count(*) FROM hold") == 1
    assert await world.scalar("SELECT count(*) FROM fact WHERE kind = 'hold_placed'") == 1


async def test_the_same_request_from_several_callers_at_once_is_one_hold(
    world: World, both: tuple[OpenCase, OpenCase]
) -> None:
    placed = await asyncio.gather(*(_place(world, person=PERSON, request_id="r-1") for _ in range(5)))
    assert len({key for key, _ in placed}) == 1
    assert await world.scalar("SELECT count(*) FROM hold") == 1


async def test_a_request_id_used_for_another_hold_is_refused_and_not_answered_with_the_first(
    world: World, both: tuple[OpenCase, OpenCase]
) -> None:
    await _place(world, loan="L-1", request_id="r-1")
    with pytest.raises(RequestReused):
        await _place(world, loan="L-2", request_id="r-1")
    with pytest.raises(RequestReused):
        await _place(world, loan="L-1", reason=HoldReason.DEATH, request_id="r-1")
    assert (await both[1].decide()).step_id == "sms_friendly"


async def test_no_event_of_the_bank_takes_the_id_of_a_fact_of_ours(
    world: World, both: tuple[OpenCase, OpenCase]
) -> None:
    """Whatever ids the bank chooses, knowing those of our holds from a log or from the API."""
    key = "hold-r-1"
    await world.delivery.accept(
        [
            overdue("L-9", at=NOON, sequence=n, event_id=event_id)
            for n, event_id in enumerate((f"{key}-placed", f"{key}_placed", key, f"{key}-lifted"), 3)
        ]
    )
    assert (await _place(world, person=PERSON, request_id="r-1"))[0] == key
    assert [(await case.decide()).reason for case in both] == ["hold", "hold"]
    await _lift(world, key)
    assert [(await case.decide()).step_id for case in both] == ["sms_friendly", "sms_friendly"]
    for row in await world.rows("SELECT event_id FROM fact WHERE kind LIKE 'hold%'"):
        with pytest.raises(Refused, match="ce_id"):
            overdue("L-9", at=NOON, event_id=row["event_id"])


async def test_a_lifted_hold_lets_the_ladder_go_on_and_lifting_twice_is_harmless(
    world: World, both: tuple[OpenCase, OpenCase]
) -> None:
    key, _ = await _place(world, person=PERSON)
    assert [(await case.decide()).reason for case in both] == ["hold", "hold"]
    nudges = await _lift(world, key)
    again = await _lift(world, key)
    assert {nudge.kinds for nudge in nudges} == {("hold_lifted",)}
    assert again == ()
    assert [(await case.decide()).step_id for case in both] == ["sms_friendly", "sms_friendly"]
    assert (await world.rows("SELECT lifted_by FROM hold")) == [{"lifted_by": "lead-1"}]


async def test_of_two_holds_the_one_that_is_left_still_binds(
    world: World, both: tuple[OpenCase, OpenCase]
) -> None:
    key, _ = await _place(world, person=PERSON)
    await _place(world, loan="L-1", reason=HoldReason.DISPUTE)
    await _lift(world, key)
    assert (await both[0].decide()).reason == "hold"
    assert (await both[1].decide()).step_id == "sms_friendly"


async def test_a_hold_with_an_end_is_waited_out_and_the_next_step_comes_after_it(world: World) -> None:
    case = await open_case(world)
    until = NOON + timedelta(days=3)
    await _place(world, loan="L-1", until=until)
    plan = await case.decide()
    assert plan.due_at is not None
    assert plan.due_at >= until
    assert plan.kind == "remind"


@pytest.mark.parametrize(
    "until",
    [
        NOON + timedelta(days=3661),
        datetime(9999, 12, 31, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999999, timezone(timedelta(hours=-12))),
    ],
)
async def test_an_end_that_stands_for_never_is_refused_by_its_field_and_leaves_nothing_behind(
    world: World, until: datetime
) -> None:
    case = await open_case(world)
    with pytest.raises(Pointless, match="until: more than ten years ahead"):
        await _place(world, loan="L-1", until=until)
    assert await world.scalar("SELECT count(*) FROM hold") == 0
    assert (await case.decide()).step_id == "sms_friendly"


async def test_a_hold_for_ten_years_is_waited_out(world: World) -> None:
    case = await open_case(world)
    until = NOON.replace(year=NOON.year + 10)
    await _place(world, loan="L-1", until=until)
    plan = await case.decide()
    assert (plan.kind, plan.reason) == ("wait", "limitation"), "the claim would run out meanwhile"
    world.set_now(plan.due_at or NOON)
    due = (await case.decide()).due_at
    assert due is not None
    assert due >= until


async def test_a_hold_on_a_person_binds_a_loan_that_becomes_overdue_later(world: World) -> None:
    await open_case(world, "L-1", person=PERSON)
    await _place(world, person=PERSON)
    later = await open_case(world, "L-3", person=PERSON)
    world.set_now(NOON + timedelta(minutes=1))
    assert (await later.decide()).reason == "hold"


async def test_a_hold_without_an_open_case_is_kept_and_wakes_nobody(world: World) -> None:
    world.set_now(NOON)
    await world.delivery.accept([snapshot("L-1", at=NOON, person=PERSON)])
    _, nudges = await _place(world, person=PERSON)
    assert nudges == ()
    assert await world.scalar("SELECT disposition FROM fact WHERE kind = 'hold_placed'") == "no_open_case"


async def test_a_hold_on_nobody_we_know_is_refused_and_writes_nothing(world: World) -> None:
    with pytest.raises(Unknown, match="person"):
        await _place(world, person=PersonId("C-nobody"))
    with pytest.raises(Unknown, match="loan"):
        await _place(world, loan="L-nobody")
    with pytest.raises(Unknown):
        await _lift(world, "hold-nothing")
    assert await world.scalar("SELECT count(*) FROM fact") == 0


@pytest.mark.parametrize("first", ["reminder", "hold"])
async def test_a_hold_and_a_reminder_at_the_same_moment_never_end_with_a_later_claim(
    world: World, first: str
) -> None:
    case, messenger = await open_case(world), FakeMessenger()
    plan = await case.reach("sms_friendly")
    activities = RemindingActivities(world.services, {Channel.SMS: messenger})

    async def remind() -> None:
        await activities.send_reminder(StepCommand(case.id, "sms_friendly", plan.number))

    async def hold() -> None:
        await _place(world, loan="L-1")

    async with world.busy("party", "C-L-1"):
        one = asyncio.create_task(remind() if first == "reminder" else hold())
        await world.waiting(1)
        other = asyncio.create_task(hold() if first == "reminder" else remind())
        await world.waiting(2)
    await asyncio.gather(one, other)
    rows = await world.rows("SELECT event FROM step WHERE event IN ('claimed', 'hold_placed') ORDER BY id")
    wanted = ["claimed", "hold_placed"] if first == "reminder" else ["hold_placed"]
    assert [row["event"] for row in rows] == wanted
    assert len(messenger.sent) == wanted.count("claimed")


async def test_a_hold_without_an_end_ends_when_the_law_says_and_a_repetition_is_told_the_same(
    world: World,
) -> None:
    await open_case(world, "L-1", region="GB", home="GB", zone="Europe/London")
    request = HoldRequest(HoldReason.BREATHING_SPACE, "agent-1", "test", person_id=PersonId("C-L-1"))
    placed = await _placed(world, replace(request, request_id="r-1"))
    assert placed.until == datetime(2027, 1, 6, tzinfo=UTC)  # sixty whole days after the 6th of November
    assert placed.rule.endswith(" uk_breathing_space")
    assert placed.source.startswith("Debt Respite Scheme")
    assert placed.again is None
    world.set_now(NOON + timedelta(days=3))
    assert await _placed(world, replace(request, request_id="r-1")) == placed
    with pytest.raises(RequestReused):
        await _placed(world, replace(request, request_id="r-1", until=placed.until))


async def test_who_places_a_hold_lengthens_the_days_of_the_law_and_never_shortens_them(world: World) -> None:
    await open_case(world, "L-1", region="GB", home="GB", zone="Europe/London")
    request = HoldRequest(HoldReason.BREATHING_SPACE, "agent-1", "test", person_id=PersonId("C-L-1"))
    tomorrow, spring = NOON + timedelta(days=1), NOON + timedelta(days=150)
    short = await _placed(world, replace(request, request_id="r-1", until=tomorrow))
    assert short.until == datetime(2027, 1, 6, tzinfo=UTC)
    assert short.rule.endswith(" uk_breathing_space")
    long = await _placed(world, replace(request, request_id="r-2", until=spring))
    assert (long.until, long.rule) == (spring, "")
    world.set_now(NOON + timedelta(hours=3))
    assert await _placed(world, replace(request, request_id="r-1", until=tomorrow)) == replace(
        short, again=None
    )
    assert (await _placed(world, replace(request, request_id="r-2", until=spring))).until == spring
    for key, other in (("r-1", spring), ("r-2", tomorrow)):
        with pytest.raises(RequestReused):
            await _placed(world, replace(request, request_id=key, until=other))


async def test_a_second_breathing_space_within_twelve_months_is_placed_and_said(world: World) -> None:
    await open_case(world, "L-1", region="GB", home="GB", zone="Europe/London")
    request = HoldRequest(HoldReason.BREATHING_SPACE, "agent-1", "test", person_id=PersonId("C-L-1"))
    await _placed(world, request)
    world.set_now(NOON + timedelta(days=200))
    second = await _placed(world, request)
    assert second.until is not None
    assert second.again is not None
    assert abs(second.again - NOON) < timedelta(minutes=1)
    world.set_now(NOON + timedelta(days=200 + 370))
    assert (await _placed(world, request)).again is None


async def test_of_several_loans_the_law_that_protects_longest_ends_a_hold_on_the_person(world: World) -> None:
    await open_case(world, "L-1", person=PERSON, region="GB", home="GB", zone="Europe/London")
    on_one = HoldRequest(HoldReason.HARDSHIP, "agent-1", "test", loan_id=LoanId("L-1"))
    assert (await _placed(world, on_one)).until == datetime(2026, 12, 7, tzinfo=UTC)
    await open_case(world, "L-2", person=PERSON, region="CN")
    both = await _placed(world, replace(on_one, loan_id=None, person_id=PERSON))
    assert (both.until, both.rule.split()[-1]) == (None, "cn_hardship")


async def test_the_case_goes_on_by_itself_when_the_law_ends_the_hold(world: World) -> None:
    case = await open_case(world, "L-1", days=5, region="GB", home="GB", zone="Europe/London")
    placed = await _placed(world, HoldRequest(HoldReason.HARDSHIP, "agent-1", "test", loan_id=LoanId("L-1")))
    due = (await case.decide()).due_at
    assert due is not None
    assert placed.until is not None
    assert placed.until <= due < placed.until + timedelta(days=4)


async def _placed(world: World, request: HoldRequest) -> noting.Placed:
    return (await world.services.run(partial(noting.place_hold, request=request)))[0]
