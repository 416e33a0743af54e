"""The stack's command line as a process, and how its end is observed."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from recourse.stack import StackAddresses, running
from recourse.stack.addresses import VARIABLES
from recourse.stack.process import is_alive
from recourse.stack.supervisor import empty

COMMAND = [sys.executable, "-c", "from recourse.cli.stack import app; app()"]


@dataclass(frozen=True)
class CommandLine:
    """`recourse stack …` with a home of its own and no address configured."""

    home: Path
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        inherited = {k: v for k, v in os.environ.items() if k not in VARIABLES.values()}
        return {**inherited, "RECOURSE_HOME": str(self.home), "COLUMNS": "400", **self.settings}

    def run(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        environment = {**self.environment, **settings}
        return subprocess.run(
            [*COMMAND, *arguments], env=environment, capture_output=True, text=True, check=False, timeout=120
        )

    def open(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*COMMAND, *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def status(self) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.run("status", "--json").stdout)
        return answer

    def processes(self) -> dict[int, str]:
        """Every process the state file records, with its birth."""
        state = json.loads((self.home / "stack.json").read_text())
        members = {m["pid"]: m["birth"] for m in state["members"].values() if m["pid"] is not None}
        return {**members, state["supervisor_pid"]: state["supervisor_birth"]}


@pytest.fixture
def command(tmp_path: Path) -> Iterator[CommandLine]:
    """A command line whose stack is stopped after the test, whatever the test did to it."""
    line = CommandLine(tmp_path / "home")
    yield line
    line.run("down")
    empty(line.home / "data")


@pytest.fixture(scope="module")
async def ends(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[StackAddresses]:
    """The four ends alone."""
    async with running(tmp_path_factory.mktemp("ends"), servers=()) as addresses:
        yield addresses


async def all_gone(processes: dict[int, str], *, seconds: float = 15.0) -> bool:
    """Whether every process has ended, given a bounded time to do so."""
    deadline = asyncio.get_running_loop().time() + seconds
    while any(is_alive(pid, birth) for pid, birth in processes.items()):
        if asyncio.get_running_loop().time() > deadline:
            return False
        await asyncio.sleep(0.05)
    return True


async def logged(path: str, event: str, *, seconds: float = 10.0, **members: Any) -> dict[str, Any]:
    """The first logged object with this event and these members, waiting a bounded time for it."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        for line in Path(path).read_text(encoding="utf-8").splitlines():
            entry: dict[str, Any] = json.loads(line)
            if entry["event"] == event and all(entry.get(name) == value for name, value in members.items()):
                return entry
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"no {event} with {members} in {path}")
        await asyncio.sleep(0.05)
