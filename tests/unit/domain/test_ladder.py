"""Walking the ladder: which step is next, when, and what follows when one cannot be done."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from recourse.domain.decide import Rules, decide
from recourse.domain.decision import Decision, DoStep, Wait, WaitReason
from recourse.domain.fold import Account
from recourse.domain.ids import LoanId, TaskId
from recourse.domain.law.gate import gate
from recourse.domain.law.notices import Notice
from recourse.domain.law.verdict import Allowed, ContactEffect, HandoverEffect, RefusalCode
from recourse.domain.situation import (
    AttemptOutcome,
    Channel,
    OpenTask,
    Situation,
    Stage,
    StepOutcome,
    StepRecord,
)
from recourse.domain.strategy.ladder import Step, StepKind
from recourse.domain.strategy.progress import FINAL_REFUSALS
from tests.unit.domain.builders import (
    BORROWER,
    CN_LADDER,
    CN_NOON,
    MAIL,
    NEW_YORK,
    PHONE,
    SHANGHAI,
    UNLIMITED,
    US,
    US_LADDER,
    arrears,
    attempt,
    borrower,
    ladder,
    pack,
    record,
    remind,
    rules,
    shanghai,
    situation,
    task,
    with_attempts,
    with_steps,
)

CN_WALK = """sms_friendly 1, email_friendly 3, call_first 5, sms_firm 8, screening 12, notice_written 14,
locate_vehicle 16, call_lead 25, formal_demand 31, visit 38, propose_legal 61, approve_legal 61,
handover 61"""
US_WALK = """email_friendly 2, sms_friendly 4, call_first 6, email_firm 10, screening 14, locate_vehicle 18,
cure_notice 20, sms_firm 28, call_lead 32, propose_legal 60, approve_legal 60, handover 60"""


def read(walk: str) -> list[tuple[str, int]]:
    return [(step, int(day)) for step, day in (part.split() for part in walk.split(","))]


def walk(start: Situation, made: Rules) -> list[tuple[str, int, datetime]]:
    """Do every step at its time; each person is somebody else. Returns (step, days past due, when)."""
    s, now, visited = start, start.case.opened_at, list[tuple[str, int, datetime]]()
    for number in range(40):
        decision = decide(s, made, now)
        if not isinstance(decision.plan, DoStep):
            assert decision.plan == Wait(WaitReason.LADDER_DONE, None)
            return visited
        step, now = made.strategy.step(decision.plan.step_id), decision.plan.due_at
        assert decide(s, made, now).plan == decision.plan, "still due when its time comes"
        s = perform(s, step, made, now, actor=f"person-{number}")
        visited.append((step.id, decide(s, made, now).dpd, now))
    raise AssertionError("the ladder never ends")


def perform(s: Situation, step: Step, made: Rules, now: datetime, actor: str) -> Situation:
    """What a lawful world would record. Reminders and the handover pass the real gate first."""
    if step.kind is StepKind.REMIND and step.channel is not None:
        point = MAIL if step.channel is Channel.EMAIL else PHONE
        assert isinstance(gate(ContactEffect(step.channel, BORROWER, point), s, made.packs, now), Allowed)
        s = with_attempts(s, attempt(now, AttemptOutcome.SENT, step.channel, point=point))
    if step.kind is StepKind.HANDOVER and step.proposal and step.approval:
        done = {r.step_id for r in s.steps if r.outcome is StepOutcome.DONE}
        stood_in = tuple(name if name in done else f"{name}_sms" for name in step.requires)
        written = [
            (one.template, r.at) for r in s.steps for one in made.strategy.steps if one.id == r.step_id
        ]
        notices = tuple(Notice(template, at, 10) for template, at in written if template is not None)
        effect = HandoverEffect(step.proposal, step.approval, stood_in, notices)
        assert isinstance(gate(effect, s, made.packs, now), Allowed)
    return with_steps(s, record(step.id, StepOutcome.DONE, now, by=actor))


def one_day_late(zone: str) -> Situation:
    """Opened in the first hour of the day after the due date, 4 November 2026."""
    opened = datetime.combine(date(2026, 11, 5), time(0, 30), ZoneInfo(zone)).astimezone(UTC)
    s = situation(opened, zone=zone)
    return replace(s, case=replace(s.case, opened_at=opened), account=Account(arrears(date(2026, 11, 4))))


@pytest.mark.parametrize(
    ("made", "zone", "expected"),
    [
        (Rules(CN_LADDER, (UNLIMITED,)), SHANGHAI, read(CN_WALK)),
        (Rules(US_LADDER, (US,)), NEW_YORK, read(US_WALK)),
        (Rules(CN_LADDER, (UNLIMITED,)), "Africa/Cairo", read(CN_WALK)),
    ],
    ids=["CN", "US", "CN in Cairo"],
)
def test_the_whole_ladder_is_walked_in_order_and_on_its_days_to_the_handover(
    made: Rules, zone: str, expected: list[tuple[str, int]]
) -> None:
    visited = walk(one_day_late(zone), made)
    assert [(step, dpd) for step, dpd, _ in visited] == expected
    times = [at for _, _, at in visited]
    assert times == sorted(times)


def test_tasks_for_people_appear_at_nine_in_the_lenders_zone() -> None:
    made = Rules(US_LADDER, (US,))
    walls = {
        step: at.astimezone(ZoneInfo(NEW_YORK)).time() for step, _, at in walk(one_day_late(NEW_YORK), made)
    }
    assert {step for step, wall in walls.items() if wall == time(9)} == {
        "call_first", "screening", "locate_vehicle", "call_lead", "propose_legal", "approve_legal", "handover"
    }  # fmt: skip


def plan_of(s: Situation, *steps: Step, now: datetime = CN_NOON) -> Decision:
    return decide(s, rules(ladder(*steps), UNLIMITED), now)


def next_step(decision: Decision) -> str | None:
    return decision.plan.step_id if isinstance(decision.plan, DoStep) else None


FIRST = remind("first", 1)
INSTEAD = replace(remind("instead", 1, Channel.EMAIL), fallback_for="first")


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (StepOutcome.UNABLE, "instead"),
        (StepOutcome.DECLINED, "instead"),
        (StepOutcome.DONE, None),
        (StepOutcome.OPEN, None),
        (StepOutcome.REFUSED, "first"),
    ],
)
def test_a_fallback_is_taken_only_when_its_step_ended_undone(
    outcome: StepOutcome, expected: str | None
) -> None:
    s = with_steps(situation(), record("first", outcome, CN_NOON))
    assert next_step(plan_of(s, FIRST, INSTEAD)) == expected


def test_an_untouched_step_comes_before_its_fallback() -> None:
    assert next_step(plan_of(situation(), INSTEAD, FIRST)) == "first"


@pytest.mark.parametrize("code", list(RefusalCode))
def test_a_refusal_that_time_does_not_lift_calls_the_fallback(code: RefusalCode) -> None:
    refused = StepRecord("first", StepOutcome.REFUSED, CN_NOON, code.value, CN_NOON + timedelta(hours=1))
    decision = plan_of(with_steps(situation(), refused), FIRST, INSTEAD)
    assert next_step(decision) == ("instead" if code in FINAL_REFUSALS else "first")


def test_a_refused_step_waits_for_the_time_the_gate_named() -> None:
    opens = CN_NOON + timedelta(days=2)
    refused = StepRecord("first", StepOutcome.REFUSED, CN_NOON, RefusalCode.CAP_REACHED.value, opens)
    plan = plan_of(with_steps(situation(), refused), FIRST).plan
    assert isinstance(plan, DoStep)
    assert opens <= plan.due_at < opens + timedelta(days=1)


@pytest.mark.parametrize(
    ("made", "zone", "expected", "undone", "instead"),
    [
        (Rules(CN_LADDER, (UNLIMITED,)), SHANGHAI, read(CN_WALK), "notice_written", "notice_written_sms"),
        (Rules(CN_LADDER, (UNLIMITED,)), SHANGHAI, read(CN_WALK), "locate_vehicle", "locate_by_hand"),
        (Rules(CN_LADDER, (UNLIMITED,)), SHANGHAI, read(CN_WALK), "formal_demand", "formal_demand_sms"),
        (Rules(US_LADDER, (US,)), NEW_YORK, read(US_WALK), "cure_notice", "cure_notice_sms"),
        (Rules(US_LADDER, (US,)), NEW_YORK, read(US_WALK), "locate_vehicle", "locate_by_hand"),
    ],
)
def test_a_shipped_fallback_stands_in_for_its_step_up_to_the_handover(
    made: Rules, zone: str, expected: list[tuple[str, int]], undone: str, instead: str
) -> None:
    start = one_day_late(zone)
    start = with_steps(start, record(undone, StepOutcome.UNABLE, start.case.opened_at))
    visited = [(step, dpd) for step, dpd, _ in walk(start, made)]
    assert visited == [(instead if step == undone else step, day) for step, day in expected]


NOTICE = remind("notice", 5)
AFTER = replace(task("after", 6), requires=("notice",), wait_days=15)


def test_a_step_waits_the_days_the_law_gives_after_the_one_it_requires() -> None:
    done = shanghai("2026-11-06T10:00")
    s = with_steps(situation(), record("notice", StepOutcome.DONE, done))
    assert plan_of(s, NOTICE, AFTER).plan == DoStep("after", done + timedelta(days=15))


def test_a_step_is_not_planned_before_the_one_it_requires_is_done() -> None:
    decision = plan_of(situation(), AFTER, NOTICE)
    assert next_step(decision) == "notice"
    assert decision.skipped == (("after", "waits for notice"),)


@pytest.mark.parametrize("outcome", [StepOutcome.UNABLE, StepOutcome.DECLINED])
def test_without_the_required_step_the_ladder_ends_and_says_why(outcome: StepOutcome) -> None:
    decision = plan_of(with_steps(situation(), record("notice", outcome, CN_NOON)), NOTICE, AFTER)
    assert decision.plan == Wait(WaitReason.LADDER_DONE, None)
    assert decision.skipped == (("after", "notice was not done"),)


def test_a_step_whose_last_day_has_passed_is_left_out() -> None:
    for days, expected in ((10, "short"), (11, None)):
        decision = plan_of(situation(days=days), remind("short", 1, until=10))
        assert next_step(decision) == expected


def test_nobody_reached_means_again_some_days_later_until_the_tries_are_used_up() -> None:
    call = replace(task("call", 5), tries=3, every_days=2)
    s, now = situation(), CN_NOON
    for _ in range(2):
        s = with_steps(s, record("call", StepOutcome.RETRY, now))
        assert plan_of(s, call, now=now).plan == DoStep("call", now + timedelta(days=2))
        now += timedelta(days=2)
    last = with_steps(s, record("call", StepOutcome.RETRY, now))
    assert plan_of(last, call, now=now).plan == Wait(WaitReason.LADDER_DONE, None)


def with_task(expires_at: datetime | None) -> Situation:
    s = with_steps(situation(), record("ask", StepOutcome.OPEN, CN_NOON - timedelta(days=2)))
    return replace(s, tasks=(OpenTask(TaskId("T-1"), "ask", expires_at),))


ASK = task("ask", 5)
ASK_INSTEAD = replace(task("ask_instead", 5), fallback_for="ask")


def test_a_task_expires_at_its_instant_and_its_fallback_takes_over() -> None:
    before = plan_of(with_task(CN_NOON + timedelta(microseconds=1)), ASK, ASK_INSTEAD)
    assert before.plan == Wait(WaitReason.TASK, CN_NOON + timedelta(microseconds=1))
    assert before.expired_tasks == ()
    after = plan_of(with_task(CN_NOON), ASK, ASK_INSTEAD)
    assert after.expired_tasks == ("T-1",)
    assert after.plan == DoStep("ask_instead", CN_NOON)


def test_a_task_without_an_end_is_waited_for() -> None:
    assert plan_of(with_task(None), ASK).plan == Wait(WaitReason.TASK, None)


def test_a_task_that_expires_before_the_next_step_is_looked_at_first() -> None:
    expires = CN_NOON + timedelta(hours=1)
    assert plan_of(with_task(expires), ASK, task("later", 20)).plan == Wait(WaitReason.TASK, expires)


def test_the_stage_is_the_furthest_that_a_step_has_reached() -> None:
    far, near = task("far", 1, Stage.FIELD), task("near", 1, Stage.AGENT)
    s = with_steps(
        situation(), record("far", StepOutcome.DONE, CN_NOON), record("near", StepOutcome.DONE, CN_NOON)
    )
    assert plan_of(s, far, near).stage is Stage.FIELD
    unable = with_steps(situation(), record("far", StepOutcome.UNABLE, CN_NOON))
    assert plan_of(unable, far, near).stage is Stage.REMINDER


def test_reminders_of_many_loans_spread_over_the_permitted_hours() -> None:
    due = []
    for number in range(200):
        s = situation(shanghai("2026-11-06T01:00"))
        s = replace(s, case=replace(s.case, loan_id=LoanId(f"L-{number}")))
        plan = plan_of(s, remind("first", 12), now=shanghai("2026-11-06T01:00")).plan
        assert isinstance(plan, DoStep)
        due.append((plan.due_at + timedelta(hours=8)).hour)
    assert set(due) == set(range(8, 22))


def test_a_late_step_is_done_at_once_by_day_and_at_the_opening_by_night() -> None:
    assert plan_of(situation(), FIRST).plan == DoStep("first", CN_NOON)
    night = shanghai("2026-11-06T23:00")
    assert plan_of(situation(night), FIRST, now=night).plan == DoStep("first", shanghai("2026-11-07T08:00"))


ABROAD = (SHANGHAI, NEW_YORK)
TWELVE_HOURS = pack("narrow", time(8), time(20))
"""In Shanghai that is 00-12 UTC; in New York 13-01 UTC in winter and 12-24 UTC in summer: no common hour."""


def test_a_late_reminder_waits_when_the_change_of_clocks_leaves_no_common_hour() -> None:
    now = datetime(2026, 3, 10, 12, 30, tzinfo=UTC)
    s = replace(situation(now, days=20), parties=(borrower(*ABROAD),))
    plan = decide(s, rules(ladder(FIRST), TWELVE_HOURS), now).plan
    assert plan == Wait(WaitReason.NO_LAW_PACK, None)


def test_a_late_reminder_goes_on_when_the_change_of_clocks_brings_a_common_hour() -> None:
    now = datetime(2026, 11, 3, 12, 30, tzinfo=UTC)
    s = replace(situation(now, days=22), parties=(borrower(*ABROAD),))
    plan = decide(s, rules(ladder(FIRST), TWELVE_HOURS), now).plan
    assert plan == DoStep("first", datetime(2026, 11, 4, 0, 0, tzinfo=UTC))
