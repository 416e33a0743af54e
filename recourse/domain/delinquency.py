"""Installments, arrears, days past due, buckets and the bank's order of applying money.

DPD is always computed from the oldest unpaid due date, never counted up: a counter that missed a day, or
a reversal that arrived late, would stay wrong for ever.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Installment:
    """One unpaid (or part-paid) installment. Amounts in minor units of the loan's currency."""

    number: int
    due_date: date
    due_minor: int
    unpaid_minor: int


@dataclass(frozen=True, slots=True)
class Payoff:
    """What would settle the whole debt, as the bank states it; good_through: until the end of which day."""

    amount_minor: int
    good_through: date


@dataclass(frozen=True, slots=True)
class Arrears:
    """Every installment with something unpaid, oldest first. Empty means cured. payoff: of the bank's own
    statement; None where it told none, and after any money that it has not stated yet."""

    installments: tuple[Installment, ...] = ()
    payoff: Payoff | None = None

    @staticmethod
    def of(installments: Iterable[Installment], payoff: Payoff | None = None) -> Arrears:
        kept = [i for i in installments if i.unpaid_minor > 0]
        return Arrears(tuple(sorted(kept, key=lambda i: (i.due_date, i.number))), payoff)

    def payoff_on(self, day: date) -> Payoff | None:
        """The one that may be told on a day. None once it is no longer good, and where it is less than what
        is unpaid: then one of the two numbers is wrong."""
        known = self.payoff
        if known is None or day > known.good_through or known.amount_minor < self.unpaid_minor:
            return None
        return known

    @property
    def unpaid_minor(self) -> int:
        return sum(i.unpaid_minor for i in self.installments)

    @property
    def oldest_due(self) -> date | None:
        return self.installments[0].due_date if self.installments else None

    def overdue(self, today: date) -> Arrears:
        """The part whose due date has passed; a bank may list installments that fall due today."""
        return Arrears(tuple(i for i in self.installments if i.due_date < today))

    def dpd(self, today: date) -> int:
        """Days since the oldest unpaid due date in the lender's zone; 0 when nothing is overdue."""
        return max((today - self.oldest_due).days, 0) if self.oldest_due else 0

    def __bool__(self) -> bool:
        return bool(self.installments)


@dataclass(frozen=True, slots=True)
class Allocation:
    """What one payment took off each installment: (number, due date, due amount, amount taken)."""

    taken: tuple[tuple[Installment, int], ...]
    surplus_minor: int


def allocate(arrears: Arrears, amount_minor: int) -> tuple[Arrears, Allocation]:
    """Apply money to the oldest installment first (vocabulary: *money applied to the oldest*).

    Used only for payments that come without the bank's own arrears statement.
    """
    left, kept, taken = amount_minor, [], []
    for item in arrears.installments:
        part = min(left, item.unpaid_minor)
        left -= part
        if part:
            taken.append((item, part))
        kept.append(Installment(item.number, item.due_date, item.due_minor, item.unpaid_minor - part))
    return Arrears.of(kept), Allocation(tuple(taken), left)


def restore(arrears: Arrears, allocation: Allocation) -> Arrears:
    """Put back what a reversed payment had taken."""
    by_number = {i.number: i for i in arrears.installments}
    for item, part in allocation.taken:
        present = by_number.get(item.number)
        unpaid = min((present.unpaid_minor if present else 0) + part, item.due_minor)
        by_number[item.number] = Installment(item.number, item.due_date, item.due_minor, unpaid)
    return Arrears.of(by_number.values())


@dataclass(frozen=True, slots=True)
class Bucket:
    """A named range of DPD: ``from_dpd`` inclusive; the next bucket's start ends it."""

    name: str
    from_dpd: int


@dataclass(frozen=True, slots=True)
class BucketScheme:
    """Buckets as data, since houses differ in names and edges. Ordered by ``from_dpd``, the first at 0."""

    buckets: tuple[Bucket, ...]

    def __post_init__(self) -> None:
        starts = [b.from_dpd for b in self.buckets]
        if not starts or starts[0] != 0 or starts != sorted(set(starts)):
            raise ValueError("buckets: must start at 0 and rise strictly")

    def classify(self, dpd: int) -> str:
        return next(b.name for b in reversed(self.buckets) if b.from_dpd <= dpd)
