"""Choosing TCP ports on the loopback interface that nobody holds."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Final

from recourse.stack.errors import StackError

HOST: Final = "127.0.0.1"

# Beside the servers' usual ports, so that a stack comes up next to one that is installed already.
PREFERRED: Final[Mapping[str, int]] = {
    "postgres": 15432,
    "kafka": 19092,
    "kafka_controller": 19093,
    "temporal": 17233,
    "temporal_ui": 18233,
    "smtp": 12525,
    "smsc": 12775,
    "traccar": 18082,
    "legal_desk": 18090,
    "api": 18080,
}


def choose(names: Sequence[str], *, preferred: bool) -> dict[str, int]:
    """A free port for each name: the configured one, else the usual one if it is free, else any.

    A port is configured by `RECOURSE_STACK_PORT_<NAME>`; StackError when that one is taken. All are held
    until the last is chosen, so two names never get the same port.
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
    any_free = usual or _bind(0, held)
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
    return int(listener.getsockname()[1])


def is_configured(name: str) -> bool:
    """Whether the user fixed this port, so that another may not be chosen in its place."""
    return bool(os.environ.get(f"RECOURSE_STACK_PORT_{name.upper()}"))
