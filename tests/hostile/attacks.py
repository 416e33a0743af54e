"""What is tried in a hostile run: each attack with the threat it is of and what must stop or find it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.hostile.conftest import Victim

Made = Callable[[Victim, Path], Awaitable[str]]
"""Makes it; says what stopped or found it. The folder is for files."""


@dataclass(frozen=True)
class Attack:
    """threat: as docs/threat-model.md has it. ends_as: what must come of it."""

    threat: str
    ends_as: str
    made: Made


ATTACKS: Final[dict[str, Attack]] = {}
"""In the order in which they are tried."""


def attack(name: str, threat: str, ends_as: str) -> Callable[[Made], Made]:
    def add(made: Made) -> Made:
        ATTACKS[name] = Attack(threat, ends_as, made)
        return made

    return add
