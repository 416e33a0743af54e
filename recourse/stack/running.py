"""A stack for the length of a block: what tests and the demo use."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from recourse.stack.addresses import StackAddresses
from recourse.stack.control import STOP_SECONDS, raise_supervisor
from recourse.stack.errors import StackError
from recourse.stack.members import ENDS, SERVERS, chosen
from recourse.stack.state import Home, Phase, read_state
from recourse.stack.supervisor import Plan, Report

REUSE: Final = "RECOURSE_TEST_STACK"


@asynccontextmanager
async def running(
    home: Path,
    *,
    fast: bool = True,
    servers: Sequence[str] = SERVERS,
    ends: Sequence[str] = ENDS,
    usual_ports: bool = False,
    dynamic: Mapping[str, str] | None = None,
    report: Report = lambda *_: None,
) -> AsyncIterator[StackAddresses]:
    """Starts a stack with its files in `home`, yields its addresses, and stops it.

    It has a supervisor process of its own on a leash (a pipe), so it ends with this process however that
    ends. With RECOURSE_TEST_STACK naming the stack.json of a stack that runs already, that one is used and
    left running. report: told of each member as it starts (name, source, seconds). dynamic: dynamic settings
    of Temporal's server, name to JSON value; with any, the stack is never one that runs already.
    Raises StackError when something is missing or does not start.
    """
    if not dynamic and (reused := os.environ.get(REUSE)):
        yield _reuse(Path(reused))
        return
    members = chosen([*servers, *ends])
    pairs = tuple((dynamic or {}).items())
    plan = Plan(str(home.resolve()), members, fast=fast, usual_ports=usual_ports, leashed=True, dynamic=pairs)
    where = Home(home.resolve())
    supervisor = await raise_supervisor(plan, where, report)
    try:
        state = read_state(where.state_file)
        if state is None:
            raise StackError(f"the stack ended right after it was ready; see {home / 'logs'}")
        yield state.addresses
    finally:
        await asyncio.to_thread(_let_go, supervisor)


def _let_go(supervisor: subprocess.Popen[bytes]) -> None:
    """Closes the leash and waits for the ordered stop; one that hangs is killed, and its members, tethered to
    it, end with it."""
    try:
        supervisor.communicate(timeout=STOP_SECONDS)
    except subprocess.TimeoutExpired:
        supervisor.kill()
        supervisor.communicate()


def _reuse(file: Path) -> StackAddresses:
    state = read_state(file)
    if state is None or state.phase is not Phase.READY or not all(m.alive for m in state.members.values()):
        raise StackError(
            f"{REUSE} names {file}, but no stack is running there; unset it or run: recourse stack up"
        )
    return state.addresses
