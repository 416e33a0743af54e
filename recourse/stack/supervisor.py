"""The process that owns a stack: starts its members side by side, waits until each answers, stops them.

`python -m recourse.stack PLAN` (a Plan as JSON) tells its progress on standard output, a JSON object a line:
`{"member", "source", "seconds"}`, then `{"ready": true}` or `{"failed": text}`.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from recourse.stack import ports, process
from recourse.stack.addresses import StackAddresses, without_secrets
from recourse.stack.errors import NotReady, StackError, StartFailed
from recourse.stack.members import COMPONENTS, EVERYTHING, STOP_STAGES, configured
from recourse.stack.probes import probe, until_ready
from recourse.stack.servers.component import Found, Options
from recourse.stack.state import (
    Home,
    MemberState,
    Phase,
    StackState,
    read_state,
    sole_supervisor,
    write_state,
)
from recourse.storage import key_files

READY_SECONDS: Final = 60.0
START_TRIES: Final = 3

Report = Callable[[str, str, float], None]
"""Called with a member's name, its source and the seconds it took to be ready."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to start. `leashed` ends the stack when standard input is closed, however the other side ended."""

    home: str
    members: tuple[str, ...] = EVERYTHING
    fast: bool = False
    persistent: bool = False
    usual_ports: bool = True
    leashed: bool = False
    dynamic: tuple[tuple[str, str], ...] = ()

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Plan:
        value = json.loads(text)
        pairs = tuple((name, setting) for name, setting in value["dynamic"])
        return cls(**{**value, "members": tuple(value["members"]), "dynamic": pairs})


class Group:
    """The children of one supervisor and what is known about them."""

    def __init__(self, plan: Plan, report: Report) -> None:
        self._home = Home(Path(plan.home))
        self._folders = self._home.folders(persistent=plan.persistent)
        self._options = Options(plan.fast, plan.persistent, plan.dynamic)
        self._plan = plan
        self._report = report
        self._children: dict[str, process.Child] = {}
        self._state = StackState(Phase.STARTING, os.getpid(), process.birth_of(os.getpid()) or "")

    async def start(self) -> StackAddresses:
        """Finds everything first, so that all that is missing is said at once, then starts it."""
        keys = key_files.ensure(self._home.keys_file, "stack")
        known = replace(self._state.addresses, privacy_keys_file=str(keys))
        self._update(replace(self._state, addresses=known))
        given = {name: fields for name in self._plan.members if (fields := configured(name)) is not None}
        ours = [name for name in self._plan.members if name not in given]
        found = await self._find(ours)
        wanted = [port for name in ours for port in COMPONENTS[name].port_names]
        numbers = ports.choose(wanted, preferred=self._plan.usual_ports)
        try:
            async with asyncio.TaskGroup() as starting:
                for name in ours:
                    starting.create_task(self._start(name, found[name], numbers))
                for name, fields in given.items():
                    starting.create_task(self._check(name, fields))
        except* StackError as failures:
            raise StartFailed("\n".join(str(failure) for failure in failures.exceptions)) from None
        self._update(replace(self._state, phase=Phase.READY))
        return self._state.addresses

    async def stop(self) -> None:
        """Stage by stage, and side by side within a stage; returns when every child is gone."""
        for stage in STOP_STAGES:
            await asyncio.gather(*(self._children[name].stop() for name in stage if name in self._children))
        self._home.state_file.unlink(missing_ok=True)
        if not self._plan.persistent:
            empty(self._folders.data)

    async def _find(self, names: list[str]) -> dict[str, Found]:
        results = await asyncio.gather(*(COMPONENTS[name].find() for name in names), return_exceptions=True)
        failures = [result for result in results if isinstance(result, BaseException)]
        for failure in failures:
            if not isinstance(failure, StackError):
                raise failure
        if failures:
            raise StackError("\n".join(str(failure) for failure in failures))
        return {
            name: found
            for name, found in zip(names, results, strict=True)
            if not isinstance(found, BaseException)
        }

    async def _start(self, name: str, found: Found, numbers: dict[str, int]) -> None:
        began = asyncio.get_running_loop().time()
        component = COMPONENTS[name]
        movable = not any(ports.is_configured(port) for port in component.port_names)
        for attempt in range(1, START_TRIES + 1):
            log = self._folders.logs / f"{name}.log"
            child = await process.start(name, await found.prepare(numbers, self._folders, self._options), log)
            self._children[name] = child
            fields = component.addresses(numbers, self._folders)
            self._record(name, MemberState(found.source, child.pid, child.birth), fields)
            try:
                await until_ready(name, StackAddresses(**fields), seconds=READY_SECONDS, dead=child.has_ended)
            except NotReady as failure:
                ended_by_itself = child.has_ended()
                await child.stop()
                if not (ended_by_itself and movable and attempt < START_TRIES):
                    text = f"{name} did not become ready: {failure}; see {log}\n{process.tail(log)}"
                    raise StartFailed(text) from None
                # Its port may have been taken between our choice and its start: try others.
                numbers = ports.choose(component.port_names, preferred=False)
            else:
                return self._report(name, found.source, asyncio.get_running_loop().time() - began)

    async def _check(self, name: str, fields: dict[str, Any]) -> None:
        began = asyncio.get_running_loop().time()
        try:
            await probe(name, StackAddresses(**fields), ours=False)
        except NotReady as failure:
            first = without_secrets(next(iter(fields.values())))
            raise StartFailed(f"{name} is configured at {first} but does not answer: {failure}") from None
        self._record(name, MemberState("configured"), fields)
        self._report(name, "configured", asyncio.get_running_loop().time() - began)

    def _record(self, name: str, member: MemberState, fields: dict[str, Any]) -> None:
        known = self._state.addresses
        logs = {**known.end_logs, **fields.get("end_logs", {})}
        addresses = replace(known, **{**fields, "end_logs": logs})
        self._update(replace(self._state, addresses=addresses, members={**self._state.members, name: member}))

    def _update(self, state: StackState) -> None:
        self._state = state
        write_state(self._home, state)


