"""The seam between the data keys of people and whatever keeps the keys that wrap them: a file, the
environment, or a key management service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from recourse.contracts.delivery import Unavailable


class KeysUnavailable(Unavailable):
    """Data keys cannot be wrapped or unwrapped now: no keys are set, the service that keeps them is away, or
    it has none of this id. The text names the id and the remedy."""


@dataclass(frozen=True, slots=True)
class Wrapped:
    """by: the id of the key that wrapped it."""

    by: str
    data: bytes


class KeyWrapper(Protocol):
    async def wrap(self, key: bytes, about: bytes) -> Wrapped:
        """By the key in use. about: bound to the wrapped key; without the same bytes it does not open.

        Raises KeysUnavailable.
        """
        ...

    async def unwrap(self, wrapped: Wrapped, about: bytes) -> bytes:
        """By whichever key wrapped it. Raises KeysUnavailable, and NotOpened for what was changed or is about
        something else."""
        ...

    def in_use(self) -> str | None:
        """The id of the key that wraps now; None where only the service knows."""
        ...


class NotOpened(Exception):
    """What is kept sealed does not open: it was changed, or moved here from another row, or its key is gone
    without a record. The text names table, column and row, never a value."""
