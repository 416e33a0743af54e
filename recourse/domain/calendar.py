"""Business time. Production runs 1:1; a demo or a soak test runs days in seconds with the same binaries.

Every instant that a rule looks at is business time. Real time is used for two things only: how long a
timer must really sleep, and the ``recorded_at`` columns of the database.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class BusinessCalendar:
    """A straight line through one anchor: ``business = business_anchor + (real - real_anchor) * scale``.

    scale: business seconds per real second, an integer so that replay never meets a rounding difference.
    Both anchors are aware UTC datetimes.
    """

    real_anchor: datetime = EPOCH
    business_anchor: datetime = EPOCH
    scale: int = 1

    def __post_init__(self) -> None:
        if self.scale < 1:
            raise ValueError("scale: must be 1 (production) or more (compressed); got less")
        if self.real_anchor.tzinfo is None or self.business_anchor.tzinfo is None:
            raise ValueError("anchors: must carry a UTC offset")

    def business(self, real: datetime) -> datetime:
        """The business instant at a real one."""
        return (self.business_anchor + (real - self.real_anchor) * self.scale).astimezone(UTC)

    def real(self, business: datetime) -> datetime:
        """The first real instant at which `business` has been reached (rounded up to a microsecond)."""
        ahead = business - self.business_anchor
        micros = -(-(ahead // timedelta(microseconds=1)) // self.scale)
        return (self.real_anchor + timedelta(microseconds=micros)).astimezone(UTC)

    def sleep(self, until: datetime, *, now_real: datetime) -> timedelta:
        """Real duration until a business instant; zero when it has passed."""
        return max(self.real(until) - now_real, timedelta(0))


Day = TypeVar("Day", bound=date)
"""A day, or an instant of one."""


def months_before(day: Day, months: int) -> Day:
    """The same day of the month so many months earlier; the last day of a month that is too short."""
    number = day.year * 12 + day.month - 1 - months
    year, month = number // 12, number % 12 + 1
    return day.replace(year=year, month=month, day=min(day.day, monthrange(year, month)[1]))
