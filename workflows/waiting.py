"""Waiting for a business instant or for news, with one timer and a readable summary in the Temporal UI."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from temporalio import workflow

from recourse.contracts.messages import CalendarData

ASK_AGAIN = timedelta(seconds=1)
"""Pause when a step comes back still planned though its time has come: the clocks of Temporal and PostgreSQL
differ a little, and asking at once would be paid for at each of many tries."""


class Alarm:
    """One pending timer. While the instant stays it stays, whatever news comes in between: news that changes
    no plan must not cost a new one. An instant that has passed needs none.

    One helper for every wait, because a change between a number and None is a change of history
    (sdk-python #792), and a zero time-out raises without hearing signals already queued (#800).
    """

    def __init__(self, calendar: CalendarData) -> None:
        self._calendar = calendar.calendar()
        self._until: datetime | None = None
        self._sleep: asyncio.Task[None] | None = None

    async def wait(self, until: datetime | None, news: Callable[[], bool], summary: str) -> bool:
        """True when there was news, False when the instant came first. None waits for news alone."""
        if until != self._until:
            self._set(until, summary)
        await workflow.wait_condition(lambda: news() or self._rang())
        return news()

    def _rang(self) -> bool:
        return self._until is not None and (self._sleep is None or self._sleep.done())

    def _set(self, until: datetime | None, summary: str) -> None:
        if self._sleep is not None:
            self._sleep.cancel()
        self._until, self._sleep = until, None
        if until is None:
            return
        left = self._calendar.sleep(until, now_real=workflow.now())
        if left > timedelta(0):
            self._sleep = asyncio.create_task(workflow.sleep(left, summary=summary))
