"""Key rings in files, for their owner's eyes only."""

from __future__ import annotations

import os
from pathlib import Path

from recourse.domain.privacy.key_ring import KeyRing


def ensure(path: Path, id: str) -> Path:
    """The file as it is, or a new ring in it."""
    if not path.exists():
        write_new(path, KeyRing.new(id))
    return path


def write_new(path: Path, ring: KeyRing) -> None:
    """Never over a file that is there: what was sealed by its keys could not be read again. Raises
    FileExistsError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(ring.text())


def replace(path: Path, ring: KeyRing) -> None:
    """Whole or not at all, on the disk when it returns."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    write_new(fresh, ring)
    descriptor = os.open(fresh, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    fresh.replace(path)
