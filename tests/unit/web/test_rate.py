"""The counting itself: never more than it says in any stretch of time, and never more memory."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recourse.web.rate import Rate, network


@given(
    st.integers(1, 20),
    st.lists(st.floats(0, 40, allow_nan=False, allow_infinity=False), min_size=1, max_size=80),
)
def test_in_no_stretch_of_time_is_more_let_through_than_said(most: int, pauses: list[float]) -> None:
    """So many at once and so many a minute: in t seconds at most `most * (1 + t / 60)`."""
    now = [0.0]
    rate = Rate(most, lambda: now[0])
    through = []
    for pause in pauses:
        now[0] += pause
        if rate.take("x") == 0:
            through.append(now[0])
    for i, begin in enumerate(through):
        for j, end in enumerate(through[i:]):
            assert j + 1 <= most * (1 + (end - begin) / 60) + 1e-3


@given(st.integers(1, 20), st.integers(1, 60))
def test_who_waits_as_long_as_he_is_told_is_let_through(most: int, tries: int) -> None:
    now = [0.0]
    rate = Rate(most, lambda: now[0])
    for _ in range(tries):
        wait = rate.take("x")
        if wait:
            now[0] += wait
            assert rate.take("x") == 0


def test_what_is_given_back_was_never_taken() -> None:
    rate = Rate(2, lambda: 0.0)
    for _ in range(10):
        assert rate.take("x") == 0
        rate.give_back("x")
    assert [rate.take("x") == 0 for _ in range(3)] == [True, True, False]


def test_memory_is_bounded_and_the_last_are_remembered() -> None:
    rate = Rate(1, lambda: 0.0, remembered=3)
    for key in "abcdef":
        assert rate.take(key) == 0
    assert len(rate._free_at) == 3
    assert [rate.take(key) == 0 for key in "fed"] == [False] * 3
    assert rate.take("a") == 0


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("", ""),
        ("testclient", "testclient"),
    ],
)
def test_an_address_of_which_one_has_many_is_counted_with_its_neighbours(address: str, counted: str) -> None:
    assert network(address) == counted
