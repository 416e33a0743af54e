"""Random numbers by name: each draw is a hash of (seed, loan, purpose, number).

A strategy that asks less does not shift what the next one sees, as a stream of numbers would: two strategies
meet the same borrower (common random numbers), in whatever process the loan is run.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from hashlib import blake2b
from itertools import accumulate

_BITS = 53
"""As many as a float holds, so that a draw never rounds up to 1."""
_ONE = float(1 << _BITS)


class Draws:
    """The draws of one loan."""

    __slots__ = ("_begun",)

    def __init__(self, seed: int, loan_id: str) -> None:
        self._begun = blake2b(f"{seed}\n{loan_id}\n".encode(), digest_size=8)

    def uniform(self, purpose: str, *number: int) -> float:
        """In [0, 1)."""
        named = self._begun.copy()
        named.update(f"{purpose}\n{number}".encode())
        return (int.from_bytes(named.digest(), "big") >> (64 - _BITS)) / _ONE

    def happens(self, probability: float, purpose: str, *number: int) -> bool:
        return self.uniform(purpose, *number) < probability

    def whole(self, low: int, high: int, purpose: str, *number: int) -> int:
        """Evenly from low to high, both included."""
        return low + int(self.uniform(purpose, *number) * (high - low + 1))

    def trials(self, probability: float, purpose: str, *number: int) -> int | None:
        """How many trials until the first success (geometric); None where it never comes."""
        if probability <= 0:
            return None
        if probability >= 1:
            return 1
        return 1 + int(math.log1p(-self.uniform(purpose, *number)) / math.log1p(-probability))

    def one_of(self, chances: Sequence[float], purpose: str, *number: int) -> int:
        """An index with its chance; len(chances) with what is left of 1."""
        drawn = self.uniform(purpose, *number)
        return next((n for n, upto in enumerate(accumulate(chances)) if drawn < upto), len(chances))
