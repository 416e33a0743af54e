"""Today's workflows replay what every recorded case did, event by event, without wanting anything else.

Red here means: a case that is running now would fail after the next release. Mend it with
`workflow.patched`, never by recording the history again.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable
from typing import Any

import pytest
from temporalio import workflow
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory

from tests.events import snapshot
from tests.replay import goldens
from tests.replay.altered import AsksForAnotherActivity, NeverRenews, RenewsUnasked, WaitsWithoutTimer
from tests.replay.deployment import START
from tests.replay.goldens import replayer
from workflows.sweep import Sweep

NAMES = goldens.names()
CONTINUED = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW
COMPLETED = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED
ABSOLUTE_PATH = re.compile(r"""(^|[\s"'(=])(/[\w.-]+){2,}|[A-Za-z]:\\""")
AT_A_HOST = re.compile(r"\d+@\w+")
EMAIL_OR_PHONE = re.compile(r"[\w.+-]+@[\w-]+\.\w+|\+\d{8,}")


@pytest.mark.parametrize("name", NAMES)
async def test_todays_workflow_replays_the_recorded_case(name: str) -> None:
    for run in goldens.read(name).runs:
        await replayer().replay_workflow(run)


@pytest.mark.parametrize("name", NAMES)
def test_a_history_is_complete_from_the_first_run_to_the_end(name: str) -> None:
    """A replay notices nothing past the recorded end, so a history cut off would prove less than it seems."""
    runs = goldens.read(name).runs
    before = ""
    for run in runs:
        assert [event.event_id for event in run.events] == list(range(1, len(run.events) + 1))
        started = run.events[0].workflow_execution_started_event_attributes
        assert started.continued_execution_run_id == before
        before = started.original_execution_run_id
    assert [run.events[-1].event_type for run in runs] == [*[CONTINUED] * (len(runs) - 1), COMPLETED]


@pytest.mark.parametrize("name", NAMES)
def test_a_history_holds_no_person_and_no_machine(name: str) -> None:
    text = (goldens.FOLDER / f"{name}.json").read_text(encoding="utf-8")
    found = list(_all_texts(json.loads(text)))
    assert len(found) > 100
    for word in _personal_words():
        assert not [one for one in found if word in one]
    for pattern in (ABSOLUTE_PATH, AT_A_HOST, EMAIL_OR_PHONE):
        assert not [one for one in found if pattern.search(one)]


def test_the_scan_finds_what_it_looks_for() -> None:
    words = _personal_words()
    assert {"测试人", "+8613800000001", "borrower@example.com", "沪A00000"} <= words
    hidden = base64.b64encode(b'{"to": "borrower@example.com"}').decode()
    assert any(EMAIL_OR_PHONE.search(one) for one in _all_texts({"payloads": [{"data": hidden}]}))
    assert ABSOLUTE_PATH.search('File "/home/somebody/activities/deciding.py", line 3')
    assert AT_A_HOST.search("4711@laptop")


def _all_texts(value: Any) -> list[str]:
    """Every string, and what it says where it is the data of a payload."""
    plain = list(goldens.texts(value))
    return plain + [decoded for one in plain if (decoded := _decoded(one)) is not None]


def _decoded(data: str) -> str | None:
    try:
        return base64.b64decode(data, validate=True).decode()
    except ValueError:
        return None


def _personal_words() -> set[str]:
    """Whatever the bank tells of people and their cars, apart from the loan's own opaque id."""
    data = snapshot("LOAN", at=START).data.model_dump(mode="json")
    told = {"name", "value", "text", "plate", "device_id"}
    return {word.replace("LOAN", "golden-") for word in _values(data, told)} | {"C-golden-"}


def _values(value: Any, keys: set[str]) -> set[str]:
    match value:
        case dict():
            own = {inner for key, inner in value.items() if key in keys and isinstance(inner, str)}
            return own.union(*(_values(inner, keys) for inner in value.values()))
        case list():
            return set().union(*(_values(inner, keys) for inner in value))
        case _:
            return set()


def test_a_recording_never_replaces_a_history() -> None:
    before = (goldens.FOLDER / f"{NAMES[0]}.json").read_bytes()
    with pytest.raises(FileExistsError):
        goldens.write(NAMES[0], "case-other-1", [])
    assert (goldens.FOLDER / f"{NAMES[0]}.json").read_bytes() == before


@pytest.mark.parametrize(
    ("altered", "name"),
    [
        (AsksForAnotherActivity, "default-ladder"),
        (WaitsWithoutTimer, "default-ladder"),
        (NeverRenews, "default-ladder"),
        (NeverRenews, "history-grew-long"),
        (RenewsUnasked, "moved-to-another-ladder"),
    ],
)
async def test_a_workflow_that_does_otherwise_is_noticed(altered: type, name: str) -> None:
    with pytest.raises(workflow.NondeterminismError):
        await replayer([altered, Sweep]).replay_workflow(goldens.read(name).runs[0])


def test_a_history_that_grew_long_was_renewed_within_its_stage() -> None:
    runs = goldens.read("history-grew-long").runs
    longest = [run for run in runs if _suggested(run.events)]
    assert longest
    assert {_starts(run)["plan"]["stage"] for run in runs[:2]} == {"reminder"}


def test_a_case_that_moved_is_found_under_its_new_ladder_from_that_run_on() -> None:
    before, moved, _ = goldens.read("moved-to-another-ladder-renewed").runs
    old, new = "cn_auto@2026-11-27", "cn_auto@2026-11-01"
    assert [_starts(run)["plan"]["strategy"] for run in (before, moved)] == [old, new]
    assert [_starts(run)["plan"]["stage"] for run in (before, moved)] == ["reminder", "reminder"]
    found = [_attribute(run, "RecourseStrategy") for run in (before, moved)]
    assert found == [old, new]


def _suggested(events: Iterable[HistoryEvent]) -> bool:
    return any(event.workflow_task_started_event_attributes.suggest_continue_as_new for event in events)


def _starts(run: WorkflowHistory) -> dict[str, Any]:
    started = run.events[0].workflow_execution_started_event_attributes
    value: dict[str, Any] = json.loads(started.input.payloads[0].data)
    return value


def _attribute(run: WorkflowHistory, name: str) -> str:
    started = run.events[0].workflow_execution_started_event_attributes
    return str(json.loads(started.search_attributes.indexed_fields[name].data))
