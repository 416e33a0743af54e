"""How long and how often the world outside is tried: what a case orders, and what its activities keep to."""

from __future__ import annotations

from datetime import timedelta

PATIENCE = timedelta(minutes=30)
"""With a provider that takes nothing: then the ladder's fallback or a person. A time and no number of tries,
since some providers say themselves how soon they want to be asked again."""
FIRST_PAUSE = timedelta(seconds=2)
LONGEST_PAUSE = timedelta(minutes=2)
"""Also how late a provider that is back is noticed at most."""

PROVIDER_WITHIN = 40.0
"""Seconds for one call as a whole, whatever it is made of: a server that answers each command just in time
must not hold a try for longer than Temporal waits for it, or the next one begins beside it."""


def pause_after(attempt: int) -> timedelta:
    """Doubled at each try, up to the longest. attempt: the try that failed, the first is 1."""
    return min(FIRST_PAUSE * (1 << min(attempt - 1, 16)), LONGEST_PAUSE)
