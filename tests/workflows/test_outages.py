"""What becomes of a case whose database is away: it waits, loses nothing, and blames nobody else."""

from __future__ import annotations

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError

from recourse.contracts.messages import PlanData, TaskAnswer
from tests.workflows.conftest import Case, after
from tests.workflows.test_collection_case import CLOSE, eventually

WAITING = PlanData(number=1, kind="wait", facts_seen=1, reason="task")


async def test_a_case_outlives_an_outage_in_which_it_should_decide(case: Case) -> None:
    case.script.plan = CLOSE
    case.script.database_away = 4
    await case.nudge(1)
    await case.end()
    assert case.script.decided == 1
    history = await case.client.get_workflow_handle(case.id).fetch_history()
    ordered = [e for e in history.events if e.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED]
    assert len(ordered) == 1, "tried locally twice, then by one activity that is retried without new tasks"


async def test_an_answer_given_during_an_outage_is_taken_when_it_is_over(case: Case) -> None:
    await case.nudge(1, WAITING)
    await eventually(case.is_running)
    case.script.database_away = 3
    answer = TaskAnswer("task-1", "complete", "agent-1", "req-1", ("agent",), outcome="refuses")
    receipt = await case.runs.answer_task(case.id, answer)
    assert receipt.accepted
    assert case.script.answers == ["req-1"]


async def test_a_step_is_not_given_up_because_our_own_database_was_away(case: Case) -> None:
    case.script.plan = PlanData(number=1, kind="locate", facts_seen=1, due_at=after(0.1), step_id="gps")
    case.script.after = {"gps": CLOSE}
    await case.nudge(1, case.script.plan)
    case.script.database_away = 1
    await case.end()
    assert case.script.performed == ["gps"]
    assert case.script.given_up == []


async def test_a_try_that_hung_says_nothing_about_the_provider_and_the_step_stays_due(case: Case) -> None:
    """What a hanging database looks like from here: no error at all, only time that has passed."""
    impatient = case.impatient(3)
    case.script.plan = PlanData(number=1, kind="remind", facts_seen=1, due_at=after(0.1), step_id="sms")
    case.script.after = {"sms": CLOSE}
    case.script.hangs = {"sms"}
    await impatient.nudge(1, case.script.plan)
    await impatient.end()
    assert (case.script.performed, case.script.given_up) == (["sms"], [])


async def test_a_fault_of_our_own_is_not_laid_at_the_providers_door(case: Case) -> None:
    case.script.plan = PlanData(number=1, kind="locate", facts_seen=1, due_at=after(0.1), step_id="gps")
    case.script.after = {"gps": CLOSE}
    case.script.broken = {"gps"}
    await case.nudge(1, case.script.plan)
    await case.end()
    assert (case.script.performed, case.script.given_up) == (["gps"], [])


async def test_a_provider_that_was_away_when_patience_ended_in_a_try_is_given_up(case: Case) -> None:
    impatient = case.impatient(3)
    case.script.plan = PlanData(number=1, kind="remind", facts_seen=1, due_at=after(0.1), step_id="sms")
    case.script.after = {"sms": CLOSE}
    case.script.failing = {"sms"}
    await impatient.nudge(1, case.script.plan)
    await eventually(case.failed_once)
    case.script.hangs = {"sms"}
    await impatient.end()
    assert case.script.given_up == ["sms"]


async def test_a_case_that_is_cancelled_gives_up_no_step(case: Case) -> None:
    """An operator's doing. The sweep starts the case again from its rows, where the step is still due."""
    case.script.failing = {"gps"}
    case.script.plan = PlanData(number=1, kind="locate", facts_seen=1, due_at=after(0.1), step_id="gps")
    case.script.after = {"gps": CLOSE}
    await case.nudge(1, case.script.plan)
    await eventually(case.failed_once)
    handle = case.client.get_workflow_handle(case.id)
    await handle.cancel()
    with pytest.raises(WorkflowFailureError):
        await handle.result()
    assert (await handle.describe()).status is WorkflowExecutionStatus.CANCELED
    assert case.script.given_up == []
