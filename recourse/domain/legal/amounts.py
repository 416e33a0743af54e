"""What a legal action costs and what it brings in: kinds of entries, and their totals. Minor units, above
0."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class EntryKind(StrEnum):
    COURT_FEE = "court_fee"
    PRESERVATION_FEE = "preservation_fee"
    ENFORCEMENT_FEE = "enforcement_fee"
    LAWYER_FEE = "lawyer_fee"
    SERVICE_FEE = "service_fee"
    APPRAISAL_FEE = "appraisal_fee"
    RECOVERY_FEE = "recovery_fee"
    STORAGE_FEE = "storage_fee"
    SALE_FEE = "sale_fee"
    OTHER_COST = "other_cost"
    SALE_PROCEEDS = "sale_proceeds"
    ENFORCED = "enforced"
    PAID_BY_DEBTOR = "paid_by_debtor"
    COSTS_REFUNDED = "costs_refunded"


RECOVERED = frozenset(
    {EntryKind.SALE_PROCEEDS, EntryKind.ENFORCED, EntryKind.PAID_BY_DEBTOR, EntryKind.COSTS_REFUNDED}
)
"""What came in; every other kind is a cost."""


@dataclass(frozen=True, slots=True)
class Entry:
    """reverses: the id of an earlier entry that was a mistake, of the same kind and amount; both then count
    for nothing."""

    id: str
    kind: EntryKind
    amount_minor: int
    reverses: str | None = None


@dataclass(frozen=True, slots=True)
class Totals:
    """by_kind: without those that are nothing."""

    costs_minor: int
    recovered_minor: int
    by_kind: tuple[tuple[EntryKind, int], ...]

    @property
    def net_minor(self) -> int:
        """What is left after the costs; below 0 where it cost more than it brought."""
        return self.recovered_minor - self.costs_minor


def totals(entries: Iterable[Entry]) -> Totals:
    known = list(entries)
    gone = {entry.reverses for entry in known if entry.reverses is not None}
    sums = dict.fromkeys(EntryKind, 0)
    for entry in known:
        if entry.reverses is None and entry.id not in gone:
            sums[entry.kind] += entry.amount_minor
    recovered = sum(amount for kind, amount in sums.items() if kind in RECOVERED)
    costs = sum(sums.values()) - recovered
    return Totals(costs, recovered, tuple((kind, amount) for kind, amount in sums.items() if amount))