@asynccontextmanager
async def supervised(plan: Plan, report: Report) -> AsyncIterator[StackAddresses]:
    """A stack whose processes are this process's children; must be entered in the main thread."""
    home = Home(Path(plan.home))
    with sole_supervisor(home):
        await end_leftovers(home)
        if not plan.persistent:
            empty(home.folders(persistent=False).data)
        group = Group(plan, report)
        try:
            yield await group.start()
        finally:
            await group.stop()


async def end_leftovers(home: Home) -> None:
    """Ends what a supervisor that was killed may have left (where the kernel does not do it) and forgets
    it.
    """
    state = read_state(home.state_file)
    if state is not None:
        mine = os.getpid()
        await asyncio.gather(*(process.end_leftover(p, b) for p, b in state.pids.items() if p != mine))
        home.state_file.unlink(missing_ok=True)


def empty(folder: Path) -> None:
    """Removes what is in a scratch folder, following the links we made ourselves to places elsewhere."""
    for entry in folder.iterdir() if folder.is_dir() else ():
        target = entry.resolve()
        if target.is_dir():
            shutil.rmtree(target, ignore_errors=True)
        if entry.is_symlink() or entry.exists():
            entry.unlink()


async def serve(plan: Plan, report: Report, on_ready: Callable[[StackAddresses], None]) -> None:
    """Runs a stack until SIGINT, SIGTERM or SIGHUP, or until the leash is let go; then stops it in order."""
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    asked = False

    def interrupt() -> None:
        nonlocal asked
        if not asked and task is not None:  # a second Ctrl-C must not interrupt the stopping
            asked = True
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, interrupt)
    if plan.leashed:
        loop.add_reader(sys.stdin.fileno(), interrupt)  # readable at its end; nothing is ever written to it
    try:
        async with supervised(plan, report) as addresses:
            on_ready(addresses)
            await asyncio.Event().wait()
    except asyncio.CancelledError:
        if not asked:
            raise


def main() -> int:
    """The process: 0 after an ordered stop, 3 when something is missing or does not start."""

    def say(**members: Any) -> None:
        sys.stdout.write(json.dumps(members) + "\n")
        sys.stdout.flush()

    def ready(_: StackAddresses) -> None:
        say(ready=True)
        os.dup2(
            os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno()
        )  # whoever started us stops listening now

    def report(member: str, source: str, seconds: float) -> None:
        say(member=member, source=source, seconds=round(seconds, 3))

    try:
        asyncio.run(serve(Plan.from_json(sys.argv[1]), report, ready))
    except StackError as failure:
        say(failed=str(failure))
        return 3
    return 0
