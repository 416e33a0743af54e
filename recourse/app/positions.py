"""`recourse positions`: the tracking server's feed. Several side by side share the partitions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial

import structlog

from consumers.batch import Record
from consumers.dead_letter import DeadLetters
from consumers.loop import ConsumerLimits
from consumers.positions import FeedLimits, PositionConsumer
from recourse.app.compose import position_cipher, services
from recourse.app.consume import kafka_consumer, started_consumer, started_producer
from recourse.app.settings import Settings
from recourse.app.stopping import stop_signal
from recourse.gateways.traccar_feed import TraccarFeed
from recourse.ports import Fix
from recourse.service import feeding
from recourse.service.feeding import Taken

log = structlog.get_logger(__name__)


async def run_positions(
    settings: Settings, stopping: asyncio.Event | None = None, limits: FeedLimits | None = None
) -> None:
    """Until asked to stop. Without a topic there is nothing to do, and that is said once."""
    stopping = stopping or stop_signal()
    topics = settings.topics.topics()
    if not topics.positions:
        log.info("no feed of positions: RECOURSE_TOPICS__POSITIONS is not set")
        await stopping.wait()
        return
    cipher = position_cipher(settings)
    async with services(settings) as running, AsyncExitStack() as stack:

        async def take(
            records: Mapping[str, Sequence[Record]], read: Callable[[Record], Fix | None]
        ) -> Taken:
            return await running.run(partial(feeding.take, cipher=cipher, records=records, read=read))

        producer = await started_producer(settings, stack, stopping)
        # Where nobody was listening, nobody had leave: what went by before is not for us.
        made = kafka_consumer(settings, settings.positions_group, ConsumerLimits(), reset="latest")
        kafka = await started_consumer(settings, made, stack, stopping)
        if producer is None or kafka is None:
            return
        letters = DeadLetters(producer, topics)
        consumer = PositionConsumer(kafka, take, TraccarFeed(), letters, topics.positions, limits)
        log.info("positions started", group=settings.positions_group)
        await consumer.run(stopping)
