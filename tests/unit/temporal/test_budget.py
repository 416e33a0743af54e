"""The counter of billable actions, event by event, against Temporal's published rules."""

from __future__ import annotations

import pytest
from temporalio.api.common.v1 import Payload, SearchAttributes
from temporalio.api.enums.v1 import EventType, WorkflowTaskFailedCause
from temporalio.api.history.v1 import HistoryEvent

from recourse.temporal.budget import Bill, bill, bill_of_chain


def events(*given: HistoryEvent | str) -> list[HistoryEvent]:
    """Numbered as the server does. A string is the name of an event with nothing in it."""
    made = [HistoryEvent(event_type=_type(one)) if isinstance(one, str) else one for one in given]
    for number, event in enumerate(made, 1):
        event.event_id = number
    return made


def _type(name: str) -> EventType.ValueType:
    return EventType.Value(f"EVENT_TYPE_{name}")


def started(*, continued: str = "", attributes: tuple[str, ...] = ()) -> HistoryEvent:
    event = HistoryEvent(event_type=_type("WORKFLOW_EXECUTION_STARTED"))
    inside = event.workflow_execution_started_event_attributes
    inside.continued_execution_run_id = continued
    inside.search_attributes.CopyFrom(_attributes(attributes))
    return event


def _attributes(names: tuple[str, ...]) -> SearchAttributes:
    return SearchAttributes(indexed_fields={name: Payload() for name in names})


def marker(name: str, of_task: int) -> HistoryEvent:
    event = HistoryEvent(event_type=_type("MARKER_RECORDED"))
    event.marker_recorded_event_attributes.marker_name = name
    event.marker_recorded_event_attributes.workflow_task_completed_event_id = of_task
    return event


def upsert(*names: str) -> HistoryEvent:
    event = HistoryEvent(event_type=_type("UPSERT_WORKFLOW_SEARCH_ATTRIBUTES"))
    event.upsert_workflow_search_attributes_event_attributes.search_attributes.CopyFrom(_attributes(names))
    return event


def activity_started(attempt: int) -> HistoryEvent:
    event = HistoryEvent(event_type=_type("ACTIVITY_TASK_STARTED"))
    event.activity_task_started_event_attributes.attempt = attempt
    return event


def task_completed(local_retries: int) -> HistoryEvent:
    event = HistoryEvent(event_type=_type("WORKFLOW_TASK_COMPLETED"))
    metering = event.workflow_task_completed_event_attributes.metering_metadata
    metering.nonfirst_local_activity_execution_attempts = local_retries
    return event


def task_failed(cause: WorkflowTaskFailedCause.ValueType) -> HistoryEvent:
    event = HistoryEvent(event_type=_type("WORKFLOW_TASK_FAILED"))
    event.workflow_task_failed_event_attributes.cause = cause
    return event


TASK = ("WORKFLOW_TASK_SCHEDULED", "WORKFLOW_TASK_STARTED", "WORKFLOW_TASK_COMPLETED")
SIGNAL = "WORKFLOW_EXECUTION_SIGNALED"


@pytest.mark.parametrize(
    ("history", "by_kind"),
    [
        pytest.param([started()], {"start": 1}, id="a start"),
        pytest.param([started(continued="r1")], {"continue": 1}, id="a continued run"),
        pytest.param(
            [started(attributes=("TemporalScheduledById",))], {"start": 3}, id="a start by a schedule"
        ),
        pytest.param([started(attributes=("RecourseStage",))], {"start": 1}, id="attributes of a start"),
        pytest.param([started(), SIGNAL], {"start": 1}, id="a signal with its start"),
        pytest.param([started(), SIGNAL, SIGNAL], {"start": 1, "signal": 1}, id="a second signal"),
        pytest.param([started(), *TASK, SIGNAL], {"start": 1, "signal": 1}, id="a signal after the start"),
        pytest.param(
            [started(continued="r1"), SIGNAL], {"continue": 1, "signal": 1}, id="a signal to a new run"
        ),
        pytest.param(["TIMER_STARTED", "TIMER_CANCELED"], {"timer": 1}, id="a timer given up"),
        pytest.param(["TIMER_STARTED", "TIMER_FIRED"], {"timer": 1}, id="a timer"),
        pytest.param(["ACTIVITY_TASK_SCHEDULED", activity_started(1)], {"activity": 1}, id="an activity"),
        pytest.param(
            ["ACTIVITY_TASK_SCHEDULED", activity_started(8)], {"activity": 1, "retry": 7}, id="eight attempts"
        ),
        pytest.param([marker("core_local_activity", 4)], {"local": 1}, id="a local activity"),
        pytest.param(
            [marker("core_local_activity", 4), marker("core_local_activity", 4)],
            {"local": 1},
            id="two in one task",
        ),
        pytest.param(
            [marker("core_local_activity", 4), marker("core_local_activity", 9)],
            {"local": 2},
            id="two in two tasks",
        ),
        pytest.param([marker("core_patch", 4)], {}, id="another marker"),
        pytest.param([task_completed(3)], {"retry": 3}, id="retries of a local activity"),
        pytest.param([upsert("RecourseStage", "RecourseTeam")], {"search": 1}, id="an upsert of several"),
        pytest.param([upsert("TemporalChangeVersion")], {}, id="an upsert by the SDK for a patch"),
        pytest.param(
            [upsert("TemporalChangeVersion", "RecourseStage")], {"search": 1}, id="an upsert for both"
        ),
        pytest.param([*TASK, *TASK], {"local": 1}, id="a task that only asked for more time"),
        pytest.param([*TASK, SIGNAL, *TASK], {"signal": 1}, id="a task begun by a signal"),
        pytest.param(
            [*TASK, *TASK, "WORKFLOW_EXECUTION_UPDATE_ACCEPTED", "WORKFLOW_EXECUTION_UPDATE_COMPLETED"],
            {"update": 1},
            id="a task begun by an update",
        ),
        pytest.param(
            [task_failed(WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW)],
            {"reset": 1},
            id="a reset",
        ),
        pytest.param(
            [task_failed(WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR)],
            {},
            id="a task that failed",
        ),
        pytest.param(["START_CHILD_WORKFLOW_EXECUTION_INITIATED"], {"child": 1}, id="a child, here"),
        pytest.param(["WORKFLOW_EXECUTION_CONTINUED_AS_NEW"], {}, id="the end of a continued run"),
        pytest.param(["WORKFLOW_EXECUTION_COMPLETED"], {}, id="the end"),
        pytest.param([], {}, id="nothing"),
    ],
)
def test_what_an_event_costs(history: list[HistoryEvent | str], by_kind: dict[str, int]) -> None:
    assert bill(events(*history)) == Bill(len(history), by_kind)


def test_a_history_that_begins_later_does_not_take_its_second_event_for_a_start() -> None:
    """A page of a history: the signal in it came with no start."""
    page = events(started(), SIGNAL)
    for event in page:
        event.event_id += 50
    assert bill(page).by_kind == {"start": 1, "signal": 1}


def test_a_chain_is_the_sum_of_its_runs() -> None:
    first = events(started(), SIGNAL, *TASK, "TIMER_STARTED", "WORKFLOW_EXECUTION_CONTINUED_AS_NEW")
    second = events(started(continued="r1"), *TASK, "TIMER_STARTED", "WORKFLOW_EXECUTION_COMPLETED")
    whole = bill_of_chain([first, second])
    assert whole == Bill(13, {"start": 1, "continue": 1, "timer": 2})
    assert whole.actions == 4
    assert bill_of_chain([]) == Bill()
