"""Golden histories as files: one a case, with every run of its chain, one event a line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from recourse.temporal.codec import KeyRing
from recourse.temporal.converter import sealed_converter
from recourse.temporal.worker import WORKFLOWS, sandbox

FOLDER = Path(__file__).parent / "histories"
RING = KeyRing.parse(KeyRing.fresh_entry("of-this-run"))
"""No history that was recorded is under it: what is plain passes."""
MOST_ACTIONS, MOST_EVENTS = 35, 160
"""What the reference case may cost at Temporal, over all its runs."""


@dataclass(frozen=True)
class Golden:
    """runs: the first one first."""

    name: str
    workflow_id: str
    runs: tuple[WorkflowHistory, ...]


def names() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def read(name: str) -> Golden:
    file = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    key = file["workflow_id"]
    return Golden(name, key, tuple(WorkflowHistory.from_json(key, run) for run in file["runs"]))


def write(name: str, workflow_id: str, runs: Sequence[WorkflowHistory]) -> None:
    """Raises FileExistsError: a golden history is what released code once wrote, never to be rewritten."""
    written = ",\n".join(_lines(run) for run in runs)
    with (FOLDER / f"{name}.json").open("x", encoding="utf-8") as file:
        file.write(f'{{"workflow_id": {json.dumps(workflow_id)}, "runs": [\n{written}\n]}}\n')


def _lines(run: WorkflowHistory) -> str:
    events = [
        json.dumps(_without_traces(event), ensure_ascii=False) for event in run.to_json_dict()["events"]
    ]
    return '{"events": [\n' + ",\n".join(events) + "\n]}"


def _without_traces(value: Any) -> Any:
    """Traces name the folders of the machine that recorded; no replay looks at them."""
    match value:
        case dict():
            return {key: _without_traces(inner) for key, inner in value.items() if key != "stackTrace"}
        case list():
            return [_without_traces(inner) for inner in value]
        case _:
            return value


def replayer(workflows: Sequence[type] = WORKFLOWS) -> Replayer:
    """As production hosts them: the same workflows, data converter and sandbox."""
    return Replayer(
        workflows=list(workflows), workflow_runner=sandbox(), data_converter=sealed_converter(RING)
    )


def texts(value: Any) -> Iterator[str]:
    """Every string inside, however deep."""
    match value:
        case dict():
            for inner in value.values():
                yield from texts(inner)
        case list():
            for inner in value:
                yield from texts(inner)
        case str():
            yield value
