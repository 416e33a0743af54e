"""Up, down and status of a stack that runs in the background."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from recourse.stack.addresses import StackAddresses
from recourse.stack.errors import NotReady, StackError, StartFailed
from recourse.stack.members import EVERYTHING, to_show
from recourse.stack.probes import probe
from recourse.stack.process import end_leftover, gone, tail
from recourse.stack.state import Home, Phase, StackState, read_state, supervisor_lives
from recourse.stack.supervisor import Plan, Report, empty, end_leftovers

STOP_SECONDS: Final = 45.0
BEING_STARTED_SECONDS: Final = 120.0


@dataclass(frozen=True, slots=True)
class Health:
    """What one member answered just now. `pid` is None for a configured one."""

    healthy: bool
    source: str
    pid: int | None
    detail: str

    def to_json(self) -> dict[str, Any]:
        return {"healthy": self.healthy, "source": self.source, "pid": self.pid, "detail": self.detail}


@dataclass(frozen=True, slots=True)
class Status:
    """Every address, without the secrets of what was configured, and the health of every member by name."""

    addresses: StackAddresses
    members: dict[str, Health]

    @property
    def healthy(self) -> bool:
        return bool(self.members) and all(health.healthy for health in self.members.values())

    def to_json(self) -> dict[str, Any]:
        """The members of StackAddresses.to_json, and `servers`: name -> {healthy, source, pid, detail}."""
        return {
            **self.addresses.to_json(),
            "servers": {name: h.to_json() for name, h in self.members.items()},
        }


async def up(plan: Plan, home: Home, report: Report) -> tuple[StackState, bool]:
    """Starts a stack in the background and returns when all of it is ready; True if it was started just now.

    One that is running already is left alone. Raises StackError when something is missing or does not start.
    """
    if supervisor_lives(home):
        return await _until_started(home), False
    supervisor = await raise_supervisor(plan, home, report)
    if supervisor.stdout is not None:
        supervisor.stdout.close()
    state = read_state(home.state_file)
    if state is None:
        raise StartFailed(
            "the stack ended right after it was ready; see the logs in " + str(home.path / "logs")
        )
    return state, True


async def down(home: Home) -> int:
    """Stops the stack and makes sure that every process of it is gone; returns how many there were."""
    state = read_state(home.state_file)
    if state is None:
        if supervisor_lives(home):
            raise StackError("the stack is just starting or stopping; try again in a moment")
        return 0
    living = [member for member in state.members.values() if member.pid is not None and member.alive]
    if supervisor_lives(home):
        await _stop_supervisor(state)
    await asyncio.gather(*(end_leftover(pid, birth) for pid, birth in state.pids.items()))
    await end_leftovers(home)
    empty(home.folders(persistent=False).data)
    return len(living)


async def status(home: Home) -> Status | None:
    """Probes every member; None when there is no stack."""
    state = read_state(home.state_file)
    if state is None:
        return None
    names = [name for name in EVERYTHING if name in state.members]
    members = await asyncio.gather(*(_health(name, state) for name in names))
    return Status(shown(state), dict(zip(names, members, strict=True)))


def shown(state: StackState) -> StackAddresses:
    """The addresses as they may be printed."""
    of_others = [name for name, member in state.members.items() if member.pid is None]
    return to_show(state.addresses, of_others)


async def raise_supervisor(plan: Plan, home: Home, report: Report) -> subprocess.Popen[bytes]:
    """Starts a supervisor in a session of its own; returns when the stack is ready, raises StackError if it
    fails.
    """
    log = home.folders(persistent=plan.persistent).logs / "supervisor.log"
    home.make()
    log.parent.mkdir(exist_ok=True)
    with log.open("ab") as errors:
        supervisor = subprocess.Popen(  # noqa: ASYNC220 - asyncio's own would end it together with our event loop
            [sys.executable, "-m", "recourse.stack", plan.to_json()],
            stdin=subprocess.PIPE if plan.leashed else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
    try:
        await _until_ready(supervisor, report)
    except StartFailed as failure:
        said = str(failure) or f"the supervisor ended without a word\n{tail(log)}"
        raise StartFailed(said) from None
    except asyncio.CancelledError:  # Ctrl-C while waiting
        supervisor.terminate()
        with suppress(subprocess.TimeoutExpired):
            supervisor.wait(STOP_SECONDS)
        raise
    return supervisor


async def _until_ready(supervisor: subprocess.Popen[bytes], report: Report) -> None:
    progress = supervisor.stdout
    while line := await asyncio.to_thread(progress.readline) if progress else b"":
        said = json.loads(line)
        if said.get("ready"):
            return
        if "failed" in said:
            await asyncio.to_thread(supervisor.wait)
            raise StartFailed(said["failed"])
        report(said["member"], said["source"], said["seconds"])
    await asyncio.to_thread(supervisor.wait)
    raise StartFailed("")


async def _until_started(home: Home) -> StackState:
    deadline = asyncio.get_running_loop().time() + BEING_STARTED_SECONDS
    while asyncio.get_running_loop().time() < deadline:
        state = read_state(home.state_file)
        if state is not None and state.phase is Phase.READY:
            return state
        if not supervisor_lives(home):
            raise StartFailed(f"the stack that was being started has failed; see {home.path / 'logs'}")
        await asyncio.sleep(0.1)
    raise StartFailed(f"a stack is being started in {home.path} and not ready yet; see {home.path / 'logs'}")


async def _stop_supervisor(state: StackState) -> None:
    pid, birth = state.supervisor_pid, state.supervisor_birth
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    if not await gone(pid, birth, seconds=STOP_SECONDS):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)  # the kernel then ends its children
        await gone(pid, birth, seconds=5)


async def _health(name: str, state: StackState) -> Health:
    member = state.members[name]
    if not member.alive:
        return Health(
            False, member.source, member.pid, "its process is gone; run: recourse stack down, then up"
        )
    try:
        await probe(name, state.addresses, ours=member.pid is not None)
    except NotReady as failure:
        return Health(False, member.source, member.pid, str(failure))
    return Health(True, member.source, member.pid, "answers")


def absent(state: StackState, wanted: Iterable[str]) -> list[str]:
    """Members that were asked for but are not part of the running stack."""
    return [name for name in wanted if name not in state.members]
