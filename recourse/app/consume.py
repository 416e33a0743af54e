"""`recourse consume`: from Kafka to accepted facts. Several side by side share the partitions."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from consumers.dead_letter import DeadLetters
from consumers.loop import ConsumerLimits, FactConsumer, Stalled
from recourse.app.compose import core
from recourse.app.settings import Settings
from recourse.app.stopping import stop_signal

log = structlog.get_logger()

FETCH_BYTES = 16 * 1024 * 1024
"""A record of any size the broker lets through must arrive, if only to be refused with its reason."""


async def run_consumer(
    settings: Settings, stopping: asyncio.Event | None = None, limits: ConsumerLimits | None = None
) -> None:
    """Until asked to stop; a consumer that is stuck is rebuilt, since aiokafka can go silent."""
    stopping, limits = stopping or stop_signal(), limits or ConsumerLimits()
    async with core(settings) as parts:
        while not stopping.is_set():
            async with AsyncExitStack() as stack:
                producer = await stack.enter_async_context(kafka_producer(settings))
                kafka = _consumer(settings, limits)
                await kafka.start()
                stack.push_async_callback(_stop, kafka, limits.stop)
                topics = settings.topics.topics()
                dead_letters = DeadLetters(producer, topics)
                consumer = FactConsumer(kafka, parts.delivery, dead_letters, topics, limits)
                log.info("consumer started", group=settings.consumer_group)
                try:
                    await consumer.run(stopping)
                except Stalled as error:
                    log.error("consumer stalled, starting anew", reason=str(error))


def kafka_producer(settings: Settings) -> AIOKafkaProducer:
    """Idempotent and acknowledged by all replicas: what is sent is neither lost nor doubled by a retry."""
    return AIOKafkaProducer(
        bootstrap_servers=settings.kafka_brokers,
        enable_idempotence=True,
        acks="all",
        max_request_size=FETCH_BYTES,
        linger_ms=5,
    )


def _consumer(settings: Settings, limits: ConsumerLimits) -> AIOKafkaConsumer:
    return AIOKafkaConsumer(
        bootstrap_servers=settings.kafka_brokers,
        group_id=settings.consumer_group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        isolation_level="read_committed",
        max_partition_fetch_bytes=FETCH_BYTES,
        fetch_max_bytes=4 * FETCH_BYTES,
        session_timeout_ms=10_000,
        # A topic that the bank creates later is found within this time, not after the default five minutes.
        metadata_max_age_ms=10_000,
        rebalance_timeout_ms=int((limits.drain + limits.stop) * 1000),
    )


async def _stop(consumer: AIOKafkaConsumer, seconds: float) -> None:
    """`stop()` can hang while brokers are away and may raise CancelledError (aiokafka #659, #647)."""
    with suppress(TimeoutError, asyncio.CancelledError):
        await asyncio.wait_for(consumer.stop(), seconds)
