"""`recourse worker`: hosts the cases and performs their steps. Several side by side share the work."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import timedelta

import structlog
from temporalio.client import Client
from temporalio.service import RPCError

from consumers.backoff import Away
from recourse.app.compose import activities, core, sms_listener
from recourse.app.listening import be_seen
from recourse.app.patience import patiently
from recourse.app.settings import Settings
from recourse.app.stopping import stop_signal
from recourse.contracts.names import Queues
from recourse.ports import RunsUnavailable
from recourse.storage.presence import LISTENING, Presence
from recourse.temporal.client import CONNECT_FAILED, unavailable
from recourse.temporal.worker import Rates, build_workers

log = structlog.get_logger(__name__)

ASK_EVERY = 10.0
"""Seconds between two looks at Temporal."""


async def _watch(client: Client) -> None:
    """Only for the log: the SDK complains while Temporal is away and says nothing when it is back."""
    away = Away("reach Temporal", log)
    while True:
        await asyncio.sleep(ASK_EVERY)
        try:
            await client.service_client.check_health(timeout=timedelta(seconds=5))
        except (RPCError, CONNECT_FAILED) as error:
            away.failed(str(unavailable(error)))
        else:
            away.worked()


async def run_worker(settings: Settings, stopping: asyncio.Event | None = None) -> None:
    """Until asked to stop; then no new step begins and those under way are recorded."""
    stopping = stopping or stop_signal()
    async with AsyncExitStack() as stack:
        parts = await patiently(
            lambda: stack.enter_async_context(core(settings, lazy=False)),
            RunsUnavailable,
            "reach Temporal",
            stopping,
        )
        if parts is None:
            return
        implementations = await stack.enter_async_context(activities(settings, parts.services, parts.runs))
        rates = Rates(messages=settings.messages_per_second)
        for worker in build_workers(parts.client, implementations, Queues(settings.queue_prefix), rates):
            await stack.enter_async_context(worker)
        log.info("worker started", queue_prefix=settings.queue_prefix)
        listener = sms_listener(settings, parts.delivery)
        seen = be_seen(listener, Presence(parts.services.database, LISTENING))
        beside = [_watch(parts.client), listener.run(), seen]
        await _until(stopping, [asyncio.create_task(work) for work in beside])


async def _until(stopping: asyncio.Event, beside: Sequence[asyncio.Task[None]]) -> None:
    """What goes on beside the work and never ends by itself. A failure of it ends the process: else nobody
    would listen any more, and nobody would know."""
    asked = asyncio.create_task(stopping.wait())
    try:
        done, _ = await asyncio.wait({asked, *beside}, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in (asked, *beside):
            task.cancel()
        await asyncio.gather(asked, *beside, return_exceptions=True)
