"""The difference between two strategies on the same borrowers, with its confidence interval.

Paired by loan: the interval is over the differences of each loan, in which what the borrower is like cancels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from recourse.simulation.tally import METRICS, Paired

CONFIDENCE = 0.95
FEWEST = 30
"""Loans, below which the mean of skewed differences is not near enough to normal for an interval."""
_Z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)


@dataclass(frozen=True, slots=True)
class Difference:
    """B - A over the whole book. low, high: its interval; None where there are too few loans."""

    metric: str
    total: int
    low: float | None
    high: float | None

    @property
    def clear(self) -> bool:
        """Zero lies outside the interval."""
        return self.low is not None and self.high is not None and not self.low <= 0 <= self.high


def differences(paired: Paired) -> tuple[Difference, ...]:
    """In the order of `METRICS`. The half-width is z·s·√n: of a sum of n differences with deviation s."""
    return tuple(
        _difference(metric, paired.loans, total, squares)
        for metric, total, squares in zip(METRICS, paired.sums, paired.squares, strict=True)
    )


def _difference(metric: str, loans: int, total: int, squares: int) -> Difference:
    if loans < FEWEST:
        return Difference(metric, total, None, None)
    # Whole numbers up to the root: n·Σd² - (Σd)² loses nothing, however large the amounts are.
    half = _Z * math.sqrt((loans * squares - total * total) / (loans - 1))
    return Difference(metric, total, total - half, total + half)
