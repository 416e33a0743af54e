"""How sure a share, a mean and a division into arms are. Two-sided, 95 percent, standard library only."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist

Z = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True, slots=True)
class Interval:
    value: float
    low: float
    high: float


def wilson(hits: int, of: int) -> Interval | None:
    """A share with its score interval (Wilson 1927), which is right for few cases and near 0 and 1 too. None
    of nothing."""
    if of == 0:
        return None
    share, z2 = hits / of, Z * Z
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = Z / (1 + z2 / of) * math.sqrt(share * (1 - share) / of + z2 / (4 * of * of))
    return Interval(share, max(0.0, middle - half), min(1.0, middle + half))


def mean(number: int, average: float, deviation: float) -> Interval | None:
    """A mean with its normal interval, of so many values with this sample deviation; fit for some dozens of
    them. None for fewer than two."""
    if number < 2:
        return None
    half = Z * deviation / math.sqrt(number)
    return Interval(average, average - half, average + half)


def chi_square_tail(statistic: float, degrees: int) -> float:
    """P(X > statistic) for X chi-square with so many degrees of freedom: the finite series of the incomplete
    gamma function at whole and half numbers (Abramowitz and Stegun 26.4.4, 26.4.5)."""
    if statistic <= 0:
        return 1.0
    half = statistic / 2
    if degrees % 2:
        tail, term, first = math.erfc(math.sqrt(half)), 2 * math.sqrt(half / math.pi) * math.exp(-half), 3
    else:
        tail, term, first = math.exp(-half), half * math.exp(-half), 4
    for number in range(first, degrees + 1, 2):
        tail += term
        term *= statistic / number
    return min(1.0, tail)


def mismatch(counted: Mapping[str, int], expected: Mapping[str, float]) -> float:
    """How likely arms differ this much from their shares by chance (Pearson's chi-square). expected: units by
    arm, in the same total; an arm without any that has units is impossible (0)."""
    if any(counted[arm] and not expected.get(arm, 0) for arm in counted):
        return 0.0
    parts = [(counted.get(arm, 0), of) for arm, of in expected.items() if of]
    statistic = sum((seen - of) ** 2 / of for seen, of in parts)
    return chi_square_tail(statistic, len(parts) - 1) if len(parts) > 1 else 1.0
