"""Permitted hours less what is shut: the next opening is the first minute at which nothing says no."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recourse.domain.law.openings import Openings, shuts
from recourse.domain.law.resting import RestDay, RestDays
from recourse.domain.law.rule import Mark, Source
from recourse.domain.law.rules import PermittedHours
from recourse.domain.restrictions import InconvenientTime, leaves_time
from recourse.domain.situation import Channel

CALL = frozenset({Channel.CALL})
MONDAY = datetime(2026, 11, 2, tzinfo=UTC)
LEAD = timedelta(minutes=2)
HOURS = PermittedHours(
    code="h", source=Source("hours", Mark.GENERAL), channels=CALL, opens=time(8), closes=time(20)
)
clock = st.integers(0, 24 * 4 - 1).map(lambda n: time(n // 4, n % 4 * 15))
named = st.builds(
    InconvenientTime, st.frozensets(st.integers(1, 7), min_size=1, max_size=4), begins=clock, ends=clock
)
resting = st.builds(
    lambda weekdays, days, worked: RestDays(
        code="r",
        source=Source("rest", Mark.GENERAL),
        channels=CALL,
        weekdays=weekdays,
        days=tuple(RestDay(MONDAY.date() + timedelta(days=n), "a day") for n in sorted(days)),
        worked=tuple(MONDAY.date() + timedelta(days=n) for n in worked),
    ),
    st.frozensets(st.integers(1, 7), max_size=2),
    st.sets(st.integers(-1, 9), max_size=3),
    st.sets(st.integers(-1, 9), max_size=2),
)
zones = st.lists(
    st.sampled_from(["UTC", "Asia/Shanghai", "America/New_York"]), min_size=1, max_size=2, unique=True
)


def naive_no(shut: InconvenientTime | RestDays, local: datetime) -> bool:
    """By the wall clock alone, minute by minute."""
    if isinstance(shut, RestDays):
        if any(day.on == local.date() for day in shut.days):
            return True
        return local.isoweekday() in shut.weekdays and local.date() not in shut.worked
    day, clock = local.isoweekday(), local.time()
    if shut.begins < shut.ends:
        return day in shut.weekdays and shut.begins <= clock < shut.ends
    evening = day in shut.weekdays and clock >= shut.begins
    return evening or ((day - 2) % 7 + 1 in shut.weekdays and clock < shut.ends)


def naive_begins(shut: tuple[InconvenientTime | RestDays, ...], at: list[str], now: datetime) -> bool:
    """A contact begins and lasts its two minutes without a no."""
    for zone in at:
        for minute in range(3):
            local = (now + timedelta(minutes=minute)).astimezone(ZoneInfo(zone))
            open_ = time(8) <= local.time() < time(20)
            if not open_ or any(naive_no(one, local) for one in shut):
                return False
    return True


@given(
    shut=st.lists(st.one_of(named, resting), max_size=3).map(tuple),
    at=zones,
    start=st.integers(0, 7 * 96).map(lambda n: MONDAY + timedelta(minutes=15 * n)),
)
def test_the_next_opening_is_the_first_lawful_minute(
    shut: tuple[InconvenientTime | RestDays, ...], at: list[str], start: datetime
) -> None:
    window = Openings((HOURS,), shut, tuple(at)).window(start)
    minutes = (start + timedelta(minutes=15 * n) for n in range(14 * 96))
    first = next((minute for minute in minutes if naive_begins(shut, at, minute)), None)
    assert (window[0] if window else None) == first


@given(
    shut=st.one_of(named, resting),
    at=zones,
    now=st.integers(0, 8 * 1440).map(lambda n: MONDAY + timedelta(minutes=n)),
)
def test_what_is_shut_is_shut_at_every_place(
    shut: InconvenientTime | RestDays, at: list[str], now: datetime
) -> None:
    wall = [
        (now + timedelta(minutes=minute)).astimezone(ZoneInfo(zone)) for zone in at for minute in range(3)
    ]
    assert shuts(shut, at, now) is any(naive_no(shut, local) for local in wall)


def test_a_contact_may_last_until_the_very_beginning_of_what_is_shut() -> None:
    noon = InconvenientTime(frozenset({1}), time(12), time(13))
    window = Openings((HOURS,), (noon,), ("UTC",)).window(MONDAY)
    assert window == (MONDAY + timedelta(hours=8), MONDAY + timedelta(hours=12) - LEAD)


def test_the_hour_that_the_clocks_repeat_is_shut_twice() -> None:
    night = InconvenientTime(frozenset({7}), time(1), time(2))
    first = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)  # 01:30, and 01:30 again an hour later
    assert [shuts(night, ["America/New_York"], first + timedelta(hours=n)) for n in range(3)] == [
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("times", "left"),
    [
        ([((1, 2, 3, 4, 5, 6, 7), "00:00", "00:00")], False),
        ([((1, 2, 3, 4, 5, 6, 7), "09:00", "08:59")], True),
        ([((1, 2, 3, 4, 5, 6, 7), "09:00", "08:59"), ((1, 2, 3, 4, 5, 6, 7), "08:59", "09:00")], False),
        ([((7,), "12:00", "12:00"), ((1, 2, 3, 4, 5, 6), "12:00", "12:00")], False),
        ([], True),
    ],
)
def test_a_week_without_a_free_minute_is_seen(times: list[tuple[list[int], str, str]], left: bool) -> None:
    named = [
        InconvenientTime(frozenset(days), time.fromisoformat(begins), time.fromisoformat(ends))
        for days, begins, ends in times
    ]
    assert leaves_time(named) is left


def test_rest_days_are_dates_first_and_weekdays_then() -> None:
    rule = RestDays(
        code="r",
        source=Source("rest", Mark.GENERAL),
        channels=CALL,
        weekdays=frozenset({6, 7}),
        days=(RestDay(date(2026, 10, 1), "National Day"),),
        worked=(date(2026, 10, 10),),
    )
    rests = {day for day in range(1, 12) if rule.rests_on(date(2026, 10, day))}
    assert rests == {1, 3, 4, 11}
