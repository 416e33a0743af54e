"""Starting and ending one child process: own session, own log file, and tied to the life of its parent."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from recourse.stack.errors import StackError

TETHER: Final = Path(__file__).with_name("tether.py")


@dataclass(frozen=True, slots=True)
class Account:
    """The numeric user and group a child runs as when we are root and the program refuses to be."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Launch:
    """How to run one program. `stop_signal` asks it to end, `death_signal` ends it if we die first."""

    program: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL
    stop_seconds: float = 10.0


@dataclass(frozen=True, slots=True)
class Child:
    """A started program; `birth` tells it from a later process that was given the same pid."""

    name: str
    launch: Launch
    process: asyncio.subprocess.Process
    birth: str

    @property
    def pid(self) -> int:
        return self.process.pid

    def has_ended(self) -> bool:
        return self.process.returncode is not None

    async def stop(self) -> None:
        """Asks, waits `stop_seconds`, then kills; returns when the process is gone."""
        if self.process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            self.process.send_signal(self.launch.stop_signal)
        try:
            await asyncio.wait_for(self.process.wait(), self.launch.stop_seconds)
        except TimeoutError:
            with suppress(ProcessLookupError):
                self.process.kill()
            await self.process.wait()


async def start(name: str, launch: Launch, log: Path) -> Child:
    """Starts a tethered child whose output is appended to `log`.

    Raises StackError outside the main thread: the kernel ends a tethered child with the thread that forked
    it.
    """
    if threading.current_thread() is not threading.main_thread():
        raise StackError("the stack's processes must be started from the main thread")
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as out:
        process = await asyncio.create_subprocess_exec(
            *_tethered(launch),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, **launch.environment},
            start_new_session=True,  # a Ctrl-C reaches the supervisor only, which stops in order
        )
    return Child(name=name, launch=launch, process=process, birth=birth_of(process.pid) or "")


async def run_tool(name: str, launch: Launch, log: Path, *, seconds: float) -> None:
    """Runs a program to its end, for set-up steps. Raises StackError with the log's end when it fails or
    hangs.
    """
    child = await start(name, launch, log)
    try:
        code = await asyncio.wait_for(child.process.wait(), seconds)
    except TimeoutError:
        raise StackError(f"{name} did not finish within {seconds:.0f} s; see {log}") from None
    finally:
        await child.stop()
    if code != 0:
        raise StackError(f"{name} ended with code {code}; see {log}\n{tail(log)}")


def _tethered(launch: Launch) -> list[str]:
    account = launch.account
    who = (str(account.uid), str(account.gid)) if account else ("-", "-")
    tether = [
        sys.executable,
        "-I",
        "-S",
        str(TETHER),
        str(int(launch.death_signal)),
        str(os.getpid()),
        *who,
        "--",
    ]
    return [*tether, *launch.program]


def birth_of(pid: int) -> str | None:
    """When a live process began, in whatever unit the system keeps; None for a dead one or a zombie."""
    if Path("/proc/self/stat").exists():
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        return None if fields[0] in "ZX" else fields[19]
    listing = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return listing.stdout.strip() or None


def is_alive(pid: int, birth: str) -> bool:
    """Whether the very process that was recorded still runs."""
    return birth_of(pid) == birth


async def end_leftover(pid: int, birth: str, *, seconds: float = 5.0) -> None:
    """Ends a recorded process that is not our child: SIGINT (PostgreSQL's fast shutdown), then SIGKILL.

    Raises StackError when it still runs after `seconds` more.
    """
    for number in (signal.SIGINT, signal.SIGKILL):
        if not is_alive(pid, birth):
            return
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        if await gone(pid, birth, seconds=seconds):
            return
    raise StackError(f"process {pid} does not end; end it by hand: kill -9 {pid}")


async def gone(pid: int, birth: str, *, seconds: float) -> bool:
    """Waits up to `seconds` for a process that is not our child; False when it still runs then."""
    deadline = asyncio.get_running_loop().time() + seconds
    while is_alive(pid, birth):
        if asyncio.get_running_loop().time() > deadline:
            return False
        await asyncio.sleep(0.05)
    return True


def tail(log: Path, lines: int = 8) -> str:
    """The last lines of a log file, for an error message."""
    text = log.read_text(errors="replace") if log.exists() else ""
    return "\n".join(text.splitlines()[-lines:])
