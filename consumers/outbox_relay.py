"""The relay: one leader publishes the outbox in order, at least once, keyed by loan.

A crash between publishing and marking publishes again under the same `ce_id`; a second relay waits for the
advisory lock, because two of them would mix the order of one loan's messages.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from consumers.backoff import Backoff
from recourse.contracts.delivery import Outbox, Unavailable
from recourse.contracts.events import Topics, encode_case_event

log = structlog.get_logger()

PAGE = 500


class OutboxRelay:
    """idle: seconds to wait when there is nothing to publish or somebody else leads."""

    def __init__(
        self, outbox: Outbox, producer: AIOKafkaProducer, topics: Topics, *, idle: float = 0.5
    ) -> None:
        self._outbox, self._producer, self._topics, self._idle = outbox, producer, topics, idle

    async def run(self, stopping: asyncio.Event) -> None:
        backoff = Backoff()
        while not stopping.is_set():
            try:
                published = await self._outbox.lead() and await self.publish_page()
                backoff.reset()
                wait = 0.0 if published else self._idle
            except (Unavailable, KafkaError) as error:
                wait = backoff.next()
                log.warning("cannot publish, trying again", error=type(error).__name__, wait=round(wait, 1))
            if wait:
                with suppress(TimeoutError):
                    await asyncio.wait_for(stopping.wait(), wait)

    async def publish_page(self) -> int:
        """Publish the oldest messages; returns how many. The producer is idempotent and acks=all."""
        page = await self._outbox.pending(PAGE)
        sent = []
        for message in page:
            key, value, headers = encode_case_event(
                message.event_id, message.type, message.loan_id, message.occurred_at, message.data
            )
            sent.append(
                await self._producer.send(self._topics.case_events, value=value, key=key, headers=headers)
            )
        for acknowledged in sent:
            await acknowledged
        if page:
            await self._outbox.mark_published([message.id for message in page])
        return len(page)
