"""Waiting for a dependency that is away: exponential, bounded, with jitter so that not all return at once."""

from __future__ import annotations

import random
import time
from typing import Any


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


class Away:
    """What the log says of a dependency that is away: at once, then once a minute, and when it is back."""

    def __init__(self, what: str, log: Any, *, every: float = 60.0) -> None:
        """what: the verb that does not work, as in "cannot accept"."""
        self._what, self._log, self._every = what, log, every
        self._since: float | None = None
        self._said = 0.0

    def failed(self, error: str, **more: Any) -> None:
        now = time.monotonic()
        if self._since is None:
            self._since = now
        elif now - self._said < self._every:
            return
        self._said = now
        seconds = round(now - self._since)
        self._log.warning(f"cannot {self._what}, trying again", error=error, seconds=seconds, **more)

    def worked(self) -> None:
        if self._since is not None:
            self._log.info(f"can {self._what} again", seconds=round(time.monotonic() - self._since))
            self._since = None
