"""Which bare runs have had their first task, counted in the worker's process (passed through the sandbox)."""

from __future__ import annotations

_seen: set[str] = set()


def note(key: str) -> None:
    """Once a run, however often it is replayed."""
    _seen.add(key)


def count() -> int:
    return len(_seen)
