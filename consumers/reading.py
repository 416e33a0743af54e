"""All that stands in topics now, from their beginning; for who looks, not for who takes part."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.structs import ConsumerRecord

from consumers.connection import KafkaConnection

_READ_SECONDS: Final = 30.0


async def every_record(
    connection: KafkaConnection, topics: Iterable[str]
) -> AsyncIterator[ConsumerRecord[bytes, bytes]]:
    """Of those topics that exist. Raises KafkaError, and TimeoutError when it takes half a minute."""
    partitions = await _partitions(connection, list(topics))
    if not partitions:
        return
    consumer = AIOKafkaConsumer(
        **connection.options(), enable_auto_commit=False, isolation_level="read_committed"
    )
    async with consumer:
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        ends = await consumer.end_offsets(partitions)
        async with asyncio.timeout(_READ_SECONDS):
            async for record in _until(consumer, ends):
                yield record


async def _partitions(connection: KafkaConnection, names: list[str]) -> list[TopicPartition]:
    admin = AIOKafkaAdminClient(**connection.options())
    await admin.start()
    try:
        existing = set(await admin.list_topics())
        known = [name for name in names if name in existing]
        described = await admin.describe_topics(known) if known else []
    finally:
        await admin.close()
    return [
        TopicPartition(topic["topic"], partition["partition"])
        for topic in described
        for partition in topic["partitions"]
    ]


async def _until(
    consumer: AIOKafkaConsumer, ends: Mapping[TopicPartition, int]
) -> AsyncIterator[ConsumerRecord[bytes, bytes]]:
    """Positions, not records, tell the end: aborted transactions and compaction leave gaps before it."""
    behind = set(ends)
    while behind := {tp for tp in behind if await consumer.position(tp) < ends[tp]}:
        for records in (await consumer.getmany(*behind, timeout_ms=500)).values():
            for record in records:
                yield record
