"""Business time is a straight line: it comes back to where it started and never runs backwards."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recourse.contracts.messages import CalendarData
from recourse.domain.calendar import BusinessCalendar
from tests.examples import examples

MICROSECOND = timedelta(microseconds=1)
instants = st.timedeltas(timedelta(0), timedelta(days=4000)).map(datetime(2020, 1, 1, tzinfo=UTC).__add__)
calendars = st.builds(
    BusinessCalendar, real_anchor=instants, business_anchor=instants, scale=st.integers(1, 100_000)
)
near = st.timedeltas(timedelta(days=-2), timedelta(days=2))


@examples(100)
@given(calendars, near)
def test_real_to_business_and_back_is_the_same_instant(calendar: BusinessCalendar, offset: timedelta) -> None:
    real = calendar.real_anchor + offset
    assert calendar.real(calendar.business(real)) == real


@examples(100)
@given(calendars, near)
def test_a_business_instant_is_reached_at_its_real_one_and_not_a_microsecond_before(
    calendar: BusinessCalendar, offset: timedelta
) -> None:
    business = calendar.business_anchor + offset
    real = calendar.real(business)
    assert calendar.business(real - MICROSECOND) < business <= calendar.business(real)


@examples(60)
@given(calendars, near, near)
def test_business_time_runs_forward_at_its_scale(
    calendar: BusinessCalendar, first: timedelta, second: timedelta
) -> None:
    early, late = sorted([calendar.real_anchor + first, calendar.real_anchor + second])
    assert calendar.business(late) - calendar.business(early) == (late - early) * calendar.scale


@examples(100)
@given(instants)
def test_production_time_is_the_real_time(instant: datetime) -> None:
    assert BusinessCalendar().business(instant) == BusinessCalendar().real(instant) == instant


def test_a_sleep_is_shortened_by_the_scale_and_never_negative() -> None:
    start = datetime(2026, 11, 6, tzinfo=UTC)
    calendar = BusinessCalendar(start, start, scale=86_400)
    assert calendar.sleep(start + timedelta(days=3), now_real=start) == timedelta(seconds=3)
    assert calendar.sleep(start - timedelta(days=3), now_real=start) == timedelta(0)


@pytest.mark.parametrize("scale", [0, -1])
def test_time_neither_stands_nor_runs_backwards(scale: int) -> None:
    with pytest.raises(ValueError, match=r"^scale:"):
        BusinessCalendar(scale=scale)


def test_an_anchor_without_an_offset_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^anchors:"):
        BusinessCalendar(real_anchor=datetime(2026, 1, 1))  # noqa: DTZ001


@examples(100)
@given(calendars)
def test_a_calendar_crosses_the_wire_unchanged(calendar: BusinessCalendar) -> None:
    assert CalendarData.of(calendar).calendar() == calendar
