"""Deadlines of a legal action wake the case: whose turn it is decides when somebody is told, and of what."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from recourse.domain.alarms import alarms, look_again, opened
from recourse.domain.decision import Alarm, Close, Closing, DoStep, Wait, WaitReason
from recourse.domain.ids import TaskId
from recourse.domain.pending import LegalDue
from recourse.domain.situation import OpenTask, Situation
from recourse.packs.record import situation_from_json, situation_to_json
from tests.unit.domain.builders import ladder, situation

WARN = datetime(2026, 11, 20, tzinfo=UTC)
ENDS = WARN + timedelta(days=10)


def _with(whose: str) -> Situation:
    return replace(situation(), legal_due=(LegalDue("case-L-1-1-1-x", whose, WARN, ENDS),))


def _alarms(s: Situation) -> list[tuple[str, datetime]]:
    return [(alarm.task, alarm.at) for alarm in alarms(s, ladder(), (), None)]


def test_of_ours_we_are_warned_and_told_when_it_was_missed() -> None:
    assert _alarms(_with("ours")) == [("legal_deadline", WARN), ("legal_deadline_missed", ENDS)]


@pytest.mark.parametrize("whose", ["court", "debtor"])
def test_of_others_we_are_told_when_their_days_are_over(whose: str) -> None:
    assert _alarms(_with(whose)) == [("legal_deadline_over", ENDS)]


def test_a_task_is_opened_once_for_each_deadline() -> None:
    s = _with("ours")
    [first, second] = alarms(s, ladder(), (), None)
    asked = replace(s, tasks=(OpenTask(TaskId("t-1"), first.step_id, None),))
    assert (opened(first, asked), opened(second, asked)) == (True, False)


def test_whatever_the_case_waits_for_it_looks_again_in_time() -> None:
    known, now = [Alarm("x", "legal_deadline", "legal", WARN)], WARN - timedelta(days=1)
    assert look_again(Wait(WaitReason.LADDER_DONE, None), known, now) == Wait(WaitReason.LADDER_DONE, WARN)
    assert look_again(DoStep("visit", ENDS), known, now) == Wait(WaitReason.LEGAL_DEADLINE, WARN)
    assert look_again(Close(Closing.CURED), known, now) == Close(Closing.CURED)


@pytest.mark.parametrize(
    ("task", "reason"),
    [
        ("limitation_warning", WaitReason.LIMITATION),
        ("chase_booking", WaitReason.AGREEMENT),
        ("legal_deadline", WaitReason.LEGAL_DEADLINE),
        ("legal_deadline_missed", WaitReason.LEGAL_DEADLINE),
        ("legal_deadline_over", WaitReason.LEGAL_DEADLINE),
        ("acknowledge_dispute", WaitReason.DISPUTE),
        ("acknowledgement_overdue", WaitReason.DISPUTE),
        ("answer_dispute", WaitReason.DISPUTE),
        ("dispute_overdue", WaitReason.DISPUTE),
    ],
)
def test_a_case_says_which_alarm_it_waits_for(task: str, reason: WaitReason) -> None:
    known = [Alarm("later", "dispute_overdue", "lead", ENDS), Alarm("x", task, "legal", WARN)]
    assert look_again(DoStep("visit", ENDS), known, WARN - timedelta(days=1)) == Wait(reason, WARN)


def test_a_situation_is_read_back_with_its_deadlines_and_an_older_one_without() -> None:
    s = _with("debtor")
    stored = situation_to_json(s)
    assert situation_from_json(stored) == s
    stored.pop("legal_due")
    assert situation_from_json(stored).legal_due == ()
