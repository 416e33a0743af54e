"""`recourse consume`: from Kafka to accepted facts. Several side by side share the partitions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime
from typing import TypeVar

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError

from consumers.dead_letter import DeadLetters
from consumers.loop import ConsumerLimits, FactConsumer, Stalled
from recourse.app.compose import core
from recourse.app.patience import patiently
from recourse.app.reaching import Unreachable, reaching
from recourse.app.settings import Settings
from recourse.app.stopping import stop_signal

log = structlog.get_logger(__name__)

Client = TypeVar("Client", AIOKafkaConsumer, AIOKafkaProducer)

FETCH_BYTES = 16 * 1024 * 1024
"""A record of any size the broker lets through must arrive, if only to be refused with its reason."""


REBUILD_AFTER = 5.0
"""Seconds, so that what makes it stall each time does not keep the group rebalancing."""


async def run_consumer(
    settings: Settings, stopping: asyncio.Event | None = None, limits: ConsumerLimits | None = None
) -> None:
    """Until asked to stop; a consumer that is stuck is rebuilt, since aiokafka can go silent."""
    stopping, limits = stopping or stop_signal(), limits or ConsumerLimits()
    calendar = settings.calendar.calendar()

    def clock() -> datetime:
        return calendar.business(datetime.now(UTC))

    async with core(settings) as parts:
        while not stopping.is_set():
            async with AsyncExitStack() as stack:
                producer = await started_producer(settings, stack, stopping)
                made = kafka_consumer(settings, settings.consumer_group, limits)
                kafka = await started_consumer(settings, made, stack, stopping)
                if producer is None or kafka is None:
                    return
                topics = settings.topics.topics()
                dead_letters = DeadLetters(producer, topics)
                consumer = FactConsumer(kafka, parts.delivery, dead_letters, topics, limits, clock)
                log.info("consumer started", group=settings.consumer_group)
                try:
                    await consumer.run(stopping)
                except Stalled as error:
                    log.error("consumer stalled, starting anew", reason=str(error))
                    with suppress(TimeoutError):
                        await asyncio.wait_for(stopping.wait(), REBUILD_AFTER)


async def started_producer(
    settings: Settings, stack: AsyncExitStack, stopping: asyncio.Event
) -> AIOKafkaProducer | None:
    """Started, however long Kafka is away; None when asked to stop before."""

    async def start() -> AIOKafkaProducer:
        async with reaching(settings.kafka()):
            return await _started(kafka_producer(settings), stack, ConsumerLimits().stop)

    return await patiently(start, Unreachable, "reach Kafka", stopping)


async def started_consumer(
    settings: Settings, made: Callable[[], AIOKafkaConsumer], stack: AsyncExitStack, stopping: asyncio.Event
) -> AIOKafkaConsumer | None:
    """The same of a consumer, made anew at each try."""

    async def start() -> AIOKafkaConsumer:
        async with reaching(settings.kafka()):
            return await _started(made(), stack, ConsumerLimits().stop)

    return await patiently(start, Unreachable, "reach Kafka", stopping)


async def _started(client: Client, stack: AsyncExitStack, seconds: float) -> Client:
    """Stopped with the stack, or at once when it does not start: the library leaves it open then."""
    try:
        await client.start()
    except BaseException:
        await _stop(client, seconds)
        raise
    stack.push_async_callback(_stop, client, seconds)
    return client


def kafka_producer(settings: Settings) -> AIOKafkaProducer:
    """Idempotent and acknowledged by all replicas: what is sent is neither lost nor doubled by a retry."""
    return AIOKafkaProducer(
        **settings.kafka().options(),
        enable_idempotence=True,
        acks="all",
        max_request_size=FETCH_BYTES,
        linger_ms=5,
    )


def kafka_consumer(
    settings: Settings, group: str, limits: ConsumerLimits, *, reset: str = "earliest"
) -> Callable[[], AIOKafkaConsumer]:
    """reset: where a group begins that has never committed."""
    return lambda: AIOKafkaConsumer(
        **settings.kafka().options(),
        group_id=group,
        auto_offset_reset=reset,
        enable_auto_commit=False,
        isolation_level="read_committed",
        max_partition_fetch_bytes=FETCH_BYTES,
        fetch_max_bytes=4 * FETCH_BYTES,
        session_timeout_ms=10_000,
        # A topic that the bank creates later is found within this time, not after the default five minutes.
        metadata_max_age_ms=10_000,
        rebalance_timeout_ms=int((limits.drain + limits.stop) * 1000),
    )


async def _stop(client: AIOKafkaConsumer | AIOKafkaProducer, seconds: float) -> None:
    """`stop()` can hang while brokers are away and may raise CancelledError (aiokafka #659, #647)."""
    with suppress(TimeoutError, asyncio.CancelledError, KafkaError):
        await asyncio.wait_for(client.stop(), seconds)
