"""A dispute is somebody's task from its first moment, and a lead's once its days are over."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from recourse.domain.alarms import alarms, waited_tasks
from recourse.domain.decide import Rules, decide
from recourse.domain.dispositions import allowed_outcomes, problem_with
from recourse.domain.ids import TaskId
from recourse.domain.pending import DisputeDue
from recourse.domain.situation import OpenTask, Situation, StepOutcome
from recourse.packs.record import situation_from_json, situation_to_json
from tests.unit.domain.builders import CN_NOON, ladder, record, situation

OPENED = CN_NOON - timedelta(days=2)
ENDS = datetime(2026, 11, 20, tzinfo=UTC)


def _disputed(*ids: str) -> Situation:
    return replace(situation(), disputes_due=tuple(DisputeDue(one, "debt", OPENED, ENDS) for one in ids))


def test_each_dispute_has_a_task_with_its_day_and_is_a_lead_s_from_then_on() -> None:
    found = list(alarms(_disputed("dsp-1", "dsp-2"), ladder(), (), None))
    assert [(one.step_id, one.team, one.at, one.due_at) for one in found] == [
        ("answer_dispute-dsp-1", "legal", OPENED, ENDS),
        ("dispute_overdue-dsp-1", "lead", ENDS, ENDS),
        ("answer_dispute-dsp-2", "legal", OPENED, ENDS),
        ("dispute_overdue-dsp-2", "lead", ENDS, ENDS),
    ]


TOLD = datetime(2026, 11, 10, tzinfo=UTC)


def _complained(told_until: datetime | None = TOLD) -> Situation:
    return replace(situation(), disputes_due=(DisputeDue("dsp-1", "complaint", OPENED, ENDS, told_until),))


def test_a_complaint_is_acknowledged_before_it_is_answered_and_a_lead_is_told_when_it_was_not() -> None:
    found = list(alarms(_complained(), ladder(), (), None))
    assert [(one.step_id, one.team, one.at, one.due_at) for one in found] == [
        ("acknowledge_dispute-dsp-1", "legal", OPENED, TOLD),
        ("acknowledgement_overdue-dsp-1", "lead", TOLD, TOLD),
        ("answer_dispute-dsp-1", "legal", OPENED, ENDS),
        ("dispute_overdue-dsp-1", "lead", ENDS, ENDS),
    ]
    assert [one.task for one in alarms(_complained(None), ladder(), (), None)] == [
        "answer_dispute",
        "dispute_overdue",
    ]
    decided = decide(_complained(), Rules(ladder(), ()), CN_NOON)
    assert decided.plan.until == TOLD  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("at", "opened"),
    [(ENDS - timedelta(microseconds=1), ["answer_dispute"]), (ENDS, ["answer_dispute", "dispute_overdue"])],
)
def test_the_last_day_is_still_in_time(at: datetime, opened: list[str]) -> None:
    decided = decide(_disputed("dsp-1"), Rules(ladder(), ()), at)
    assert [alarm.task for alarm in decided.alarms] == opened


def test_whatever_else_the_case_waits_for_it_wakes_up_when_the_days_are_over() -> None:
    s = replace(_disputed("dsp-1"), steps=(record("answer_dispute-dsp-1", StepOutcome.OPEN, OPENED),))
    decided = decide(s, Rules(ladder(), ()), CN_NOON)
    assert decided.alarms == ()
    assert decided.plan.until == ENDS  # type: ignore[union-attr]


def test_its_task_is_nothing_that_the_ladder_waits_for() -> None:
    name = "answer_dispute-dsp-1"
    asked = (OpenTask(TaskId("t-1"), name, None),)
    held = replace(_disputed("dsp-1"), tasks=asked)
    assert waited_tasks(held) == ()
    assert waited_tasks(replace(held, disputes_due=())) == asked
    told = (OpenTask(TaskId("t-2"), "acknowledge_dispute-dsp-1", None),)
    assert waited_tasks(replace(_disputed("dsp-1"), tasks=told)) == ()


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("answer_dispute", "answer_the_dispute"),
        ("dispute_overdue", "answer_the_dispute"),
        ("acknowledge_dispute", "acknowledge_the_dispute"),
        ("acknowledgement_overdue", "acknowledge_the_dispute"),
    ],
)
def test_no_outcome_ends_it_but_the_paper(kind: str, code: str) -> None:
    assert allowed_outcomes(kind) == ()

    class Said:
        outcome, promise_minor, promise_on = "done", None, None

    assert problem_with(kind, Said(), CN_NOON.date(), 30) == code


def test_a_situation_is_read_back_with_its_disputes_and_an_older_one_without() -> None:
    stored = situation_to_json(_disputed("dsp-1"))
    assert situation_from_json(stored) == _disputed("dsp-1")
    assert situation_from_json(situation_to_json(_complained())) == _complained()
    older = situation_to_json(_complained(None))
    older["disputes_due"][0].pop("told_until")
    assert situation_from_json(older) == _complained(None)
    stored.pop("disputes_due")
    assert situation_from_json(stored).disputes_due == ()
