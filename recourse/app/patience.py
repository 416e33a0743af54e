"""Waiting at the start for a dependency that is away, instead of ending: it is often back by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

import structlog

from consumers.backoff import Away, Backoff

log = structlog.get_logger(__name__)

T = TypeVar("T")


async def patiently(
    start: Callable[[], Awaitable[T]], away: type[Exception], what: str, stopping: asyncio.Event
) -> T | None:
    """What `start` returns, however long it raises `away`; None when asked to stop before.

    what: the verb for the log, as in "cannot reach Kafka".
    """
    backoff, told = Backoff(), Away(what, log)
    while not stopping.is_set():
        try:
            started = await start()
        except away as error:
            told.failed(str(error) or type(error).__name__)
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), backoff.next())
        else:
            told.worked()
            return started
    return None
