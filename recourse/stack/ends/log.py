"""The append-only NDJSON log of an end: what a test or a person reads to learn what really left the
building.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


class EndLog:
    """One JSON object a line, on disk before the end answers, so that an answer without a line cannot
    exist.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._file = path.open("a", encoding="utf-8")

    def write(self, event: str, **members: Any) -> None:
        """Appends `{"event": …, "at": <UTC, ISO 8601>, …}` and waits for the disk."""
        line = json.dumps({"event": event, "at": now(), **members}, ensure_ascii=False)
        self._file.write(line + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def read(self) -> Iterator[dict[str, Any]]:
        """Every object logged so far, oldest first."""
        return read_log(self._path)


def read_log(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of an end's log; a last line that a crash cut short is left out."""
    if not path.exists():
        return
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.endswith("\n"):
                yield json.loads(line)


def now() -> str:
    return datetime.now(UTC).isoformat()
