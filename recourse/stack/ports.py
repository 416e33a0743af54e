"""Choosing TCP ports on the loopback interface that nobody holds."""

from __future__ import annotations

import fcntl
import os
import socket
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Final

from recourse.stack.errors import StackError

HOST: Final = "127.0.0.1"

# Beside the servers' usual ports, so that a stack comes up next to one that is installed already.
PREFERRED: Final[Mapping[str, int]] = {
    "postgres": 15432,
    "kafka": 19092,
    "kafka_controller": 19093,
    "temporal": 17233,
    "temporal_ui": 18233,
    "temporal_codec": 18081,
    "smtp": 12525,
    "smsc": 12775,
    "traccar": 18082,
    "legal_desk": 18090,
    "api": 18080,
}
_TRIES: Final = 20
"""A port that the system names as free may be claimed, and its server not listen yet."""


def choose(names: Sequence[str], *, preferred: bool) -> dict[str, int]:
    """A free port for each name: the configured one, else the usual one if it is free, else any.

    A port is configured by `RECOURSE_STACK_PORT_<NAME>`; StackError when that one is taken. All are held
    until the last is chosen, so two names never get the same port; and no other process of this user is
    given one while this process lives. Else, of two stacks that start at once, one would find the server of
    the other at its port, call itself ready, and lose its own a moment later.
    """
    with ExitStack() as held:
        return {name: _hold(name, held, preferred=preferred) for name in names}


def _hold(name: str, held: ExitStack, *, preferred: bool) -> int:
    variable = f"RECOURSE_STACK_PORT_{name.upper()}"
    if configured := os.environ.get(variable):
        taken = _bind(int(configured), held)
        if taken is None:
            raise StackError(f"port {configured} is taken; free it or set {variable} to another")
        return taken
    usual = _bind(PREFERRED[name], held) if preferred else None
    tries = (_bind(0, held) for _ in range(_TRIES))
    any_free = usual or next((port for port in tries if port is not None), None)
    if any_free is None:
        raise StackError(f"no free port on {HOST} for {name}")
    return any_free


def _bind(port: int, held: ExitStack) -> int | None:
    listener = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port in TIME_WAIT is free for a server
    try:
        listener.bind((HOST, port))
    except OSError:
        return None
    number = int(listener.getsockname()[1])
    return number if _claim(number) else None


_claims: Final[list[IO[bytes]]] = []
"""Locked files, one a port. The kernel lets go of them however this process ends."""


def _claim(port: int) -> bool:
    """Whether no process of this user has chosen it."""
    folder = Path(tempfile.gettempdir()) / f"recourse-ports-{os.geteuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.geteuid():
        raise StackError(f"{folder} belongs to somebody else; remove it, or set TMPDIR to another folder")
    file = (folder / str(port)).open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return False
    _claims.append(file)
    return True


def is_configured(name: str) -> bool:
    """Whether the user fixed this port, so that another may not be chosen in its place."""
    return bool(os.environ.get(f"RECOURSE_STACK_PORT_{name.upper()}"))
