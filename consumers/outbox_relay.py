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

from consumers.backoff import Away, Backoff
from recourse.contracts.delivery import Outbox, Unavailable
from recourse.contracts.events import Topics, encode_case_event

log = structlog.get_logger(__name__)

PAGE = 500


class OutboxRelay:
    """Seconds. idle: to wait when there is nothing to publish or somebody else leads. finish: to end a page
    after being asked to stop."""

    def __init__(
        self,
        outbox: Outbox,
        producer: AIOKafkaProducer,
        topics: Topics,
        *,
        idle: float = 0.5,
        finish: float = 5.0,
    ) -> None:
        self._outbox, self._producer, self._topics = outbox, producer, topics
        self._idle, self._finish = idle, finish

    async def run(self, stopping: asyncio.Event) -> None:
        backoff, away, leads = Backoff(), Away("publish", log), False
        while not stopping.is_set():
            try:
                led, leads = leads, await self._outbox.lead()
                if leads and not led:
                    log.info("this relay leads")
                published = leads and await self._unless(stopping)
                backoff.reset()
                away.worked()
                wait = 0.0 if published else self._idle
            except (Unavailable, KafkaError) as error:
                wait, leads = backoff.next(), False
                away.failed(str(error) or type(error).__name__, wait=round(wait, 1))
            if wait:
                with suppress(TimeoutError):
                    await asyncio.wait_for(stopping.wait(), wait)

    async def _unless(self, stopping: asyncio.Event) -> int:
        """Publish a page; one that Kafka does not take is given up when we are asked to stop: it was not
        marked, so it is published again."""
        publishing = asyncio.create_task(self.publish_page())
        asked = asyncio.create_task(stopping.wait())
        try:
            await asyncio.wait({publishing, asked}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            publishing.cancel()
            raise
        finally:
            asked.cancel()
        if not publishing.done():
            await asyncio.wait({publishing}, timeout=self._finish)
        if not publishing.done():
            publishing.cancel()
            log.warning("stopping although Kafka does not answer; what is not marked is published again")
            await asyncio.wait({publishing})
            return 0
        return publishing.result()

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
