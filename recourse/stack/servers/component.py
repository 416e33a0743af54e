"""What the supervisor needs to know about a member of the stack, server or end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from recourse.stack.process import Launch

Ports = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Folders:
    """Where a stack keeps its things. `data` lives as long as its owner asked; `logs` is only appended to."""

    data: Path
    logs: Path


@dataclass(frozen=True, slots=True)
class Options:
    """`fast` trades durability for speed (tests only); `persistent` keeps data from one `up` to the next.
    `dynamic`: dynamic settings of Temporal's server, as pairs of name and JSON value."""

    fast: bool = False
    persistent: bool = False
    dynamic: tuple[tuple[str, str], ...] = ()


class Found(Protocol):
    """A server whose program was found, ready to be started on some ports."""

    @property
    def source(self) -> str: ...

    async def prepare(self, ports: Ports, folders: Folders, options: Options) -> Launch:
        """Writes settings and first data, and says how to run it."""
        ...


class Component(Protocol):
    """One member of the stack."""

    @property
    def name(self) -> str: ...

    @property
    def port_names(self) -> tuple[str, ...]: ...

    async def find(self) -> Found:
        """Looks in the order: named binary, PATH, cache, package client. Raises Missing."""
        ...

    def addresses(self, ports: Ports, folders: Folders) -> dict[str, Any]:
        """The fields of StackAddresses this member provides when it listens on `ports`."""
        ...
