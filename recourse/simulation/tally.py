"""What a simulation adds up: whole numbers only, so that parts merge to the same result in any order.

Nothing is kept per contact or per loan: a tally is as small after a million loans as after one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, fields

Refusal = tuple[str, str, str, str]
"""(code, code of the rule, its pack or empty for a house rule, source)"""


@dataclass(slots=True)
class Figures:
    """One loan under one strategy, for the comparison.

    fell_behind: minor units that were overdue at any time; of these, paid and unpaid_at_end. cured: cases
    closed because nothing was overdue any more. cost_milli: thousandths of a minor unit, work included.
    """

    fell_behind: int = 0
    paid: int = 0
    unpaid_at_end: int = 0
    cured: int = 0
    contacts: int = 0
    refused: int = 0
    handovers: int = 0
    work_seconds: int = 0
    cost_milli: int = 0

    def values(self) -> tuple[int, ...]:
        return tuple(getattr(self, name) for name in METRICS)


METRICS = tuple(field.name for field in fields(Figures))


@dataclass(slots=True)
class Tally:
    """All loans under one strategy.

    loan_days: days simulated, of all loans. decisions: how often `decide` was asked. contacts: (channel,
    outcome). flow: (stage left, stage reached), from "" for a case that opened. paid_by_month: minor units,
    by `2027-01`. work_seconds: by kind of task. cost_milli: by what it was for.
    """

    loans: int = 0
    loan_days: int = 0
    decisions: int = 0
    contacts: Counter[tuple[str, str]] = field(default_factory=Counter)
    refusals: Counter[Refusal] = field(default_factory=Counter)
    flow: Counter[tuple[str, str]] = field(default_factory=Counter)
    closed: Counter[str] = field(default_factory=Counter)
    open_at_end: Counter[str] = field(default_factory=Counter)
    buckets_at_end: Counter[str] = field(default_factory=Counter)
    promises: Counter[str] = field(default_factory=Counter)
    holds: Counter[str] = field(default_factory=Counter)
    tasks: Counter[tuple[str, str]] = field(default_factory=Counter)
    paid_by_month: Counter[str] = field(default_factory=Counter)
    work_seconds: Counter[str] = field(default_factory=Counter)
    cost_milli: Counter[str] = field(default_factory=Counter)
    totals: Counter[str] = field(default_factory=Counter)

    def take(self, figures: Figures) -> None:
        """A loan is through the window."""
        self.loans += 1
        self.totals.update(dict(zip(METRICS, figures.values(), strict=True)))

    def merge(self, other: Tally) -> None:
        for part in fields(self):
            mine, theirs = getattr(self, part.name), getattr(other, part.name)
            if isinstance(mine, Counter):
                mine.update(theirs)
            else:
                setattr(self, part.name, mine + theirs)

    @property
    def breaches_avoided(self) -> int:
        """Attempts the ladder or an agent wanted that a rule of a law pack forbade."""
        return sum(count for (_, _, pack, _), count in self.refusals.items() if pack)


@dataclass(slots=True)
class Paired:
    """Differences B - A, loan by loan: their sums and the sums of their squares, by metric."""

    loans: int = 0
    sums: list[int] = field(default_factory=lambda: [0] * len(METRICS))
    squares: list[int] = field(default_factory=lambda: [0] * len(METRICS))

    def take(self, a: Figures, b: Figures) -> None:
        self.loans += 1
        for place, (one, other) in enumerate(zip(a.values(), b.values(), strict=True)):
            self.sums[place] += other - one
            self.squares[place] += (other - one) ** 2

    def merge(self, other: Paired) -> None:
        self.loans += other.loans
        self.sums = _added(self.sums, other.sums)
        self.squares = _added(self.squares, other.squares)


def _added(left: Sequence[int], right: Sequence[int]) -> list[int]:
    return [one + other for one, other in zip(left, right, strict=True)]
