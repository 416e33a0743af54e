"""Playing a file of events in business time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime

from recourse.contracts.events import BankEvent
from recourse.domain.calendar import BusinessCalendar


def _now() -> datetime:
    return datetime.now(UTC)


async def as_due(
    events: Sequence[BankEvent],
    calendar: BusinessCalendar,
    now: Callable[[], datetime] = _now,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncIterator[Sequence[BankEvent]]:
    """The events as their business time comes, those of one moment together.

    events: in order of time. now: real time, aware. A sleep that ends early (a clock that was set back) is
    slept again: no event is given before its time.
    """
    at = 0
    while at < len(events):
        wait = calendar.sleep(events[at].occurred_at, now_real=now())
        if wait:
            await sleep(wait.total_seconds())
            continue
        reached, end = calendar.business(now()), at + 1
        while end < len(events) and events[end].occurred_at <= reached:
            end += 1
        yield events[at:end]
        at = end
