"""Events come when business time does, with a clock that only moves by sleeping."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from recourse.app.pacing import as_due
from recourse.domain.calendar import BusinessCalendar
from tests.events import overdue

REAL = datetime(2026, 1, 1, tzinfo=UTC)
BUSINESS = datetime(2020, 1, 1, tzinfo=UTC)
CALENDAR = BusinessCalendar(REAL, BUSINESS, scale=86_400)


class Clock:
    def __init__(self, naps: float = 1.0) -> None:
        self.now = REAL
        self.naps = naps
        """The share of a sleep that really passes: below 1, as when a clock is set back."""

    def __call__(self) -> datetime:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += max(timedelta(seconds=seconds * self.naps), timedelta(microseconds=1))


async def played(days: list[float], clock: Clock) -> list[tuple[list[str], float]]:
    """[(loans published together, real seconds since the start)]."""
    events = [overdue(f"L-{n}", at=BUSINESS + timedelta(days=day)) for n, day in enumerate(days)]
    return [
        ([event.subject for event in batch], (clock.now - REAL).total_seconds())
        async for batch in as_due(events, CALENDAR, clock, clock.sleep)
    ]


async def test_the_past_comes_at_once_and_the_rest_in_its_time() -> None:
    assert await played([-30, -1, 0, 2, 2, 5], Clock()) == [
        (["L-0", "L-1", "L-2"], 0.0),
        (["L-3", "L-4"], 2.0),
        (["L-5"], 5.0),
    ]


async def test_a_sleep_that_ends_early_lets_nothing_out_early() -> None:
    ((loans, seconds),) = await played([10], Clock(naps=0.5))
    assert loans == ["L-0"]
    assert 10 <= seconds < 10.001


async def test_no_events_end_at_once() -> None:
    assert await played([], Clock()) == []
