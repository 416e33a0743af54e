"""A case that moves to another ladder is found under it at once, and goes on waiting."""

from __future__ import annotations

from dataclasses import replace

from temporalio.api.enums.v1 import EventType

from recourse.contracts.messages import PlanData
from tests.workflows.conftest import Case, after
from tests.workflows.test_collection_case import CLOSE, eventually

WAITING = PlanData(
    number=1, kind="remind", facts_seen=1, due_at=after(500), step_id="sms", stage="agent", strategy="cn@1"
)
MOVED = replace(WAITING, number=2, facts_seen=2, strategy="cn@2")


async def _is_found(case: Case, strategy: str) -> bool:
    query = f"WorkflowId = '{case.id}' AND RecourseStrategy = '{strategy}' AND ExecutionStatus = 'Running'"
    return len([found async for found in case.client.list_workflows(query)]) == 1


async def test_a_move_in_the_middle_of_a_stage_is_found_at_once(case: Case) -> None:
    await case.nudge(1, WAITING)
    await eventually(lambda: _is_found(case, "cn@1"))
    await case.nudge(2, MOVED)
    await eventually(lambda: _is_found(case, "cn@2"))
    assert not await _is_found(case, "cn@1")
    await case.nudge(3, CLOSE)
    assert (await case.end())["reason"] == "cured"
    assert case.script.performed == []


async def test_news_under_the_same_ladder_begin_no_new_run(case: Case) -> None:
    await case.nudge(1, WAITING)
    await case.nudge(2, replace(WAITING, number=2, facts_seen=2, due_at=after(0.2)))
    case.script.after = {"sms": CLOSE}
    await case.end()
    history = await case.client.get_workflow_handle(case.id).fetch_history()
    assert history.events[-1].event_type is EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED
    assert not history.events[0].workflow_execution_started_event_attributes.continued_execution_run_id


async def test_a_move_that_comes_while_a_step_is_done_is_found_after_it(case: Case) -> None:
    due = replace(WAITING, due_at=after(0.1))
    case.script.after = {"sms": replace(MOVED, step_id="email")}
    await case.nudge(1, due)
    await eventually(lambda: _is_found(case, "cn@2"))
    assert case.script.performed == ["sms"]
