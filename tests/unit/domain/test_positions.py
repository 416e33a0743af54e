"""Coarse places: a cell says the same however often one looks, and is no finer than it says.

Distances are computed apart from the code, on a sphere.
"""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recourse.domain.law.location import HOUSE_TERMS, LocationRule, Terms, terms_for
from recourse.domain.law.rule import Mark, Source
from recourse.domain.positions import FixOrder, LocationPurpose, Place, Precision, at_most, coarse
from recourse.domain.situation import STAGE_ORDER, Stage
from recourse.packs.loader import load_packs
from tests.unit.domain.builders import pack

latitudes = st.floats(-90, 90) | st.sampled_from([-90.0, 0.0, 90.0, 89.999999, 31.2304])
longitudes = st.floats(-180, 180) | st.sampled_from([-180.0, 0.0, 180.0, 179.999999, 121.4737])
places = st.builds(
    Place,
    latitudes,
    longitudes,
    st.just(Precision.EXACT),
    speed_mps=st.none() | st.floats(0, 60),
    accuracy_m=st.none() | st.floats(0.1, 500),
)
sizes = st.integers(1, 100)


def kilometres(a: Place, b: Place) -> float:
    """Along a great circle of the mean earth."""
    one, other = math.radians(a.latitude), math.radians(b.latitude)
    half = math.sin((other - one) / 2) ** 2
    half += math.cos(one) * math.cos(other) * math.sin(math.radians(b.longitude - a.longitude) / 2) ** 2
    return 2 * 6371.0088 * math.asin(min(1.0, math.sqrt(half)))


@given(places, sizes)
def test_a_cell_of_a_cell_is_itself_so_that_no_reading_tells_more_than_the_first(
    place: Place, km: int
) -> None:
    once = coarse(place, km)
    assert coarse(once, km) == once
    assert {coarse(place, km) for _ in range(5)} == {once}


@given(places, sizes)
def test_a_coarse_place_lies_on_earth_near_the_true_one_and_has_lost_all_else(place: Place, km: int) -> None:
    cell = coarse(place, km)
    assert -90 <= cell.latitude <= 90
    assert -180 <= cell.longitude <= 180
    # Half a cell up and half a cell aside; a row is wider than high by less than a column at its edges.
    assert kilometres(place, cell) <= 1.6 * km + 0.5
    assert (cell.precision, cell.cell_km, cell.speed_mps, cell.accuracy_m) == ("coarse", km, None, None)


@given(st.floats(-70, 70), longitudes, st.integers(1, 20), st.floats(0, 1), st.floats(0, 1))
def test_all_of_a_cell_is_told_alike_and_a_cell_is_no_smaller_than_it_says(
    latitude: float, longitude: float, km: int, north: float, east: float
) -> None:
    """From the middle almost half the size in any direction, at the scale of the place, is the same cell."""
    middle = coarse(Place(latitude, longitude, Precision.EXACT), km)
    reach = 0.49 * km
    up = (2 * north - 1) * reach / 111.4
    aside = (2 * east - 1) * reach / (111.4 * math.cos(math.radians(middle.latitude)))
    moved = Place(middle.latitude + up, middle.longitude + aside, Precision.EXACT)
    assert coarse(moved, km) == middle


def test_the_edge_of_the_map_is_one_meridian() -> None:
    east, west = (Place(10.0, longitude, Precision.EXACT) for longitude in (180.0, -180.0))
    assert coarse(east, 5) == coarse(west, 5)


@given(places, sizes, sizes)
def test_what_is_told_never_becomes_finer(place: Place, first: int, second: int) -> None:
    cell = at_most(place, Precision.COARSE, first)
    again = at_most(cell, Precision.COARSE, second)
    assert again.cell_km == max(first, second)
    assert at_most(cell, Precision.EXACT, second) == cell
    assert at_most(place, Precision.EXACT, second) == place


def test_a_cell_without_a_size_is_an_error() -> None:
    with pytest.raises(ValueError, match="cell_km"):
        coarse(Place(0.0, 0.0, Precision.EXACT), 0)


AT = datetime(2026, 11, 6, 4, 0, tzinfo=UTC)
orders = st.builds(
    FixOrder,
    st.sampled_from([AT, AT + timedelta(seconds=30), AT + timedelta(minutes=1)]),
    st.booleans(),
    st.booleans(),
    st.sampled_from([AT, AT + timedelta(minutes=5)]),
    st.sampled_from(["a", "b"]),
)


@given(st.lists(orders, min_size=1, max_size=4))
def test_in_whatever_order_and_how_often_fixes_come_the_same_one_stays(fixes: list[FixOrder]) -> None:
    def kept(arriving: list[FixOrder]) -> FixOrder:
        known = arriving[0]
        for one in arriving[1:]:
            known = one if one.newer_than(known) else known
        return known

    assert {kept([*some, *some]) for some in map(list, permutations(fixes))} == {kept(fixes)}


def test_a_fix_that_was_carried_over_never_takes_the_place_of_the_one_it_repeats() -> None:
    true = FixOrder(AT, False, True, AT, "a")
    copied = replace(true, carried_over=True, received_time=AT + timedelta(hours=1), digest="z")
    assert not copied.newer_than(true)
    assert replace(true, fix_time=AT + timedelta(seconds=1)).newer_than(copied)


def _rule(code: str, exact_from: Stage | None, km: int, lasts: int, keep: int) -> LocationRule:
    return LocationRule(
        code=code,
        source=Source("law", Mark.HOUSE),
        purposes=frozenset({LocationPurpose.PLAN_VISIT}),
        exact_from=exact_from,
        cell_km=km,
        lasts_days=lasts,
        keep_days=keep,
    )


def test_of_several_packs_the_strictest_number_counts_each_for_itself() -> None:
    lax = replace(pack("A"), location=(_rule("a", Stage.AGENT, 2, 9, 10),))
    strict = replace(pack("B"), location=(_rule("b", Stage.LEGAL, 7, 3, 90),))
    found = {stage: terms_for("plan_visit", stage, (lax, strict)) for stage in STAGE_ORDER}
    coarse_, exact = Terms(Precision.COARSE, 7, 3, 10), Terms(Precision.EXACT, 7, 3, 10)
    assert found == {
        Stage.REMINDER: coarse_,
        Stage.AGENT: coarse_,
        Stage.FIELD: coarse_,
        Stage.LEGAL: exact,
        Stage.CLOSED: exact,
    }


def test_where_no_pack_says_anything_a_place_is_coarse_whatever_the_stage() -> None:
    assert terms_for("plan_visit", Stage.LEGAL, (pack("A"),)) == HOUSE_TERMS
    assert HOUSE_TERMS.precision is Precision.COARSE


@pytest.mark.parametrize("law", sorted(name for name, p in load_packs().laws.items() if p.locate_basis))
def test_each_law_that_lets_locate_says_for_which_purposes_and_none_is_exact_before_the_field(
    law: str,
) -> None:
    book = load_packs()
    own = book.laws[law]
    named = [purpose for rule in own.location for purpose in rule.purposes]
    assert sorted(named) == sorted(LocationPurpose)
    early = [terms_for(p, stage, (own,)) for p in LocationPurpose for stage in (Stage.REMINDER, Stage.AGENT)]
    assert {terms.precision for terms in early} == {Precision.COARSE}
    exact = {p for p in LocationPurpose if terms_for(p, Stage.FIELD, (own,)).precision is Precision.EXACT}
    assert exact == {LocationPurpose.PLAN_VISIT}
