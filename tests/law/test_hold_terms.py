"""A hold without an end ends when the law says, and several at once merge by "most protective wins"."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recourse.domain.law import holds
from recourse.domain.law.gate import Packs
from recourse.domain.situation import Action, Hold, HoldReason
from recourse.packs.loader import Place, load_packs
from tests.law.table import Table, TermCase, instant, tables

LINES = [
    pytest.param(table, case, id=f"{table.pack}: {case.says}") for table in tables() for case in table.terms
]
NOW = datetime(2026, 11, 6, 12, tzinfo=UTC)
LAWS = load_packs().laws


@pytest.mark.parametrize(("table", "case"), LINES)
def test_a_hold_without_an_end_has_the_laws(table: Table, case: TermCase) -> None:
    placed = instant(case.placed, table.zone)
    packs = load_packs().packs_for(Place(table.region, case.lender or table.region), placed.date())
    found = holds.term(case.reason, packs, placed, table.zone)
    assert found.until == (instant(case.until, table.zone) if case.until else None)
    assert found.rule == case.rule


def test_every_number_of_days_has_a_line() -> None:
    numbered = {rule.code for law in LAWS.values() for rule in law.holds if rule.days is not None}
    assert numbered <= {case.rule for table in tables() for case in table.terms}


def test_where_no_pack_speaks_of_the_reason_the_hold_stands_until_it_is_lifted() -> None:
    silent = replace(LAWS["UK"], holds=())
    assert holds.term(HoldReason.BREATHING_SPACE, [silent], NOW, "UTC").until is None


def test_the_longest_of_several_laws_ends_a_hold() -> None:
    uk = LAWS["UK"]
    longer = tuple(replace(rule, days=90, code="longer") if rule.days else rule for rule in uk.holds)
    found = holds.term(
        HoldReason.BREATHING_SPACE, [uk, replace(uk, id="UK-X", holds=longer)], NOW, "Europe/London"
    )
    assert (found.rule, found.pack[:4]) == ("longer", "UK-X")


@pytest.mark.parametrize("pack", ["CN", "US", "UK", "IN", "EU"])
def test_each_pack_says_of_each_reason_what_it_stops(pack: str) -> None:
    assert {rule.reason for rule in LAWS[pack].holds} == set(HoldReason)


def test_a_breathing_space_freezes_fees_and_service_stops_recovery() -> None:
    def stops(pack: str, reason: HoldReason) -> frozenset[Action]:
        return next(rule.stops for rule in LAWS[pack].holds if rule.reason is reason)

    assert Action.FEES in stops("UK", HoldReason.BREATHING_SPACE)
    assert Action.RECOVERY in stops("US", HoldReason.MILITARY_SERVICE)
    assert Action.CALL not in stops("US", HoldReason.MILITARY_SERVICE)
    assert stops("US", HoldReason.BANKRUPTCY) == set(Action)


HOURS = st.integers(-48, 48).map(lambda n: NOW + timedelta(hours=n))
HELD = st.builds(
    Hold,
    id=st.just("hold"),
    reason=st.sampled_from(HoldReason),
    since=HOURS,
    until=st.one_of(st.none(), HOURS),
    stops=st.frozensets(st.sampled_from(Action), max_size=3),
)
PACKS = st.lists(st.sampled_from(sorted(LAWS)), min_size=1, max_size=3, unique=True).map(
    lambda names: tuple(LAWS[name] for name in names)
)


@given(held=st.lists(HELD, max_size=5), one_more=HELD, packs=PACKS, action=st.sampled_from(Action))
def test_one_more_hold_never_frees_an_action_nor_frees_it_sooner(
    held: list[Hold], one_more: Hold, packs: Packs, action: Action
) -> None:
    before = holds.stopped(tuple(held), packs, action, NOW)
    after = holds.stopped((*held, one_more), packs, action, NOW)
    assert _later(after, before)


@given(held=st.lists(HELD, max_size=5), packs=PACKS, action=st.sampled_from(Action), data=st.data())
def test_one_more_law_never_frees_an_action_nor_frees_it_sooner(
    held: list[Hold], packs: Packs, action: Action, data: st.DataObject
) -> None:
    fewer = tuple(data.draw(st.permutations(packs)))[: data.draw(st.integers(0, len(packs)))]
    assert _later(
        holds.stopped(tuple(held), packs, action, NOW), holds.stopped(tuple(held), fewer, action, NOW)
    )


@given(held=st.lists(HELD, max_size=5), packs=PACKS, action=st.sampled_from(Action))
def test_what_is_stopped_is_what_any_single_hold_stops(
    held: list[Hold], packs: Packs, action: Action
) -> None:
    single = [holds.stopped((one,), packs, action, NOW) for one in held]
    ends = [until for is_stopped, until in single if is_stopped]
    latest = None if None in ends else max((end for end in ends if end), default=None)
    assert holds.stopped(tuple(held), packs, action, NOW) == (bool(ends), latest)


@given(hold=HELD, packs=PACKS, action=st.sampled_from(Action))
def test_the_scope_of_a_hold_is_what_it_stops_and_never_less_than_what_a_law_names(
    hold: Hold, packs: Packs, action: Action
) -> None:
    scope = holds.scope(hold, packs)
    if holds.in_force(hold, NOW):
        assert (action in scope) is holds.stopped((hold,), packs, action, NOW)[0]
    named = {one for pack in packs for rule in pack.holds if rule.reason is hold.reason for one in rule.stops}
    assert named <= scope
    assert holds.scope(hold, ()) == set(Action)


def _later(one: tuple[bool, datetime | None], other: tuple[bool, datetime | None]) -> bool:
    if not other[0]:
        return True
    return one[0] and (one[1] is None or (other[1] is not None and one[1] >= other[1]))


@given(st.integers(1, 120), st.integers(0, 60))
def test_a_named_end_lengthens_the_days_of_the_law_and_never_shortens_them(days: int, hours: int) -> None:
    uk = [LAWS["UK"]]
    named = NOW + timedelta(days=days, hours=hours)
    lawful = holds.term(HoldReason.BREATHING_SPACE, uk, NOW, "Europe/London").until
    assert lawful is not None
    found = holds.term(HoldReason.BREATHING_SPACE, uk, NOW, "Europe/London", named)
    assert found.until == (named if named > lawful else lawful)
    assert bool(found.rule) is (lawful > named)
    assert holds.term(HoldReason.DISPUTE, uk, NOW, "Europe/London", named).until == named
