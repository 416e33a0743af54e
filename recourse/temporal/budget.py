"""What a case costs at Temporal: its history events, and its billable actions by the published rules.

The rules are Temporal's own (docs.temporal.io/evaluate/cloud/actions), read from the history as its page on
estimating actions describes (docs.temporal.io/cloud/migrate/estimate-actions). One action each:

- start of a run, by a client or by continue-as-new. Continue-as-new shows as the started event of the new
  run, so the old run's closing event counts nothing. A start by a schedule is two more.
- signal; a signal-with-start is one in total whether it starts or not, so the signal that comes with a
  start (the second event of a first run) counts nothing of its own.
- update accepted. A rejected one is an action too but never written to a history.
- timer started, also the hidden one of a wait with a time-out.
- activity scheduled, and each further attempt (`attempt - 1` of its started event).
- all local activities of one workflow task together; a workflow task that brought nothing but word that a
  local activity still runs (a heartbeat) is one more, and so is each later retry of a local activity.
- upsert of search attributes, however many in one call; not those of a start, nor the one by which the SDK
  notes a patch.
- start of a child: two, one shown here and one as the start of the child's own history.
- reset, change of a run's options, Nexus operation scheduled or asked to cancel.

Not in any history, and so not counted here: queries, rejected updates, heartbeats of activities.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from temporalio.api.enums.v1 import EventType, WorkflowTaskFailedCause
from temporalio.api.history.v1 import HistoryEvent

_LOCAL_ACTIVITY = frozenset({"core_local_activity", "LocalActivity"})
_PATCHES = "TemporalChangeVersion"
_SCHEDULED_BY = "TemporalScheduledById"

_ONE: Mapping[int, str] = {
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED: "update",
    EventType.EVENT_TYPE_TIMER_STARTED: "timer",
    EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED: "activity",
    EventType.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED: "child",
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED: "options",
    EventType.EVENT_TYPE_NEXUS_OPERATION_SCHEDULED: "nexus",
    EventType.EVENT_TYPE_NEXUS_OPERATION_CANCEL_REQUESTED: "nexus",
}
"""Events that are one action whatever they say."""


@dataclass(frozen=True, slots=True)
class Bill:
    """events: all of the history. by_kind: billable actions by what they were for."""

    events: int = 0
    by_kind: Mapping[str, int] = field(default_factory=dict)

    @property
    def actions(self) -> int:
        return sum(self.by_kind.values())

    def __add__(self, other: Bill) -> Bill:
        return Bill(self.events + other.events, dict(Counter(self.by_kind) + Counter(other.by_kind)))


def bill(events: Sequence[HistoryEvent]) -> Bill:
    """The bill of one run. `WorkflowHistory.events` and `History.events` both fit."""
    counted: Counter[str] = Counter()
    with_markers: set[int] = set()
    for position, event in enumerate(events):
        kind, actions = _of(event, position, events)
        if kind == "local":
            task = event.marker_recorded_event_attributes.workflow_task_completed_event_id
            actions = int(task not in with_markers)
            with_markers.add(task)
        counted[kind] += actions
    counted["local"] += _heartbeats(events)
    return Bill(len(events), {kind: n for kind, n in sorted(counted.items()) if n})


def bill_of_chain(runs: Iterable[Sequence[HistoryEvent]]) -> Bill:
    """The bill of a case over all its runs: first run, then every one it continued as."""
    return sum((bill(events) for events in runs), Bill())


def _of(event: HistoryEvent, position: int, events: Sequence[HistoryEvent]) -> tuple[str, int]:
    """Kind and number of actions of one event; kind "" counts nothing."""
    match event.event_type:
        case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
            return _start(event)
        case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
            return "signal", int(not _came_with_start(position, events))
        case EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED:
            return "retry", max(event.activity_task_started_event_attributes.attempt - 1, 0)
        case EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES:
            given = event.upsert_workflow_search_attributes_event_attributes.search_attributes
            return "search", int(set(given.indexed_fields) != {_PATCHES})
        case EventType.EVENT_TYPE_MARKER_RECORDED:
            ours = event.marker_recorded_event_attributes.marker_name in _LOCAL_ACTIVITY
            return ("local", 1) if ours else ("", 0)
        case EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
            metering = event.workflow_task_completed_event_attributes.metering_metadata
            return "retry", metering.nonfirst_local_activity_execution_attempts
        case EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED:
            cause = event.workflow_task_failed_event_attributes.cause
            reset = WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW
            return "reset", int(cause == reset)
        case kind:
            return (_ONE[kind], 1) if kind in _ONE else ("", 0)


def _start(event: HistoryEvent) -> tuple[str, int]:
    started = event.workflow_execution_started_event_attributes
    if started.continued_execution_run_id:
        return "continue", 1
    return "start", 3 if _SCHEDULED_BY in started.search_attributes.indexed_fields else 1


def _came_with_start(position: int, events: Sequence[HistoryEvent]) -> bool:
    """The server writes start, signal and first task as one; a later signal comes after that task."""
    first = events[0].workflow_execution_started_event_attributes
    return position == 1 and events[0].event_id == 1 and not first.continued_execution_run_id


def _heartbeats(events: Sequence[HistoryEvent]) -> int:
    """Workflow tasks after which the next one began though nothing had happened: the worker asked for more
    time for a local activity. (An update also begins a task out of nothing, but then is accepted by it.)"""
    completed = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
    of_nothing = (
        completed,
        EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED,
        EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED,
        completed,
    )
    accepted = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED
    kinds = [event.event_type for event in events]
    return sum(
        1
        for at in range(len(kinds) - 3)
        if tuple(kinds[at : at + 4]) == of_nothing and kinds[at + 4 : at + 5] != [accepted]
    )
