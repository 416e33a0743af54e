"""Moving a case to another ladder: nothing is done again, and the stage never goes back."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recourse.domain.decide import Rules, decide
from recourse.domain.decision import DoStep
from recourse.domain.ids import TaskId
from recourse.domain.law.rule import Collector
from recourse.domain.situation import STAGE_ORDER, OpenTask, Situation, Stage, StepOutcome
from recourse.domain.strategy.migration import Counted, Move, Obstacle, carry_over, foresee, obstacle
from tests.unit.domain.builders import (
    CN,
    CN_LADDER,
    CN_NOON,
    US_LADDER,
    ladder,
    record,
    remind,
    situation,
    task,
    with_steps,
)
from tests.unit.domain.generated import any_case, live
from tests.unit.domain.ladders import moves

FINAL = {StepOutcome.DONE, StepOutcome.DECLINED, StepOutcome.UNABLE}
cases = live(CN_LADDER)


def _last(s: Situation) -> dict[str, StepOutcome]:
    return {r.step_id: r.outcome for r in s.steps}


@given(cases, moves(CN_LADDER))
def test_what_was_done_is_never_planned_again_under_whatever_name(
    case: tuple[Situation, datetime], move: Move
) -> None:
    """Day after day, as if each planned step were done when it is due, to the end of a ladder without last
    days, so that no step is out of reach."""
    s, now = case
    steps = tuple(replace(step, until=None) for step in move.target.steps)
    move = replace(move, target=replace(move.target, steps=steps))
    done = {move.new_id(step_id) for step_id, outcome in _last(s).items() if outcome is StepOutcome.DONE}
    s = replace(carry_over(s, move, now), holds=(), promises=(), tasks=())
    for _ in range(len(move.target.steps) + 1):
        plan = decide(s, Rules(move.target, (CN,)), now).plan
        if not isinstance(plan, DoStep):
            break
        assert plan.step_id not in done
        done.add(plan.step_id)
        now = max(now, plan.due_at)
        s = with_steps(s, record(plan.step_id, StepOutcome.DONE, now, "someone"))


@given(cases, moves(CN_LADDER))
def test_the_stage_never_goes_back(case: tuple[Situation, datetime], move: Move) -> None:
    s, now = case
    change = foresee(s, move, (CN,), now)
    assert STAGE_ORDER.index(change.after.decision.stage) >= STAGE_ORDER.index(s.case.stage)


@given(any_case(CN_LADDER), st.sampled_from([(CN,), ()]))
def test_a_move_to_the_same_ladder_changes_nothing(
    case: tuple[Situation, datetime], packs: tuple[()]
) -> None:
    s, now = case
    same = Move(CN_LADDER, CN_LADDER)
    assert carry_over(s, same, now) == s
    change = foresee(s, same, packs, now)
    assert change.after.decision == change.before
    assert (change.ended, same.problems()) == ((), ())


@given(any_case(CN_LADDER), moves(CN_LADDER))
def test_foreseeing_again_gives_the_same_and_leaves_the_situation_as_it_was(
    case: tuple[Situation, datetime], move: Move
) -> None:
    s, now = case
    before = replace(s)
    assert foresee(s, move, (CN,), now) == foresee(s, move, (CN,), now)
    assert s == before


@given(cases, moves(CN_LADDER))
def test_a_task_stays_with_its_step_or_ends(case: tuple[Situation, datetime], move: Move) -> None:
    s, now = case
    change, after = foresee(s, move, (CN,), now), carry_over(s, move, now)
    kept, ended = {t.id for t in after.tasks}, {t.id for t in change.ended}
    assert kept | ended == {t.id for t in s.tasks}
    assert not kept & ended
    assert {t.step_id for t in after.tasks} <= {step.id for step in move.target.steps}


OLD = ladder(remind("sms", 1, until=5), task("call", 6), task("visit", 20, Stage.FIELD))
NEW = replace(
    OLD,
    version="2",
    steps=(remind("text", 1, until=5), remind("letter", 3, until=8), task("call", 6), remind("late", 25)),
)
MOVE = Move(OLD, NEW, (("sms", "text"),))


def test_what_is_shown_says_what_counts_what_was_passed_and_what_ends() -> None:
    s = with_steps(
        situation(days=21),
        record("sms", StepOutcome.DONE, CN_NOON - timedelta(days=20)),
        record("call", StepOutcome.DONE, CN_NOON - timedelta(days=15)),
        record("visit", StepOutcome.OPEN, CN_NOON - timedelta(days=1)),
    )
    s = replace(s, case=replace(s.case, stage=Stage.FIELD), tasks=(OpenTask(TaskId("T"), "visit", None),))
    change = foresee(s, MOVE, (CN,), CN_NOON)
    assert change.counted == (Counted("text", StepOutcome.DONE), Counted("call", StepOutcome.DONE))
    assert change.passed == ("letter",)
    assert [t.id for t in change.ended] == ["T"]
    assert change.after.decision.stage is Stage.FIELD
    assert isinstance(change.after.decision.plan, DoStep)
    assert change.after.decision.plan.step_id == "late"


def test_without_the_new_name_the_step_is_a_new_one() -> None:
    s = with_steps(situation(days=2), record("sms", StepOutcome.DONE, CN_NOON - timedelta(days=1)))
    plans = [foresee(s, m, (CN,), CN_NOON).after.decision.plan for m in (Move(OLD, NEW), MOVE)]
    assert [p.step_id for p in plans if isinstance(p, DoStep)] == ["text", "letter"]


def test_a_case_stays_within_its_law() -> None:
    assert obstacle(situation(), Move(CN_LADDER, US_LADDER), ("CN",)) is Obstacle.OTHER_LAW
    assert obstacle(situation(), Move(US_LADDER, CN_LADDER), ("CN",)) is None
    own = Move(US_LADDER, replace(CN_LADDER, collectors=frozenset({Collector.CREDITOR})))
    found = [obstacle(situation(), own, ("CN",), collector=who) for who in (*Collector, None)]
    assert found == [None, Obstacle.OTHER_COLLECTOR, None]


def test_an_id_that_means_another_step_in_the_diary_is_not_used_again() -> None:
    s = with_steps(situation(), record("text", StepOutcome.DONE, CN_NOON))
    assert obstacle(s, MOVE, ("CN",)) is Obstacle.STEP_REUSED
    assert obstacle(situation(), MOVE, ("CN",), frozenset({"letter"})) is Obstacle.STEP_REUSED
    assert obstacle(situation(), MOVE, ("CN",), frozenset({"gone"})) is None


def test_a_message_of_unknown_fate_is_asked_after_before_its_step_goes() -> None:
    asked = replace(situation(), tasks=(OpenTask(TaskId("T"), "sms", None),))
    assert obstacle(asked, Move(OLD, replace(NEW, steps=NEW.steps[2:])), ("CN",)) is Obstacle.IN_DOUBT
    assert obstacle(asked, MOVE, ("CN",)) is None


@pytest.mark.parametrize(
    ("renamed", "target", "said"),
    [
        ((("sms", "txt"),), NEW, "sms=txt: test@2 has no step txt"),
        ((("sns", "text"),), NEW, "sns=text: test@1 has no step sns"),
        ((("sms", "call"),), NEW, "sms=call: both ladders have one of them"),
        ((("call", "text"),), NEW, "call=text: both ladders have one of them"),
        ((("sms", "text"), ("visit", "text")), NEW, "text: stands in two pairs"),
        (
            (("visit", "late"),),
            NEW,
            "late: was task visit borrower, is remind reminder_friendly sms borrower; give the new",
        ),
        (
            (),
            replace(NEW, steps=(remind("call", 6),)),
            "call: was task call borrower, is remind reminder_friendly sms borrower",
        ),
        (
            (),
            replace(OLD, steps=(replace(OLD.steps[0], template="formal_demand"),)),
            "sms: was remind reminder_friendly sms borrower, is remind formal_demand sms borrower",
        ),
        (
            (),
            replace(OLD, steps=(remind("sms", 9), replace(task("call", 12), requires=("sms",)))),
            "sms: stands on day 1 and would count as given on day 9",
        ),
    ],
)
def test_a_move_that_would_mix_up_steps_is_refused(
    renamed: tuple[tuple[str, str], ...], target: object, said: str
) -> None:
    problems = Move(OLD, target, renamed).problems()  # type: ignore[arg-type]
    assert any(problem.startswith(said) for problem in problems), problems
