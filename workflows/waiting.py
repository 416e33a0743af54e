"""Waiting for a business instant or for news, with one timer and a readable summary in the Temporal UI."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from temporalio import workflow

from recourse.contracts.messages import CalendarData

_AT_LEAST = timedelta(milliseconds=1)
"""A zero timeout raises at once without yielding to signals already queued (sdk-python #800)."""


async def wait_until(
    until: datetime | None, news: Callable[[], bool], calendar: CalendarData, summary: str
) -> bool:
    """True when there was news, False when the instant came first. None waits for news alone.

    One helper for every wait, because a change between a number and None is a change of history (#792).
    """
    if until is None:
        await workflow.wait_condition(news)
        return True
    sleep = calendar.calendar().sleep(until, now_real=workflow.now())
    try:
        await workflow.wait_condition(news, timeout=max(sleep, _AT_LEAST), timeout_summary=summary)
    except TimeoutError:
        return False
    return True
