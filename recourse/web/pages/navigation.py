"""Where a person can go, by role. A new page has a line here, and its roles at its route."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ANYBODY: Final = ("agent", "lead", "vehicle", "legal", "auditor", "admin")
WORKERS: Final = ("agent", "lead", "vehicle", "legal")


@dataclass(frozen=True, slots=True)
class Entry:
    """says: its code in the catalogues, under `page`. key: after `g`, as the sheet of keys shows it."""

    path: str
    says: str
    key: str
    roles: tuple[str, ...]


ENTRIES: Final = (
    Entry("/queue", "queue", "q", WORKERS),
    Entry("/cases", "cases", "c", ANYBODY),
    Entry("/account", "account", "a", ANYBODY),
)


def shown_to(role: str) -> list[Entry]:
    return [entry for entry in ENTRIES if role in entry.roles or role == "admin"]


def home_of(role: str) -> str:
    return shown_to(role)[0].path
