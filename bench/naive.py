"""What one would write first: decode, one transaction, signal-with-start, commit the offset; then the next.

It uses the very use case, client and worker of the real consumer, so that the difference is the way it
consumes: no batches, nothing side by side.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from bench import checks, events
from bench.bed import Bed
from recourse.app.compose import case_runs, services
from recourse.contracts.events import decode, encode_binary
from recourse.contracts.messages import Nudge
from recourse.delivery import Delivery

BOUND = 180.0
_DECIDED = f"SELECT count(*) FROM collection_case WHERE {checks.OF_PREFIX} AND decision > 0"  # noqa: S608


class Naive:
    """A consumer group and a topic of its own."""

    def __init__(self, bed: Bed) -> None:
        self._bed = bed
        self._topic = f"{bed.prefix}.naive.overdue"

    async def begin(self) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self._bed.addresses.kafka_brokers)
        await admin.start()
        try:
            await admin.create_topics([NewTopic(self._topic, 4, 1)])
        finally:
            await admin.close()

    async def measure(self, prefix: str, loans: Sequence[str]) -> float:
        """Events a second, from the first `produce` to the last decision committed. Raises Failed."""
        consumer = AIOKafkaConsumer(
            self._topic,
            bootstrap_servers=self._bed.addresses.kafka_brokers,
            group_id=f"{self._bed.prefix}-naive",
            auto_offset_reset="earliest",
            enable_auto_commit=False,
        )
        settings = self._bed.settings()
        async with services(settings) as running, consumer:
            delivery = Delivery(running, case_runs(settings, self._bed.client))
            while not consumer.assignment():
                await consumer.getmany(timeout_ms=100)
            began = time.perf_counter()
            await self._produce(loans)
            nudges = await _consume(consumer, delivery, len(loans))

            async def decided() -> bool:
                return bool(await self._bed.one(_DECIDED, prefix) >= len(loans))

            await self._bed.until(f"{len(loans)} cases of {prefix} decided", decided, BOUND)
            took = time.perf_counter() - began
            await delivery.mark_delivered(nudges)  # its own bookkeeping is not held against it
        await checks.settled(self._bed)
        await checks.one_decision_each(self._bed, prefix, len(loans), facts=2)
        return len(loans) / took

    async def _produce(self, loans: Sequence[str]) -> None:
        sent = []
        for event in events.overdue(loans):
            key, value, headers = encode_binary(event)
            sent.append(await self._bed.producer.send(self._topic, value=value, key=key, headers=headers))
        for one in sent:
            await one


async def _consume(consumer: AIOKafkaConsumer, delivery: Delivery, count: int) -> list[Nudge]:
    told: list[Nudge] = []
    for _ in range(count):
        record = await consumer.getone()
        acceptance = await delivery.accept([decode(record.key, record.value, record.headers)])
        for nudge in acceptance.nudges:
            await delivery.nudge(nudge)
        told += acceptance.nudges
        await consumer.commit({TopicPartition(record.topic, record.partition): record.offset + 1})
    return told
