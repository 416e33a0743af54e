"""Waiting for a dependency that is away: exponential, bounded, with jitter so that not all return at once."""

from __future__ import annotations

import random


class Backoff:
    """Seconds to wait after each failure in a row."""

    def __init__(self, first: float = 0.2, most: float = 15.0) -> None:
        self._first, self._most, self._failures = first, most, 0

    def next(self) -> float:
        ceiling: float = min(self._first * 2.0**self._failures, self._most)
        self._failures += 1
        return ceiling * random.uniform(0.5, 1)  # noqa: S311 - jitter, not a secret

    def reset(self) -> None:
        self._failures = 0

    @property
    def failures(self) -> int:
        return self._failures
