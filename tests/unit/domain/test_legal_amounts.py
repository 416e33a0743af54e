"""Costs and what came in: sums in minor units, and a reversed entry counts for nothing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from recourse.domain.legal.amounts import RECOVERED, Entry, EntryKind, totals


def test_costs_and_proceeds_are_told_apart_and_netted() -> None:
    entries = [
        Entry("1", EntryKind.COURT_FEE, 5_000),
        Entry("2", EntryKind.LAWYER_FEE, 20_000),
        Entry("3", EntryKind.SALE_PROCEEDS, 900_000),
        Entry("4", EntryKind.COURT_FEE, 700),
    ]
    sums = totals(entries)
    assert (sums.costs_minor, sums.recovered_minor, sums.net_minor) == (25_700, 900_000, 874_300)
    assert dict(sums.by_kind) == {"court_fee": 5_700, "lawyer_fee": 20_000, "sale_proceeds": 900_000}


def test_a_reversed_entry_and_its_reversal_count_for_nothing() -> None:
    entries = [Entry("1", EntryKind.SALE_FEE, 300), Entry("2", EntryKind.SALE_FEE, 300, reverses="1")]
    assert totals(entries) == totals([])


@given(st.lists(st.tuples(st.sampled_from(EntryKind), st.integers(1, 10**12), st.booleans())))
def test_the_sums_are_those_of_what_was_never_reversed(lines: list[tuple[EntryKind, int, bool]]) -> None:
    entries = [Entry(str(n), kind, minor) for n, (kind, minor, _) in enumerate(lines)]
    undone = [
        Entry(f"-{n}", kind, minor, reverses=str(n)) for n, (kind, minor, back) in enumerate(lines) if back
    ]
    sums = totals([*entries, *undone])
    kept = [(kind, minor) for kind, minor, back in lines if not back]
    assert sums.recovered_minor == sum(minor for kind, minor in kept if kind in RECOVERED)
    assert sums.net_minor == sum(minor if kind in RECOVERED else -minor for kind, minor in kept)
