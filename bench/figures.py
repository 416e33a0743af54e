"""From rounds to figures: medians, spread, and the targets they are held against. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Spread:
    """The middle of all rounds and the two ends."""

    median: float
    least: float
    most: float

    @staticmethod
    def of(values: Sequence[float]) -> Spread:
        return Spread(median(values), min(values), max(values))


@dataclass(frozen=True, slots=True)
class Pair:
    """Two rates a second, measured one right after the other."""

    ours: float
    theirs: float

    @property
    def ratio(self) -> float:
        return self.ours / self.theirs


@dataclass(frozen=True, slots=True)
class Figure:
    """What is printed and kept. at_least, at_most: the target, None where there is none."""

    name: str
    unit: str
    spread: Spread
    at_least: float | None = None
    at_most: float | None = None

    @property
    def reached(self) -> bool | None:
        """Whether the median meets the target; None without one."""
        if self.at_least is not None:
            return self.spread.median >= self.at_least
        return self.spread.median <= self.at_most if self.at_most is not None else None


def paired(name: str, pairs: Sequence[Pair], *, theirs: str, target: float | None = None) -> list[Figure]:
    """The ratio of each round, and the rates it came from: a ratio of medians would hide a drift."""
    return [
        Figure(name, "ratio", Spread.of([pair.ratio for pair in pairs]), at_least=target),
        Figure(f"{name}: Recourse", "events/s", Spread.of([pair.ours for pair in pairs])),
        Figure(f"{name}: {theirs}", "/s", Spread.of([pair.theirs for pair in pairs])),
    ]


def percentile(ordered: Sequence[float], share: float) -> float:
    """Nearest rank of sorted values: the least value that `share` of them do not exceed."""
    rank = max(-(-int(share * 1000) * len(ordered) // 1000), 1)
    return ordered[rank - 1]
