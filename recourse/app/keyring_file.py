"""The file with the keys of Temporal's payloads: made and added to, and whole at every moment."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from recourse.temporal.codec import KeyRing


def add_key(file: Path, key_id: str, *, behind: bool) -> list[str]:
    """The ids of all keys then, the newest first. behind: put the new one last.

    Raises KeyRingError, OSError.
    """
    present = file.read_text(encoding="ascii").splitlines() if file.exists() else []
    fresh = [KeyRing.fresh_entry(key_id)]
    lines = present + fresh if behind else fresh + present
    ring = KeyRing.parse("\n".join(lines))
    _write_whole(file, "\n".join(lines) + "\n")
    return [known for known, _ in ring.keys]


def _write_whole(file: Path, text: str) -> None:
    """Its owner's alone. Half a ring would lose keys for good."""
    handle, draft = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "w", encoding="ascii") as written:
            written.write(text)
            written.flush()
            os.fsync(written.fileno())
        Path(draft).replace(file)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
