"""The state file `.recourse/stack.json` and the lock that says whether a supervisor lives."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from recourse.stack.addresses import StackAddresses
from recourse.stack.errors import StackError
from recourse.stack.process import is_alive
from recourse.stack.servers.component import Folders

LOCK_TRIES: Final = 20
LOCK_PAUSE_SECONDS: Final = 0.02


class Phase(StrEnum):
    """How far a stack has come."""

    STARTING = "starting"
    READY = "ready"


@dataclass(frozen=True, slots=True)
class Home:
    """The project folder of one stack: `RECOURSE_HOME`, else `.recourse` in the current folder."""

    path: Path

    @classmethod
    def default(cls) -> Home:
        return cls(Path(os.environ.get("RECOURSE_HOME") or ".recourse").resolve())

    def make(self) -> None:
        """For its owner alone: the state holds the secrets of what was configured."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.mkdir(mode=0o700, exist_ok=True)

    @property
    def state_file(self) -> Path:
        return self.path / "stack.json"

    @property
    def keys_file(self) -> Path:
        """Outlives `down`, for data may."""
        return self.path / "privacy.keys"

    @property
    def lock_file(self) -> Path:
        return self.path / "stack.lock"

    def folders(self, *, persistent: bool) -> Folders:
        """`data` outlives `down`; `scratch` is emptied by every `up`."""
        return Folders(data=self.path / ("data" if persistent else "scratch"), logs=self.path / "logs")


@dataclass(frozen=True, slots=True)
class MemberState:
    """One member as started or found. `pid` is None for one that was configured and is not ours."""

    source: str
    pid: int | None = None
    birth: str = ""

    @property
    def alive(self) -> bool:
        return self.pid is None or is_alive(self.pid, self.birth)


@dataclass(frozen=True, slots=True)
class StackState:
    """What the state file says."""

    phase: Phase
    supervisor_pid: int
    supervisor_birth: str
    addresses: StackAddresses = field(default_factory=StackAddresses)
    members: Mapping[str, MemberState] = field(default_factory=dict)

    @property
    def pids(self) -> dict[int, str]:
        """Every process of the stack that is ours, with its birth; the supervisor last."""
        ours = {member.pid: member.birth for member in self.members.values() if member.pid is not None}
        return {**ours, self.supervisor_pid: self.supervisor_birth}


def write_state(home: Home, state: StackState) -> None:
    """Replaces the file in one step, so that a reader sees the old or the new, never half."""
    value = {
        "phase": state.phase.value,
        "supervisor_pid": state.supervisor_pid,
        "supervisor_birth": state.supervisor_birth,
        "addresses": state.addresses.to_json(),
        "members": {name: asdict(member) for name, member in state.members.items()},
    }
    draft = home.state_file.with_suffix(f".{os.getpid()}.tmp")
    draft.touch(mode=0o600)
    draft.chmod(0o600)  # one that a killed process left behind keeps its mode
    draft.write_text(json.dumps(value, indent=2) + "\n")
    draft.replace(home.state_file)


def read_state(file: Path) -> StackState | None:
    """The state in a file, None if there is none; StackError if it cannot be read."""
    if not file.exists():
        return None
    try:
        value: dict[str, Any] = json.loads(file.read_text())
        return StackState(
            phase=Phase(value["phase"]),
            supervisor_pid=value["supervisor_pid"],
            supervisor_birth=value["supervisor_birth"],
            addresses=StackAddresses.from_json(value["addresses"]),
            members={name: MemberState(**member) for name, member in value["members"].items()},
        )
    except (ValueError, KeyError, TypeError) as failure:
        raise StackError(
            f"{file} cannot be read ({failure}); remove it and run: recourse stack up"
        ) from failure


@contextmanager
def sole_supervisor(home: Home) -> Iterator[None]:
    """Held for a supervisor's whole life; the kernel lets go of it however the process ends.

    Raises StackError when another supervisor holds it.
    """
    home.make()
    with home.lock_file.open("w") as lock:
        for _ in range(LOCK_TRIES):  # a `status` that looks at the lock holds it for an instant
            with suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            time.sleep(LOCK_PAUSE_SECONDS)
        else:
            raise StackError(f"another stack is running in {home.path}; stop it: recourse stack down")
        yield


def supervisor_lives(home: Home) -> bool:
    """Whether some process holds this stack's lock."""
    if not home.lock_file.exists():
        return False
    with home.lock_file.open("r") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
