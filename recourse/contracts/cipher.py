"""How positions are kept unreadable at rest: the seam between who stores them and who holds the keys."""

from __future__ import annotations

from typing import Protocol


class CannotOpen(Exception):
    """What was kept encrypted cannot be read: another key, another purpose, or it was changed."""


class PositionCipher(Protocol):
    """Keeps positions unreadable at rest. purpose: what the bytes are and whose, in words without personal
    data; bytes sealed for one purpose do not open for another."""

    def seal(self, plain: bytes, purpose: str) -> bytes: ...

    def open(self, sealed: bytes, purpose: str) -> bytes:
        """Raises CannotOpen."""
        ...
