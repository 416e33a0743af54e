"""Examining Kafka: is anybody in the group, how far behind is it, and what was refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError

from consumers.connection import KafkaConnection
from recourse.app.findings import Finding, found
from recourse.app.publishing import quarantine
from recourse.app.settings import Settings


async def consuming(settings: Settings) -> list[Finding]:
    """Members of the group and the records before it, by topic."""
    topics = settings.topics.topics().incoming()
    async with _admin(settings.kafka()) as admin:
        known = set(await admin.list_topics())
        present = [name for name in topics if name in known]
        described = await admin.describe_topics(present) if present else []
        partitions = [
            TopicPartition(topic["topic"], partition["partition"])
            for topic in described
            for partition in topic["partitions"]
        ]
        committed, members = await _group(admin, settings.consumer_group)
    findings = [
        Finding("Kafka", "finding", f"no topic {name}", "the bank makes its topics; see docs/events.md")
        for name in topics
        if name not in known
    ]
    behind = await _behind(settings.kafka(), partitions, committed)
    lag = sum(behind.values())
    told = ", ".join(f"{topic} {count}" for topic, count in sorted(behind.items()) if count)
    says = f"group {settings.consumer_group}, {members} in it, {lag} records behind"
    remedy = "start `recourse consume`" if not members else "ask again: it must fall; see docs/runbook.md"
    return [
        *findings,
        found("Kafka", f"{says}: {told}" if told else says, remedy, bad=lag > 0 or not members),
    ]


async def positions(settings: Settings) -> list[Finding]:
    """Whether somebody takes the tracking server's feed. Nothing where there is none; and what it is behind
    is no trouble, for a reading asks the server then."""
    topic = settings.topics.positions
    if not topic:
        return []
    async with _admin(settings.kafka()) as admin:
        if topic not in await admin.list_topics():
            remedy = "the tracking server makes it (forward.topic), or create it; see docs/vehicle.md"
            return [Finding("positions", "finding", f"no topic {topic}", remedy)]
        _, members = await _group(admin, settings.positions_group)
    says = f"group {settings.positions_group}, {members} in it"
    return [found("positions", says, "start `recourse positions`", bad=not members)]


async def refused(settings: Settings) -> list[Finding]:
    """Open dead letters, by code."""
    letters = await quarantine(settings.kafka(), settings.topics.topics()).letters()
    codes = Counter(letter.code for letter in letters if letter.resolution is None)
    told = ", ".join(f"{code} {count}" for code, count in sorted(codes.items()))
    says = f"{codes.total()} open" + (f": {told}" if told else "")
    return [found("dead letters", says, "recourse dlq ls", bad=bool(codes))]


@asynccontextmanager
async def _admin(connection: KafkaConnection) -> AsyncIterator[AIOKafkaAdminClient]:
    """Closed also when it could not start."""
    admin = AIOKafkaAdminClient(**connection.options())
    try:
        await admin.start()
        yield admin
    finally:
        await admin.close()


async def _group(admin: AIOKafkaAdminClient, group: str) -> tuple[dict[TopicPartition, int], int]:
    """(committed offsets, number of members); both empty on a broker where no group has ever committed."""
    try:
        committed = await admin.list_consumer_group_offsets(group)
        answers = await admin.describe_consumer_groups([group])
    except GroupCoordinatorNotAvailableError:
        return {}, 0
    members = sum(len(described[5]) for answer in answers for described in answer.groups)
    return {tp: meta.offset for tp, meta in committed.items()}, members


async def _behind(
    connection: KafkaConnection, partitions: list[TopicPartition], committed: dict[TopicPartition, int]
) -> Counter[str]:
    """Records not committed, by topic; a partition without a commit is behind from its beginning."""
    behind: Counter[str] = Counter()
    if not partitions:
        return behind
    consumer = AIOKafkaConsumer(**connection.options(), enable_auto_commit=False)
    try:
        await consumer.start()
        starts = await consumer.beginning_offsets(partitions)
        ends = await consumer.end_offsets(partitions)
    finally:
        await consumer.stop()
    for tp in partitions:
        offset = committed.get(tp, -1)
        behind[tp.topic] += max(ends[tp] - (offset if offset >= 0 else starts[tp]), 0)
    return behind
