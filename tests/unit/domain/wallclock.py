"""A naive reading of permitted hours: look at the clock on the wall, one five-minute mark after the other."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from recourse.domain.law.rule import Mark, Source
from recourse.domain.law.rules import PermittedHours
from recourse.domain.situation import Channel

MARK = timedelta(minutes=5)
"""Since 2024 every zone's offset and every change of it lies on a five-minute mark."""
FIRST, LAST = datetime(2024, 1, 1, tzinfo=UTC), datetime(2027, 12, 31, tzinfo=UTC)
ZONES = sorted(zoneinfo.available_timezones() - {"Factory", "localtime"})


def rule(opens: time, closes: time) -> PermittedHours:
    source = Source("test", Mark.GENERAL)
    return PermittedHours(code="test", source=source, channels=frozenset(Channel), opens=opens, closes=closes)


@cache
def changes(zone: str) -> tuple[datetime, ...]:
    """The days between 2024 and 2027 on which the zone's clocks are changed, looked for week by week."""
    info, day = ZoneInfo(zone), timedelta(days=1)
    weeks = [FIRST + day * n for n in range(0, (LAST - FIRST).days, 7)]
    offsets = [_offset(week, info) for week in [*weeks, weeks[-1] + 7 * day]]
    changed = [week for week, old, new in zip(weeks, offsets, offsets[1:], strict=False) if old != new]
    days = [week + day * n for week in changed for n in range(7)]
    return tuple(at for at in days if _offset(at, info) != _offset(at + day, info))


def _offset(at: datetime, info: ZoneInfo) -> timedelta | None:
    return at.astimezone(info).utcoffset()


@st.composite
def instants(draw: st.DrawFn, zone: str) -> datetime:
    """Five-minute marks, most of them within a day and a half of a change of the clocks."""
    near = changes(zone)
    clustered: int = draw(st.integers(0, 3))
    if near and clustered:
        around: datetime = draw(st.sampled_from(near))
        return around + MARK * draw(st.integers(-216, 504))
    return FIRST + MARK * draw(st.integers(0, int((LAST - FIRST) / MARK)))


zones = st.sampled_from(ZONES)
with_changes = st.deferred(lambda: st.sampled_from([zone for zone in ZONES if changes(zone)]))
legal_rules = st.sampled_from([rule(time(8), time(22)), rule(time(8), time(21)), rule(time(8), time(19))])


@st.composite
def any_rules(draw: st.DrawFn) -> PermittedHours:
    """Hours that may begin or end in the middle of the night, where clocks are changed."""
    opens = draw(st.integers(0, 46))
    closes = draw(st.integers(opens + 1, 47))
    return rule(time(opens // 2, opens % 2 * 30), time(closes // 2, closes % 2 * 30))


def on_the_wall(rules: Sequence[PermittedHours], places: Sequence[str], instant: datetime) -> bool:
    """Every clock in every place shows a time within every rule."""
    walls = [instant.astimezone(ZoneInfo(zone)).time() for zone in places]
    return all(rule.opens <= wall < rule.closes for rule in rules for wall in walls)


def plain_day(rules: Sequence[PermittedHours], places: Sequence[str], instant: datetime) -> bool:
    """Each opening and closing time is shown exactly once that day, so there is nothing to interpret."""
    for zone in places:
        shown = list(_day(zone, instant))
        if any(shown.count(edge) != 1 for rule in rules for edge in (rule.opens, rule.closes)):
            return False
    return True


def _day(zone: str, instant: datetime) -> tuple[time, ...]:
    return _walls(zone, instant.astimezone(ZoneInfo(zone)).date())


@cache
def _walls(zone: str, day: date) -> tuple[time, ...]:
    return tuple(at.astimezone(ZoneInfo(zone)).time() for at in marks_of(day, zone))


def marks_of(day: date, zone: str) -> Iterator[datetime]:
    """Every five-minute mark at which the zone's calendar shows this day, found by looking."""
    at = datetime.combine(day, time(0), UTC) - timedelta(hours=30)
    for _ in range(int(timedelta(hours=84) / MARK)):
        if at.astimezone(ZoneInfo(zone)).date() == day:
            yield at
        at += MARK
