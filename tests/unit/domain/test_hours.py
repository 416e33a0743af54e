"""Permitted hours agree with the clock on the wall, everywhere, also on the nights clocks are changed."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from recourse.domain.law.hours import (
    binding_closure,
    contact_closure,
    contact_window,
    local_date,
    next_window,
    rules_for,
    start_of_day,
)
from recourse.domain.law.rules import PermittedHours
from recourse.domain.situation import Channel
from tests.examples import examples
from tests.unit.domain import wallclock
from tests.unit.domain.builders import CN, US, pack
from tests.unit.domain.wallclock import MARK, on_the_wall, plain_day, rule

EIGHT_TO_TEN = rule(time(8), time(22))
TICK = timedelta(microseconds=1)


@examples(120)
@given(st.data(), wallclock.zones, wallclock.legal_rules)
def test_legal_hours_are_those_on_the_wall(data: st.DataObject, zone: str, hours: PermittedHours) -> None:
    instant = data.draw(wallclock.instants(zone))
    assume(plain_day([hours], [zone], instant))
    open_now = binding_closure([hours], [zone], instant) is None
    assert open_now is on_the_wall([hours], [zone], instant)


@examples(120)
@given(st.data(), wallclock.with_changes, wallclock.any_rules())
def test_a_skipped_or_doubled_edge_never_permits_what_the_wall_forbids(
    data: st.DataObject, zone: str, hours: PermittedHours
) -> None:
    instant = data.draw(wallclock.instants(zone))
    open_now = binding_closure([hours], [zone], instant) is None
    assert on_the_wall([hours], [zone], instant) or not open_now
    if plain_day([hours], [zone], instant):
        assert open_now is on_the_wall([hours], [zone], instant)


@examples(120)
@given(st.data(), st.lists(wallclock.zones, min_size=1, max_size=2), wallclock.legal_rules)
def test_the_next_window_is_the_first_stretch_that_every_wall_permits(
    data: st.DataObject, places: list[str], hours: PermittedHours
) -> None:
    rules, zones = [hours, EIGHT_TO_TEN], tuple(places)
    start = data.draw(wallclock.instants(zones[0]))
    days = [start + timedelta(days=n) for n in range(3)]
    assume(all(plain_day(rules, zones, day) for day in days))
    marks = [start + MARK * n for n in range(2 * 288)]
    opening = next((at for at in marks if on_the_wall(rules, zones, at)), None)
    window = next_window(rules, zones, start)
    if opening is None:
        assert window is None or window[0] > marks[-1]
        return
    closing = opening
    while on_the_wall(rules, zones, closing):
        closing += MARK
    assert window == (opening, closing)


@examples(80)
@given(st.data(), wallclock.with_changes, wallclock.any_rules())
def test_the_next_window_holds_nothing_that_the_gate_would_refuse(
    data: st.DataObject, zone: str, hours: PermittedHours
) -> None:
    start = data.draw(wallclock.instants(zone)) + TICK * data.draw(st.integers(0, 299_999_999))
    window = next_window([hours], (zone,), start)
    assert window is not None
    opens, closes = window
    assert start <= opens < closes
    for at in (opens, opens + (closes - opens) / 2, closes - TICK):
        assert binding_closure([hours], [zone], at) is None
    assert binding_closure([hours], [zone], closes) is not None
    if opens > start:
        assert binding_closure([hours], [zone], opens - TICK) is not None


@examples(100)
@given(st.data(), wallclock.with_changes)
def test_a_day_starts_at_its_first_mark_on_the_calendar(data: st.DataObject, zone: str) -> None:
    day = local_date(data.draw(wallclock.instants(zone)), zone)
    assert start_of_day(day, zone) == next(wallclock.marks_of(day, zone))


def test_in_every_zone_the_date_changes_exactly_at_the_start_of_the_day() -> None:
    for zone in wallclock.ZONES:
        for change in wallclock.changes(zone):
            for day in (local_date(change, zone) + timedelta(days=n) for n in range(-1, 3)):
                start = start_of_day(day, zone)
                assert local_date(start, zone) == day, (zone, day)
                assert local_date(start - TICK, zone) == day - timedelta(days=1), (zone, day)


@pytest.mark.parametrize(
    ("zone", "day", "start"),
    [
        ("Africa/Cairo", date(2026, 4, 24), datetime(2026, 4, 23, 22, 0, tzinfo=UTC)),
        ("America/Santiago", date(2026, 9, 6), datetime(2026, 9, 6, 4, 0, tzinfo=UTC)),
        ("America/Havana", date(2026, 3, 8), datetime(2026, 3, 8, 5, 0, tzinfo=UTC)),
        ("America/Havana", date(2026, 11, 1), datetime(2026, 11, 1, 4, 0, tzinfo=UTC)),
        ("Asia/Shanghai", date(2026, 11, 6), datetime(2026, 11, 5, 16, 0, tzinfo=UTC)),
    ],
)
def test_a_day_whose_midnight_is_skipped_or_doubled_starts_when_the_date_first_shows(
    zone: str, day: date, start: datetime
) -> None:
    assert start_of_day(day, zone) == start


EDGES = [
    ("CN", "07:59:59.999999", False),
    ("CN", "08:00:00", True),
    ("CN", "21:59:59.999999", True),
    ("CN", "22:00:00", False),
    ("CN", "00:00:00", False),
    ("US", "07:59:59.999999", False),
    ("US", "08:00:00", True),
    ("US", "20:59:59.999999", True),
    ("US", "21:00:00", False),
    ("US", "23:59:59", False),
]


@pytest.mark.parametrize("channel", list(Channel))
@pytest.mark.parametrize(("country", "wall", "permitted"), EDGES)
def test_the_opening_minute_is_in_and_the_closing_minute_is_out(
    channel: Channel, country: str, wall: str, permitted: bool
) -> None:
    law, offset, zone = {"CN": (CN, 8, "Asia/Shanghai"), "US": (US, -5, "America/New_York")}[country]
    at = datetime.combine(date(2026, 1, 15), time.fromisoformat(wall), UTC) - timedelta(hours=offset)
    assert (binding_closure(rules_for([law], channel), [zone], at) is None) is permitted


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "hours", "start", "window"),
    [
        # New York, 8 March 2026: 02:00 becomes 03:00 at 07:00 UTC. Half past two is never shown:
        # read by the winter clock it is 07:30 UTC, by the summer clock 06:30 UTC.
        ("America/New_York", rule(time(2, 30), time(12)), "2026-03-08T05:00", ("07:30", "16:00")),
        ("America/New_York", rule(time(1), time(2, 30)), "2026-03-08T05:00", ("06:00", "06:30")),
        # New York, 1 November 2026: 02:00 becomes 01:00 at 06:00 UTC. Half past one is shown twice.
        ("America/New_York", rule(time(1, 30), time(12)), "2026-11-01T04:00", ("06:30", "17:00")),
        ("America/New_York", rule(time(0), time(1, 30)), "2026-11-01T04:00", ("04:00", "05:30")),
        # Easter Island, 4 April 2026: 22:00 becomes 21:00 at 03:00 UTC, so nine is shown twice.
        ("Pacific/Easter", rule(time(8), time(21)), "2026-04-04T15:00", ("15:00", "26:00")),
        # Easter Island, 5 September 2026: 22:00 becomes 23:00 at 04:00 UTC, so ten is never shown.
        ("Pacific/Easter", rule(time(8), time(22)), "2026-09-05T15:00", ("15:00", "27:00")),
    ],
)
def test_a_wall_time_shown_never_or_twice_is_read_to_the_stricter_side(
    zone: str, hours: PermittedHours, start: str, window: tuple[str, str]
) -> None:
    midnight = _utc(start).replace(hour=0)
    expected = [midnight + timedelta(hours=int(w[:2]), minutes=int(w[3:])) for w in window]
    assert next_window([hours], (zone,), _utc(start)) == tuple(expected)


def test_two_places_are_permitted_only_where_their_days_overlap() -> None:
    start = _utc("2026-01-15T00:00")
    # Shanghai 08-22 is 00-14 UTC; Berlin (UTC+1) 08-22 is 07-21 UTC.
    window = next_window([EIGHT_TO_TEN], ("Asia/Shanghai", "Europe/Berlin"), start)
    assert window == (_utc("2026-01-15T07:00"), _utc("2026-01-15T14:00"))


def test_two_packs_leave_the_narrower_hours() -> None:
    rules = rules_for([pack("A", time(8), time(20)), pack("B", time(10), time(22))], Channel.SMS)
    start = _utc("2026-01-15T00:00")
    assert next_window(rules, ("UTC",), start) == (_utc("2026-01-15T10:00"), _utc("2026-01-15T20:00"))


def test_places_without_a_common_hour_have_no_window() -> None:
    # Shanghai 08-22 is 00-14 UTC; Los Angeles (UTC-8) 08-22 is 16-06 UTC; Azores-like UTC-1 is 09-23.
    places = ("Asia/Shanghai", "America/Los_Angeles", "Etc/GMT+1")
    assert next_window([EIGHT_TO_TEN], places, _utc("2026-01-15T00:00")) is None


def test_a_window_under_way_is_cut_to_begin_now() -> None:
    now = _utc("2026-01-15T10:17")
    assert next_window([EIGHT_TO_TEN], ("UTC",), now) == (now, _utc("2026-01-15T22:00"))


@pytest.mark.parametrize(
    ("at", "may_begin"),
    [
        ("2026-01-15T07:59:59", False),
        ("2026-01-15T08:00", True),
        ("2026-01-15T21:57:59.999999", True),
        ("2026-01-15T21:58", False),
        ("2026-01-15T22:00", False),
    ],
)
def test_no_contact_begins_in_the_last_two_minutes_of_permitted_hours(at: str, may_begin: bool) -> None:
    assert (contact_closure([EIGHT_TO_TEN], ("UTC",), _utc(at)) is None) is may_begin
    window = contact_window([EIGHT_TO_TEN], ("UTC",), _utc(at))
    assert window is not None
    assert (window[0] == _utc(at)) is may_begin
    assert window[1].time() == time(21, 58)


def test_hours_too_short_for_a_contact_to_begin_are_passed_over() -> None:
    """08:00 to 22:00 here and until 08:01 there: a minute in common is none."""
    meeting = [EIGHT_TO_TEN, rule(time(6), time(8, 1))]
    assert contact_window(meeting, ("UTC",), _utc("2026-01-15T00:00")) is None
    window = contact_window([EIGHT_TO_TEN], ("UTC",), _utc("2026-01-15T21:59"))
    assert window == (_utc("2026-01-16T08:00"), _utc("2026-01-16T21:58"))
