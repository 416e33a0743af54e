"""Two strategies on the same borrowers: what is common, how parts merge, and the interval."""

from __future__ import annotations

import math
import random
from datetime import date
from itertools import pairwise
from statistics import NormalDist, mean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recourse.packs.behaviours import installed_behaviours
from recourse.simulation.comparing import differences
from recourse.simulation.draws import Draws
from recourse.simulation.loans import InventedBook
from recourse.simulation.model import Model
from recourse.simulation.report import report
from recourse.simulation.spreading import Result, Setup, run_part, simulate
from recourse.simulation.tally import METRICS, Figures, Paired
from recourse.simulation.trial import Window
from tests.examples import examples
from tests.simulation.worlds import trial

FIRST = date(2027, 1, 1)
MODEL = installed_behaviours()["CN"]
WINDOW = Window(FIRST, date(2027, 6, 30))
BOOK = InventedBook(MODEL.book, 7, FIRST, range(1, 41))


def setup(*strategies: str) -> Setup:
    return Setup(tuple(trial(one) for one in strategies), MODEL, WINDOW, 7)


def later(days: int) -> str:
    """The default ladder's calls alone, some days later."""
    return f"""
id: later
version: "1"
region: CN
buckets: [{{name: all, from_dpd: 0}}]
promise: {{}}
steps:
  - {{id: sms, kind: remind, stage: reminder, day: {days}, channel: sms, template: reminder_friendly}}
  - {{id: call, kind: task, stage: agent, day: {days + 2}, channel: call, task: call, team: agents}}
"""


def test_a_against_a_differs_by_exactly_nothing() -> None:
    result = simulate(setup("CN", "CN"), BOOK, 1)
    assert result.tallies[0] == result.tallies[1]
    assert result.tallies[0].totals["contacts"] > 0
    for difference in differences(result.paired):
        assert (difference.total, difference.low, difference.high, difference.clear) == (0, 0, 0, False)


def test_the_difference_is_b_minus_a() -> None:
    result = simulate(setup(later(2), later(25)), BOOK, 1)
    a, b = result.tallies
    told = {d.metric: d.total for d in differences(result.paired)}
    assert told == {metric: b.totals[metric] - a.totals[metric] for metric in METRICS}
    assert told["contacts"] != 0


def test_what_a_strategy_does_not_touch_is_the_same_under_both() -> None:
    """Who pays unasked does so on the same day, whatever was sent: the draws are keyed, not taken in turn."""
    never = later(400)
    alone = simulate(setup(never), BOOK, 1).tallies[0]
    beside = simulate(setup(later(2), never), BOOK, 1).tallies[1]
    assert alone == beside
    assert alone.totals["paid"] > 0


def test_the_same_seed_gives_the_same_result_in_two_processes_and_another_seed_another() -> None:
    both = setup("CN", later(5))
    here, elsewhere = simulate(both, BOOK, 1), simulate(both, BOOK, 2)
    assert report(both, here, "x") == report(both, elsewhere, "x")
    other = Setup(both.trials, MODEL, WINDOW, 8)
    assert report(other, simulate(other, BOOK, 1), "x")["strategies"] != report(both, here, "x")["strategies"]


@examples(12)
@given(cuts=st.lists(st.integers(0, 14), max_size=3), order=st.randoms(use_true_random=False))
def test_parts_merge_to_the_same_result_in_any_order(cuts: list[int], order: random.Random) -> None:
    both = setup(later(2), later(9))
    model, book = Model.of(MODEL), BOOK.part(0, 15)
    edges = sorted({0, 15, *cuts})
    parts = [run_part(both, model, book.part(*edge)) for edge in pairwise(edges)]
    order.shuffle(parts)
    merged = Result.empty(both)
    for part in parts:
        merged.merge(part)
    whole = run_part(both, model, book)
    assert (merged.tallies, merged.paired) == (whole.tallies, whole.paired)


@given(st.lists(st.integers(-(10**9), 10**9), min_size=30, max_size=60))
def test_the_interval_is_the_textbooks(values: list[int]) -> None:
    paired = Paired()
    for value in values:
        paired.take(Figures(), Figures(paid=value))
    paid = next(d for d in differences(paired) if d.metric == "paid")
    n, z = len(values), NormalDist().inv_cdf(0.975)
    half = z * stdev(values) / math.sqrt(n) * n
    assert paid.low is not None
    assert paid.high is not None
    assert paid.low == pytest.approx(n * mean(values) - half, rel=1e-9, abs=1e-3)
    assert paid.high == pytest.approx(n * mean(values) + half, rel=1e-9, abs=1e-3)


def test_a_handful_of_loans_has_no_interval() -> None:
    paired = Paired()
    for value in range(29):
        paired.take(Figures(), Figures(contacts=value))
    assert {(d.low, d.high, d.clear) for d in differences(paired)} == {(None, None, False)}


def test_draws_are_even_and_each_has_a_name() -> None:
    drawn = [Draws(1, f"L-{n}").uniform("x", 0) for n in range(4000)]
    assert 0 <= min(drawn) < 0.01
    assert 0.99 < max(drawn) < 1
    assert mean(drawn) == pytest.approx(0.5, abs=0.02)
    one = Draws(1, "L-1")
    assert one.uniform("x", 1, 2) == Draws(1, "L-1").uniform("x", 1, 2)
    assert (
        len({one.uniform("x", 1), one.uniform("x", 2), one.uniform("y", 1), Draws(2, "L-1").uniform("x", 1)})
        == 4
    )


def test_a_geometric_wait_has_the_mean_of_its_hazard() -> None:
    waits = [Draws(1, f"L-{n}").trials(0.1, "x") for n in range(4000)]
    assert mean(w for w in waits if w is not None) == pytest.approx(10, rel=0.05)
    assert Draws(1, "L").trials(0, "x") is None
    assert Draws(1, "L").trials(1, "x") == 1
