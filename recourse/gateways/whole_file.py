"""A file that somebody else fetches: there as a whole, or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

_OWNERS: Final = 0o600
_ANYBODYS: Final = 0o666
"""Less what the process's mask takes away."""


def put(path: Path, content: bytes, *, private: bool = False) -> None:
    """On the disk when this returns. Raises OSError. Two processes that put the same do not meet. private:
    for its owner alone, from the first byte on; else as the process's mask has it."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    mode = _OWNERS if private else _ANYBODYS
    with open(unfinished, "wb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
