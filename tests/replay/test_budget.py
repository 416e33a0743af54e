"""What the recorded cases cost at Temporal. The budget is stated; the figures come from the histories."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import timedelta

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory

from recourse.temporal.budget import bill, bill_of_chain
from tests.replay import goldens
from tests.replay.goldens import MOST_ACTIONS, MOST_EVENTS

REFERENCE = [name for name in goldens.names() if name.startswith("reference")]
DONE_IN_REFERENCE = {"reminder.send": 6, "task.open": 2, "vehicle.locate": 1, "legal.hand_over": 1}
PAYMENTS_IN_REFERENCE = 3
DAYS_OF_REFERENCE = 118
ROW = re.compile(r"^\| `(?P<name>[\w-]+)` \|.*\| (?P<runs>\d+) \| (?P<events>\d+) \| (?P<actions>\d+) \|$")


def _all_events(name: str) -> list[HistoryEvent]:
    return [event for run in goldens.read(name).runs for event in run.events]


@pytest.mark.parametrize("name", REFERENCE)
def test_the_reference_case_stays_within_its_budget(name: str) -> None:
    whole = bill_of_chain(run.events for run in goldens.read(name).runs)
    assert whole.actions <= MOST_ACTIONS, whole
    assert whole.events <= MOST_EVENTS, whole


@pytest.mark.parametrize("name", REFERENCE)
def test_the_reference_case_is_the_one_that_the_budget_is_stated_for(name: str) -> None:
    """Counted apart from the counter: what was ordered, what came in, and how many business days it took."""
    events = _all_events(name)
    ordered = Counter(
        event.activity_task_scheduled_event_attributes.activity_type.name
        for event in events
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
    )
    assert ordered == DONE_IN_REFERENCE
    assert sum(b'"payment"' in _signal(event) for event in events) == PAYMENTS_IN_REFERENCE
    start = json.loads(events[0].workflow_execution_started_event_attributes.input.payloads[0].data)
    real = events[-1].event_time.ToDatetime() - events[0].event_time.ToDatetime()
    assert real * start["calendar"]["scale"] >= timedelta(days=DAYS_OF_REFERENCE)


def _signal(event: HistoryEvent) -> bytes:
    payloads = event.workflow_execution_signaled_event_attributes.input.payloads
    return b"".join(payload.data for payload in payloads)


def test_the_counter_agrees_with_a_count_by_hand() -> None:
    """A first run that is signalled with its start, decides locally, waits, is answered once, reminds at the
    third attempt, and continues; its successor completes."""
    first = """
        {"eventId": "1", "eventType": "EVENT_TYPE_WORKFLOW_EXECUTION_STARTED",
         "workflowExecutionStartedEventAttributes": {"originalExecutionRunId": "r1"}}
        {"eventId": "2", "eventType": "EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED"}
        {"eventId": "3", "eventType": "EVENT_TYPE_WORKFLOW_TASK_SCHEDULED"}
        {"eventId": "4", "eventType": "EVENT_TYPE_WORKFLOW_TASK_STARTED"}
        {"eventId": "5", "eventType": "EVENT_TYPE_WORKFLOW_TASK_COMPLETED"}
        {"eventId": "6", "eventType": "EVENT_TYPE_MARKER_RECORDED", "markerRecordedEventAttributes":
         {"markerName": "core_local_activity", "workflowTaskCompletedEventId": "5"}}
        {"eventId": "7", "eventType": "EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES",
         "upsertWorkflowSearchAttributesEventAttributes":
         {"searchAttributes": {"indexedFields": {"RecourseStage": {}, "RecourseBucket": {}}}}}
        {"eventId": "8", "eventType": "EVENT_TYPE_TIMER_STARTED"}
        {"eventId": "9", "eventType": "EVENT_TYPE_WORKFLOW_TASK_SCHEDULED"}
        {"eventId": "10", "eventType": "EVENT_TYPE_WORKFLOW_TASK_STARTED"}
        {"eventId": "11", "eventType": "EVENT_TYPE_WORKFLOW_TASK_COMPLETED"}
        {"eventId": "12", "eventType": "EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED"}
        {"eventId": "13", "eventType": "EVENT_TYPE_MARKER_RECORDED", "markerRecordedEventAttributes":
         {"markerName": "core_local_activity", "workflowTaskCompletedEventId": "11"}}
        {"eventId": "14", "eventType": "EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED"}
        {"eventId": "15", "eventType": "EVENT_TYPE_TIMER_FIRED"}
        {"eventId": "16", "eventType": "EVENT_TYPE_WORKFLOW_TASK_SCHEDULED"}
        {"eventId": "17", "eventType": "EVENT_TYPE_WORKFLOW_TASK_STARTED"}
        {"eventId": "18", "eventType": "EVENT_TYPE_WORKFLOW_TASK_COMPLETED"}
        {"eventId": "19", "eventType": "EVENT_TYPE_ACTIVITY_TASK_SCHEDULED"}
        {"eventId": "20", "eventType": "EVENT_TYPE_ACTIVITY_TASK_STARTED",
         "activityTaskStartedEventAttributes": {"attempt": 3}}
        {"eventId": "21", "eventType": "EVENT_TYPE_ACTIVITY_TASK_COMPLETED"}
        {"eventId": "22", "eventType": "EVENT_TYPE_WORKFLOW_TASK_SCHEDULED"}
        {"eventId": "23", "eventType": "EVENT_TYPE_WORKFLOW_TASK_STARTED"}
        {"eventId": "24", "eventType": "EVENT_TYPE_WORKFLOW_TASK_COMPLETED"}
        {"eventId": "25", "eventType": "EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW"}
    """
    second = """
        {"eventId": "1", "eventType": "EVENT_TYPE_WORKFLOW_EXECUTION_STARTED",
         "workflowExecutionStartedEventAttributes": {"continuedExecutionRunId": "r1"}}
        {"eventId": "2", "eventType": "EVENT_TYPE_WORKFLOW_TASK_SCHEDULED"}
        {"eventId": "3", "eventType": "EVENT_TYPE_WORKFLOW_TASK_STARTED"}
        {"eventId": "4", "eventType": "EVENT_TYPE_WORKFLOW_TASK_COMPLETED"}
        {"eventId": "5", "eventType": "EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED"}
    """
    # By hand: start with its signal 1, local activity 1, upsert 1, timer 1, update 1, its local activity 1,
    # activity 1, its second and third attempt 2: 9. The continued run: 1.
    runs = [_history(first), _history(second)]
    assert bill(runs[0].events).actions == 9
    assert (
        bill_of_chain(run.events for run in runs).events,
        bill_of_chain(run.events for run in runs).actions,
    ) == (
        30,
        10,
    )


def _history(events: str) -> WorkflowHistory:
    joined = re.sub(r"\}\s*\{\"eventId\"", '}, {"eventId"', events)
    return WorkflowHistory.from_json("by hand", f'{{"events": [{joined}]}}')


def test_the_table_of_histories_tells_the_figures() -> None:
    table = (goldens.FOLDER / "README.md").read_text(encoding="utf-8").splitlines()
    told = {
        row["name"]: (int(row["runs"]), int(row["events"]), int(row["actions"]))
        for row in map(ROW.match, table)
        if row is not None
    }
    measured = {}
    for name in goldens.names():
        golden = goldens.read(name)
        whole = bill_of_chain(run.events for run in golden.runs)
        measured[name] = (len(golden.runs), whole.events, whole.actions)
    assert told == measured
