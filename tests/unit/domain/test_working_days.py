"""What people do is due on working days of the lender's place; what machines do is not bound to them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time

import pytest

from recourse.domain.decide import decide
from recourse.domain.decision import DoStep
from recourse.domain.situation import Hold, HoldReason, Stage, StepOutcome
from recourse.domain.strategy.ladder import Step, StepKind
from recourse.packs.loader import Place, load_packs
from tests.unit.domain.builders import (
    borrower,
    ladder,
    record,
    remind,
    rules,
    shanghai,
    situation,
    task,
    with_steps,
)

FRIDAY_NOON = shanghai("2026-11-06T12:00")
CALL_TASK = task("call_task", 12)
LOCATE = Step("find", StepKind.LOCATE, Stage.FIELD, 12, purpose="assess_recovery")
HANDOVER = Step("hand", StepKind.HANDOVER, Stage.LEGAL, 12, proposal="p", approval="a")


def due(step: Step, now: datetime = FRIDAY_NOON, on: date = date(2026, 11, 6)) -> datetime:
    """Of a loan ten days past due on that Friday: day 12 is the Sunday."""
    laws = load_packs().packs_for(Place("CN", "CN"), on)
    packs = (replace(law, notices=()) for law in laws)  # none was given in this case
    s = replace(situation(FRIDAY_NOON, days=10), parties=(borrower(),))
    plan = decide(s, rules(ladder(step), *packs), now).plan
    assert isinstance(plan, DoStep)
    return plan.due_at


@pytest.mark.parametrize("step", [CALL_TASK, HANDOVER], ids=lambda s: s.id)
def test_what_people_and_lawyers_do_waits_for_monday_at_nine(step: Step) -> None:
    assert due(step) == shanghai("2026-11-09T09:00")


def test_a_reminder_and_a_position_do_not_wait() -> None:
    assert due(LOCATE) == shanghai("2026-11-08T09:00")
    assert due(remind("sms", 12)).date() == date(2026, 11, 8)


def test_a_late_task_appears_on_a_working_day_too() -> None:
    saturday, sunday = shanghai("2026-11-14T10:00"), shanghai("2026-11-15T23:30")
    assert due(CALL_TASK, saturday) == due(CALL_TASK, sunday) == shanghai("2026-11-16T09:00")
    assert due(CALL_TASK, shanghai("2026-11-16T10:00")) == shanghai("2026-11-16T10:00")


def test_a_hold_that_ends_on_a_sunday_lets_the_task_appear_on_monday() -> None:
    packs = load_packs().packs_for(Place("CN", "CN"), date(2026, 11, 6))
    held = Hold("H-1", HoldReason.OPERATOR, FRIDAY_NOON, shanghai("2026-11-15T00:00"))
    visit = replace(CALL_TASK, stage=Stage.LEGAL)
    s = replace(situation(FRIDAY_NOON, days=12), holds=(held,))
    plan = decide(s, rules(ladder(visit), *packs), FRIDAY_NOON).plan
    assert plan == DoStep("call_task", shanghai("2026-11-16T09:00"))


def test_the_days_between_two_tries_end_on_a_working_day() -> None:
    packs = load_packs().packs_for(Place("CN", "CN"), date(2026, 11, 6))
    again = replace(CALL_TASK, day=1, tries=3, every_days=2)
    s = with_steps(situation(FRIDAY_NOON), record("call_task", StepOutcome.RETRY, FRIDAY_NOON))
    assert decide(s, rules(ladder(again), *packs), FRIDAY_NOON).plan == DoStep(
        "call_task", shanghai("2026-11-09T09:00")
    )


@pytest.mark.parametrize(
    ("day", "works"),
    [("2026-10-01", False), ("2026-10-08", True), ("2026-10-10", True), ("2026-10-11", False)],
    ids=["National Day", "the day after the holidays", "a Saturday worked in exchange", "a Sunday"],
)
def test_chinas_exchanged_days_are_known(day: str, works: bool) -> None:
    packs = load_packs().packs_for(Place("CN", "CN"), date.fromisoformat(day))
    [rule] = [rule for pack in packs for rule in pack.office_days]
    assert rule.rests_on(date.fromisoformat(day)) is not works
    assert rule.opens == time(9)
