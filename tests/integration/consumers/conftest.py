"""The consumer as it runs, on a real broker and a real database; only the case runs are a fake."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from consumers.connection import KafkaConnection
from consumers.dead_letter import DeadLetters
from consumers.loop import ConsumerLimits, FactConsumer
from consumers.quarantine import Quarantine
from recourse.contracts.delivery import AcceptsFacts
from recourse.contracts.events import BankEvent, Topics, encode_binary, topic_for
from recourse.stack import StackAddresses

LIMITS = ConsumerLimits(commit_every=0.1, drain=3.0, stop=3.0)
PARTITIONS = 2


@dataclass
class Member:
    """One consumer of the group, in this process."""

    consumer: FactConsumer
    stopping: asyncio.Event
    task: asyncio.Task[None]
    kafka: AIOKafkaConsumer

    async def stop(self) -> None:
        """As on SIGTERM: drain, commit, leave the group. Raises what the consumer raised."""
        self.stopping.set()
        try:
            await asyncio.wait_for(self.task, 20)
        finally:
            await self.kafka.stop()


@dataclass
class Line:
    """A group on topics of its own."""

    brokers: str
    topics: Topics
    producer: AIOKafkaProducer
    group: str
    members: list[Member] = field(default_factory=list)

    async def send(self, *events: BankEvent) -> None:
        for event in events:
            key, value, headers = encode_binary(event)
            await self.raw(value, key, headers, topic_for(event.type, self.topics))

    async def raw(
        self,
        value: bytes | None,
        key: bytes | None = b"L-1",
        headers: Sequence[tuple[str, bytes]] = (),
        topic: str | None = None,
    ) -> None:
        await self.producer.send(
            topic or self.topics.overdue, value=value, key=key, headers=list(headers), partition=_of(key)
        )

    async def join(
        self,
        facts: AcceptsFacts,
        limits: ConsumerLimits = LIMITS,
        clock: Callable[[], datetime] | None = None,
    ) -> Member:
        kafka = AIOKafkaConsumer(
            bootstrap_servers=self.brokers,
            group_id=self.group,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            max_partition_fetch_bytes=16 * 1024 * 1024,
            session_timeout_ms=6_000,
            heartbeat_interval_ms=500,
            rebalance_timeout_ms=6_000,
        )
        await kafka.start()
        await self.producer.flush()
        letters = DeadLetters(self.producer, self.topics)
        consumer = FactConsumer(kafka, facts, letters, self.topics, limits, clock)
        stopping = asyncio.Event()
        member = Member(consumer, stopping, asyncio.create_task(consumer.run(stopping)), kafka)
        self.members.append(member)
        return member

    async def lag(self) -> int:
        """Records of the group that are not committed, as an operator would ask."""
        asking = AIOKafkaConsumer(
            bootstrap_servers=self.brokers, group_id=self.group, enable_auto_commit=False
        )
        await self.producer.flush()
        async with asking:
            every = [TopicPartition(t, n) for t in self.topics.incoming() for n in range(PARTITIONS)]
            asking.assign(every)
            ends = await asking.end_offsets(every)
            return sum([ends[tp] - (await asking.committed(tp) or 0) for tp in every])

    async def create(self, topic: str, configs: dict[str, str]) -> None:
        """One more topic, with settings of its own."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.brokers)
        await admin.start()
        await admin.create_topics([NewTopic(topic, PARTITIONS, 1, topic_configs=configs)])
        await admin.close()

    async def caught_up(self, seconds: float = 30) -> None:
        async def reached() -> bool:
            return await self.lag() == 0

        await until(reached, "the group has committed everything", seconds)

    def quarantine(self) -> Quarantine:
        return Quarantine(KafkaConnection(self.brokers), self.topics)


async def until(condition, what: str, seconds: float = 30) -> None:  # type: ignore[no-untyped-def]
    for _ in range(int(seconds / 0.1)):
        if await condition():
            return
        await asyncio.sleep(0.1)
    pytest.fail(f"not within {seconds} s: {what}")


def _of(key: bytes | None) -> int:
    """The partition by the key's last byte: tests can put two loans side by side or behind each other."""
    return (key[-1] if key else 0) % PARTITIONS


@pytest.fixture
async def line(stack: StackAddresses) -> AsyncIterator[Line]:
    name = f"c{uuid.uuid4().hex[:8]}"
    topics = Topics().prefixed(f"{name}.")
    admin = AIOKafkaAdminClient(bootstrap_servers=stack.kafka_brokers)
    await admin.start()
    await admin.create_topics(
        [NewTopic(topic, PARTITIONS, 1) for topic in (*topics.incoming(), topics.case_events)]
    )
    await admin.close()
    producer = AIOKafkaProducer(
        bootstrap_servers=stack.kafka_brokers, max_request_size=16 * 1024 * 1024, linger_ms=2
    )
    async with producer:
        line = Line(stack.kafka_brokers, topics, producer, name)
        yield line
        for member in line.members:
            if not member.task.done():
                await member.stop()
