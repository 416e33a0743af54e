"""A provider is given time, however often it is tried in it; then the ladder goes on without it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType

from recourse.contracts.messages import PlanData, PlanKind
from recourse.contracts.patience import PATIENCE
from tests.workflows.conftest import Case, after
from tests.workflows.test_collection_case import CLOSE

ONCE_MORE = timedelta(milliseconds=50)


def _due(case: Case, kind: PlanKind = "remind") -> PlanData:
    case.script.after = {"step": CLOSE}
    return PlanData(number=1, kind=kind, facts_seen=1, due_at=after(0.1), step_id="step")


async def _ordered(case: Case) -> Any:
    history = await case.client.get_workflow_handle(case.id).fetch_history()
    [event] = [e for e in history.events if e.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED]
    return event.activity_task_scheduled_event_attributes


@pytest.mark.parametrize("kind", ["remind", "locate", "handover"])
async def test_whatever_leaves_the_building_is_tried_for_half_an_hour(case: Case, kind: PlanKind) -> None:
    case.script.plan = _due(case, kind)
    await case.nudge(1, case.script.plan)
    await case.end()
    ordered = await _ordered(case)
    assert ordered.schedule_to_close_timeout.ToTimedelta() == PATIENCE == timedelta(minutes=30)
    assert ordered.retry_policy.maximum_attempts == 0
    assert ordered.retry_policy.maximum_interval.ToTimedelta() <= timedelta(minutes=2)


async def test_a_provider_that_wants_to_be_asked_often_is_not_given_up_after_a_few_tries(case: Case) -> None:
    case.script.plan = _due(case)
    case.script.failing, case.script.asks_for = {"step"}, ONCE_MORE
    await case.nudge(1, case.script.plan)
    for _ in range(600):
        if case.script.failures > 8:
            break
        await asyncio.sleep(0.05)
    case.script.failing.clear()
    await case.end()
    assert case.script.failures > 8
    assert (case.script.performed, case.script.given_up) == (["step"], [])


async def test_a_provider_that_stays_away_is_given_up_when_patience_has_ended(case: Case) -> None:
    impatient = case.impatient(4)
    case.script.plan = _due(case)
    case.script.failing, case.script.asks_for = {"step"}, ONCE_MORE
    await impatient.nudge(1, case.script.plan)
    await impatient.end()
    assert case.script.given_up == ["step"]
    assert case.script.failures > 1


async def test_a_provider_that_asks_for_more_than_is_left_is_given_up_at_once(case: Case) -> None:
    case.script.plan = _due(case)
    case.script.failing, case.script.asks_for = {"step"}, PATIENCE + timedelta(minutes=1)
    await case.nudge(1, case.script.plan)
    await case.end()
    assert (case.script.given_up, case.script.failures) == (["step"], 1)


async def test_patience_is_handed_on_to_the_next_run(case: Case) -> None:
    impatient = case.impatient(600)
    case.script.plan = PlanData(number=1, kind="task", facts_seen=1, due_at=after(0.1), step_id="first")
    second = PlanData(number=2, kind="remind", facts_seen=1, due_at=after(0.1), step_id="step", stage="agent")
    case.script.after = {"first": second, "step": CLOSE}
    await impatient.nudge(1, case.script.plan)
    await impatient.end()
    history = await case.client.get_workflow_handle(case.id).fetch_history()
    assert history.events[0].workflow_execution_started_event_attributes.continued_execution_run_id
    assert (await _ordered(case)).schedule_to_close_timeout.ToTimedelta() == timedelta(minutes=10)
