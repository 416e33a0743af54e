"""The language of conditions: what each measure counts, and that joining conditions is arithmetic."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recourse.domain.delinquency import Arrears, Installment
from recourse.domain.fold import Account
from recourse.domain.ids import ContactPointId
from recourse.domain.situation import (
    AttemptOutcome,
    ContactPoint,
    PromiseState,
    Situation,
    StepOutcome,
    StepRecord,
)
from recourse.domain.strategy.condition import (
    DARK,
    LOCATED,
    Condition,
    Episodes,
    Range,
    implies,
    together,
    unmet,
)
from recourse.ports import Fix
from recourse.service.keeping_positions import quality_of
from tests.examples import examples
from tests.unit.domain.builders import (
    ALL_CHANNELS,
    CN_NOON,
    attempt,
    borrower,
    promise,
    situation,
    with_attempts,
    with_steps,
)


def holds(s: Situation, **said: object) -> bool:
    return unmet(Condition(**said), s) is None  # type: ignore[arg-type]


def owing(*unpaid: int, first: int = 7) -> Situation:
    due = date(2026, 10, 1)
    items = (Installment(first + n, due + timedelta(days=30 * n), 1000, one) for n, one in enumerate(unpaid))
    return replace(situation(), account=Account(Arrears.of(items)))


def test_bounds_are_inclusive_on_both_sides() -> None:
    s = owing(600, 400)
    assert [holds(s, amount_minor=Range(min=n)) for n in (999, 1000, 1001)] == [True, True, False]
    assert [holds(s, amount_minor=Range(max=n)) for n in (999, 1000, 1001)] == [False, True, True]
    assert [holds(s, installments=Range(n, n)) for n in (1, 2, 3)] == [False, True, False]


def test_everything_that_is_said_must_hold() -> None:
    s = owing(600, 400)
    assert not holds(s, amount_minor=Range(min=1000), installments=Range(min=3))
    assert holds(s, amount_minor=Range(min=1000), installments=Range(min=2))


def test_what_says_no_is_named_with_its_value() -> None:
    assert unmet(Condition(installments=Range(min=3)), owing(600, 400)) == "installments is 2"
    assert unmet(Condition(number_dead=True), situation()) == "number_dead is false"


def test_episodes_are_counted_back_from_the_opening_of_the_present_one() -> None:
    s = situation(days=10)
    opened = s.case.opened_at
    s = replace(s, earlier_episodes=tuple(opened - timedelta(days=d) for d in (500, 365, 100)))
    assert holds(s, episodes=Episodes(4, 4))
    assert holds(s, episodes=Episodes(3, 3, days=365))
    assert holds(s, episodes=Episodes(2, 2, days=364))
    assert holds(situation(), episodes=Episodes(1, 1, days=1))


def test_promises_are_counted_by_how_they_were_judged() -> None:
    made = promise(CN_NOON, date(2026, 11, 1))
    states = [PromiseState.BROKEN, PromiseState.BROKEN, PromiseState.KEPT, PromiseState.OPEN]
    s = replace(situation(), promises=tuple(replace(made, state=state) for state in states))
    assert holds(s, broken_promises=Range(2, 2), kept_promises=Range(1, 1))


def test_a_first_payment_default_is_the_very_first_installment_unpaid() -> None:
    assert holds(owing(10, first=1), first_payment_default=True)
    assert holds(owing(10, first=2), first_payment_default=False)


def points(**usable: bool) -> Situation:
    found = tuple(ContactPoint(ContactPointId(k), k, ALL_CHANNELS, ok) for k, ok in usable.items())
    return replace(situation(), parties=(replace(borrower(), contact_points=found),))


@pytest.mark.parametrize(
    ("usable", "dead"),
    [
        ({"mobile": False, "email": True}, True),
        ({"mobile": False, "landline": True}, False),
        ({"mobile": False, "landline": False}, True),
        ({"email": False}, False),
    ],
)
def test_a_number_is_dead_when_there_was_one_and_none_is_left(usable: dict[str, bool], dead: bool) -> None:
    assert holds(points(**usable), number_dead=dead)


def test_unreachable_is_what_the_law_calls_so() -> None:
    failed = attempt(CN_NOON, AttemptOutcome.NOT_CONNECTED)
    assert holds(with_attempts(situation(), failed, failed), unreachable=False)
    assert holds(with_attempts(situation(), failed, failed, failed), unreachable=True)


def test_a_tracker_is_dark_while_its_last_answer_said_nothing_of_the_present() -> None:
    def answered(*codes: str) -> Situation:
        rows = (StepRecord("locate", StepOutcome.UNABLE, CN_NOON, code) for code in codes)
        return with_steps(situation(), *rows)

    assert all(holds(answered("fresh", code), tracker_dark=True) for code in DARK)
    assert holds(answered("stale", "fresh"), tracker_dark=False)
    assert holds(answered("no_lawful_basis"), tracker_dark=False)


def test_every_quality_of_a_position_is_fresh_or_dark() -> None:
    """The language knows the codes that the locating step records."""
    fix = Fix(0.0, 0.0, CN_NOON, CN_NOON, None, None, True, False, "wgs84", "traccar", "")
    variants = [fix, replace(fix, valid=False), replace(fix, carried_over=True)]
    ages = [timedelta(0), timedelta(days=30), -timedelta(days=1)]
    codes = {quality_of(one, age) for one in variants for age in ages}
    assert codes == DARK - {"no_fix"} | {LOCATED}


Bounds = tuple[int | None, int | None]


def _some(bounds: Bounds) -> bool:
    low, high = bounds
    return low <= high if low is not None and high is not None else bounds != (None, None)


bound = st.none() | st.integers(0, 4)
ranges: st.SearchStrategy[Bounds] = st.tuples(bound, bound).filter(_some)
said: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "installments": ranges.map(lambda b: Range(*b)),
        "broken_promises": ranges.map(lambda b: Range(*b)),
        "episodes": ranges.map(lambda b: Episodes(*b)),
        "number_dead": st.booleans(),
    },
).filter(bool)
conditions = said.map(lambda values: Condition(**values))


@st.composite
def cases(draw: st.DrawFn) -> Situation:
    made = promise(CN_NOON, date(2026, 11, 1))
    broken = tuple(replace(made, state=PromiseState.BROKEN) for _ in range(draw(st.integers(0, 4))))
    s = points(mobile=draw(st.booleans()))
    earlier = tuple(CN_NOON for _ in range(draw(st.integers(0, 4))))
    account = owing(*[10] * draw(st.integers(1, 4))).account
    return replace(s, promises=broken, earlier_episodes=earlier, account=account)


@examples(200)
@given(conditions, conditions, cases())
def test_two_conditions_together_hold_where_both_hold(one: Condition, other: Condition, s: Situation) -> None:
    both = together(one, other)
    expected = unmet(one, s) is None and unmet(other, s) is None
    if both is False:
        assert not expected
    else:
        assert both is not None
        assert (unmet(both, s) is None) is expected


@examples(200)
@given(conditions, conditions, cases())
def test_what_a_condition_implies_holds_wherever_it_does(
    one: Condition, other: Condition, s: Situation
) -> None:
    if implies(one, other) and unmet(one, s) is None:
        assert unmet(other, s) is None


def test_episodes_over_different_spans_are_never_said_to_exclude_each_other() -> None:
    year, ever = Condition(episodes=Episodes(3, days=365)), Condition(episodes=Episodes(max=2))
    assert together(year, ever) is not False
    assert not implies(year, ever)


def test_nothing_said_is_joined_with_what_is_said() -> None:
    dead = Condition(number_dead=True)
    assert together(None, dead) == together(dead, None) == dead
    assert together(None, None) is None
    assert not implies(None, dead)
