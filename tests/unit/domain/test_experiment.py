"""Experiments: the deal is fair, the same for ever, and told apart from one that was tampered with."""

from __future__ import annotations

import math
import random
from collections import Counter
from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from recourse.domain.measures import chi_square_tail, mean, mismatch, wilson
from recourse.domain.strategy.experiment import Arm, Experiment, arm_of, place

names = st.text(min_size=1, max_size=20)


@st.composite
def shares(draw: st.DrawFn) -> tuple[int, ...]:
    """Two to four shares of 10,000."""
    cuts = sorted(draw(st.sets(st.integers(1, 9999), min_size=1, max_size=3)))
    return tuple(b - a for a, b in zip([0, *cuts], [*cuts, 10_000], strict=True))


def experiment(*of: int, salt: str = "salt") -> Experiment:
    holdout, *arms = [Arm(f"arm{n}", f"s{n}@1", share) for n, share in enumerate(of)]
    return Experiment("e", "CN", date(2026, 1, 1), salt, holdout, tuple(arms))


@given(shares(), st.integers(0, 2**32))
def test_shares_are_met_within_what_chance_allows(of: tuple[int, ...], seed: int) -> None:
    number, e = 4000, experiment(*of, salt=str(seed))
    counted = Counter(arm_of(e, f"C-{n}").name for n in range(number))
    for arm in e.all_arms:
        p = arm.share / 10_000
        six_sigma = 6 * math.sqrt(number * p * (1 - p)) + 1
        assert abs(counted[arm.name] - number * p) <= six_sigma


@given(names, names, shares(), shares())
def test_the_place_is_of_salt_and_unit_alone(
    salt: str, unit: str, one: tuple[int, ...], two: tuple[int, ...]
) -> None:
    at = place(salt, unit)
    assert 0 <= at < 10_000
    assert at == place(salt, unit)
    for of in (one, two):
        before = 0
        for share, arm in zip(of, experiment(*of, salt=salt).all_arms, strict=True):
            inside = before <= at < before + share
            assert (arm_of(experiment(*of, salt=salt), unit) == arm) is inside
            before += share


def test_another_salt_deals_anew() -> None:
    one, two = experiment(5000, 5000, salt="one"), experiment(5000, 5000, salt="two")
    same = sum(arm_of(one, f"C-{n}").name == arm_of(two, f"C-{n}").name for n in range(4000))
    assert 1800 < same < 2200


days = st.dates(date(2026, 1, 1), date(2026, 3, 1))


@given(days, st.none() | days, days, st.none() | days)
def test_two_periods_overlap_when_they_share_a_day(a: date, b: date | None, c: date, d: date | None) -> None:
    assume((b is None or a <= b) and (d is None or c <= d))
    base = experiment(5000, 5000)
    one, two = (
        Experiment(str(f), base.region, f, "s", base.holdout, base.arms, t) for f, t in ((a, b), (c, d))
    )
    shared = any(one.runs(on) and two.runs(on) for on in (a, b or a, c, d or c))
    assert one.overlaps(two) is two.overlaps(one) is shared


@pytest.mark.parametrize(
    ("statistic", "degrees", "tail"),
    [(3.841, 1, 0.05), (6.635, 1, 0.01), (5.991, 2, 0.05), (7.815, 3, 0.05), (11.345, 3, 0.01),
     (9.488, 4, 0.05), (11.070, 5, 0.05), (18.467, 4, 0.001), (0, 3, 1)],
)  # fmt: skip
def test_the_tail_of_chi_square_is_that_of_the_printed_tables(
    statistic: float, degrees: int, tail: float
) -> None:
    assert chi_square_tail(statistic, degrees) == pytest.approx(tail, rel=2e-3)


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0), (81, 263, 0.2553, 0.3662)],
)
def test_a_share_has_the_published_interval(hits: int, of: int, low: float, high: float) -> None:
    """Newcombe 1998, table I, for 81 of 263; the others from the formula by hand."""
    found = wilson(hits, of)
    assert found is not None
    assert [found.low, found.high] == pytest.approx([low, high], abs=1e-4)


def test_of_nothing_there_is_no_share_and_of_one_no_mean() -> None:
    assert wilson(0, 0) is None
    assert mean(1, 5.0, 0.0) is None
    found = mean(100, 50.0, 10.0)
    assert found is not None
    assert [found.low, found.high] == pytest.approx([48.04, 51.96], abs=0.01)


def test_arms_as_they_were_dealt_are_by_chance_and_a_lost_tenth_is_not() -> None:
    dealt = Counter(random.Random(7).choices(["a", "b"], [3, 7], k=5000))
    assert mismatch(dealt, {"a": 1500, "b": 3500}) > 0.001
    assert mismatch({"a": 1500, "b": 3150}, {"a": 1395, "b": 3255}) < 0.001
    assert mismatch({"a": 5, "b": 1}, {"a": 6}) == 0
    assert mismatch({}, {}) == 1
