"""`recourse relay`: publishes the outbox on `recourse.case-events`. A second one stands by."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import structlog

from consumers.outbox_relay import OutboxRelay
from recourse.app.compose import services
from recourse.app.consume import started_producer
from recourse.app.settings import Settings
from recourse.app.stopping import stop_signal
from recourse.storage.outbox import PostgresOutbox

log = structlog.get_logger(__name__)


async def run_relay(settings: Settings, stopping: asyncio.Event | None = None) -> None:
    stopping = stopping or stop_signal()
    async with services(settings) as running, AsyncExitStack() as stack:
        producer = await started_producer(settings, stack, stopping)
        if producer is None:
            return
        outbox = PostgresOutbox(running.database)
        log.info("relay started")
        try:
            await OutboxRelay(outbox, producer, settings.topics.topics()).run(stopping)
        finally:
            await outbox.close()
