"""The case's run on a real server: it waits, performs in order, hears news, answers people, and ends once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Iterator

import pytest
from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowExecutionStatus

from recourse.contracts.messages import PlanData, TaskAnswer
from recourse.ports import CaseClosed
from tests.workflows.conftest import Case, after

CLOSE = PlanData(number=9, kind="close", facts_seen=9, reason="cured", stage="closed")


async def eventually(condition: Callable[[], Awaitable[bool]], seconds: float = 15) -> None:
    """Poll until true; fails loudly at the bound."""
    for _ in range(int(seconds / 0.05)):
        if await condition():
            return
        await asyncio.sleep(0.05)
    pytest.fail(f"not so within {seconds} s")


async def test_steps_are_performed_in_the_order_of_the_plans_and_the_case_ends(case: Case) -> None:
    second = PlanData(number=2, kind="locate", facts_seen=1, due_at=after(0.2), step_id="two", stage="field")
    third = PlanData(
        number=3, kind="handover", facts_seen=1, due_at=after(0.3), step_id="three", stage="legal"
    )
    case.script.plan = PlanData(number=1, kind="remind", facts_seen=1, due_at=after(0.1), step_id="one")
    case.script.after = {"one": second, "two": third, "three": CLOSE}
    await case.nudge()
    assert (await case.end())["reason"] == "cured"
    assert case.script.performed == ["one", "two", "three"]


async def test_a_nudge_wakes_a_sleeping_case_and_one_already_covered_costs_nothing(case: Case) -> None:
    await case.nudge(1)
    handle = case.client.get_workflow_handle(case.id)
    await eventually(case.decided_once)
    await case.nudge(1)
    case.script.plan = CLOSE
    await case.nudge(2)
    await handle.result()
    assert case.script.decided == 2


async def test_a_nudge_that_brings_its_plan_spares_the_question(case: Case) -> None:
    waiting = PlanData(number=1, kind="wait", facts_seen=1, reason="promise", stage="agent", bucket="M1")
    await case.nudge(1, waiting)
    await eventually(case.is_running)
    await case.nudge(2, CLOSE)
    assert (await case.end())["reason"] == "cured"
    assert case.script.decided == 0
    history = await case.client.get_workflow_handle(case.id).fetch_history()
    kinds = {event.event_type for event in history.events}
    assert EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES not in kinds


async def test_a_plan_that_comes_late_never_replaces_a_newer_one(case: Case) -> None:
    newer = PlanData(number=3, kind="remind", facts_seen=3, due_at=after(0.4), step_id="right", stage="agent")
    older = PlanData(number=2, kind="remind", facts_seen=2, due_at=after(0.1), step_id="wrong", stage="agent")
    case.script.after = {"right": CLOSE}
    await case.nudge(3, newer)
    await case.nudge(2, older)
    await case.end()
    assert case.script.performed == ["right"]


async def test_a_payment_while_a_step_waits_replaces_the_plan_before_the_step_runs(case: Case) -> None:
    case.script.plan = PlanData(number=1, kind="remind", facts_seen=1, due_at=after(500), step_id="late")
    await case.nudge(1)
    await eventually(case.decided_once)
    case.script.plan = CLOSE
    await case.nudge(2)
    await case.end()
    assert case.script.performed == []


async def test_a_completed_case_cannot_be_started_again_and_a_terminated_one_resumes(case: Case) -> None:
    await case.nudge(1)
    handle = case.client.get_workflow_handle(case.id)
    await handle.terminate("operations")
    await case.nudge(2)
    assert (await handle.describe()).status is WorkflowExecutionStatus.RUNNING
    case.script.plan = CLOSE
    await case.nudge(3)
    await case.end()
    assert isinstance(await case.nudge(4), CaseClosed)


async def test_a_task_answer_returns_a_receipt_with_the_next_step(case: Case) -> None:
    await case.nudge(1)
    answer = TaskAnswer("task-1", "complete", "agent-1", "req-1", ("agent",), outcome="refuses")
    receipt = await case.runs.answer_task(case.id, answer)
    assert (receipt.accepted, receipt.next_step) == (True, "next")


async def test_the_same_answer_repeated_reaches_the_database_once(case: Case) -> None:
    await case.nudge(1)
    answer = TaskAnswer("task-1", "complete", "agent-1", "req-1", ("agent",), outcome="refuses")
    first = await case.runs.answer_task(case.id, answer)
    again = await case.runs.answer_task(case.id, answer)
    assert first == again
    assert case.script.answers == ["req-1"]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (TaskAnswer("", "claim", "agent-1", "r"), "task_id, actor and request_id"),
        (TaskAnswer("task-1", "complete", "agent-1", "r"), "outcome"),
    ],
)
async def test_an_answer_that_cannot_be_right_is_rejected_by_the_validator(
    case: Case, answer: TaskAnswer, code: str
) -> None:
    await case.nudge(1)
    receipt = await case.runs.answer_task(case.id, answer)
    assert (receipt.accepted, receipt.code) == (False, code)
    assert case.script.answers == []


async def test_an_answer_for_a_case_that_never_ran_says_so(case: Case) -> None:
    receipt = await case.runs.answer_task(case.id, TaskAnswer("t", "claim", "a", "r"))
    assert receipt.code == "case_not_running"


async def test_a_provider_that_is_away_is_tried_again_until_it_is_back(case: Case) -> None:
    case.script.failing = {"open"}
    case.script.plan = PlanData(number=1, kind="locate", facts_seen=1, due_at=after(0.1), step_id="open")
    case.script.after = {"open": CLOSE}
    await case.nudge(1)
    await eventually(case.failed_once)
    case.script.failing.clear()
    await case.end()
    assert case.script.performed == ["open"]


async def test_the_run_reads_like_a_diary_and_can_be_found_by_stage(case: Case) -> None:
    case.script.plan = PlanData(
        number=1, kind="remind", facts_seen=1, due_at=after(0.1), step_id="sms", bucket="M1", strategy="s@1"
    )
    waiting = PlanData(number=2, kind="wait", facts_seen=1, reason="task", stage="agent", bucket="M1", dpd=5)
    case.script.after = {"sms": waiting}
    await case.nudge(1)
    handle = case.client.get_workflow_handle(case.id)
    await eventually(case.performed_sms)

    async def listed() -> bool:
        query = f"WorkflowId = '{case.id}' AND RecourseStage = 'agent' AND ExecutionStatus = 'Running'"
        return len([w async for w in case.client.list_workflows(query)]) == 1

    await eventually(listed)
    # At the stage change the run continued as new and carried the diary over.
    history = await handle.fetch_history()
    assert history.events[0].workflow_execution_started_event_attributes.continued_execution_run_id
    details = await handle.query("__temporal_workflow_metadata", result_type=dict)
    assert "**sms** → done (sent)" in str(details)
    assert str(details).count("heard: overdue") == 1


async def test_timers_and_activities_carry_summaries(case: Case) -> None:
    case.script.plan = PlanData(number=1, kind="remind", facts_seen=1, due_at=after(2), step_id="sms", dpd=3)
    case.script.after = {"sms": CLOSE}
    await case.nudge(1)
    await case.end()
    history = await case.client.get_workflow_handle(case.id).fetch_history()
    told = [event for event in history.events if event.user_metadata.summary.data]
    words = await case.client.data_converter.decode([event.user_metadata.summary for event in told])
    summaries = {event.event_type: word for event, word in zip(told, words, strict=True)}
    assert summaries[EventType.EVENT_TYPE_TIMER_STARTED] == "day 3: next sms"
    assert summaries[EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED] == "day 3: sms"


MARKS = {
    *("seq", "attempt", "activity_id", "activity_type", "activation_index"),
    *("complete_time", "backoff", "original_schedule_time"),
}


def _payloads(message: Message, path: str = "") -> Iterator[tuple[str, Payload]]:
    """Every payload in a message, wherever, with the names that lead to it."""
    for field, value in message.ListFields():
        values = value.values() if hasattr(value, "values") else value
        for inner in values if isinstance(values, Iterable) and not isinstance(values, str) else [values]:
            if isinstance(inner, Payload):
                yield f"{path}/{field.name}", inner
            elif isinstance(inner, Message):
                yield from _payloads(inner, f"{path}/{field.name}")


async def test_nothing_of_a_case_is_legible_at_temporal_but_ids_and_search_attributes(case: Case) -> None:
    case.script.plan = PlanData(
        number=1, kind="remind", facts_seen=1, due_at=after(0.1), step_id="sms", dpd=3
    )
    case.script.after = {"sms": CLOSE}
    await case.nudge(1)
    await case.end()
    history = await case.client.get_workflow_handle(case.id).fetch_history()
    found = [pair for event in history.events for pair in _payloads(event)]
    assert len(found) > 10
    legible = [(path, one) for path, one in found if one.metadata["encoding"] != b"binary/encrypted"]
    ours = [(path, one) for path, one in legible if "/search_attributes/" not in path]
    assert len(ours) < len(legible) < len(found)
    # The SDK's own marks of local activities are all that is left: names, numbers and times.
    assert {path.split("/")[1] for path, _ in ours} == {"marker_recorded_event_attributes"}
    assert {name for _, one in ours for name in json.loads(one.data)} <= MARKS


async def test_a_flood_of_nudges_while_the_case_closes_loses_none(case: Case) -> None:
    case.script.plan = PlanData(number=1, kind="remind", facts_seen=1, due_at=after(0.05), step_id="sms")
    case.script.after = {"sms": PlanData(number=2, kind="close", facts_seen=60, reason="cured")}
    await case.nudge(1)
    results = await asyncio.gather(*(case.nudge(n) for n in range(2, 60)))
    await case.end()
    # Every nudge was either signalled to the open run or answered "closed"; nobody got an error.
    assert all(result is None or isinstance(result, CaseClosed) for result in results)
    status = (await case.client.get_workflow_handle(case.id).describe()).status
    assert status is WorkflowExecutionStatus.COMPLETED
