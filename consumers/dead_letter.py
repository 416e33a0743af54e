"""Dead letters: a record that can never be accepted, kept whole with its reason and its place."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaTimeoutError
from aiokafka.structs import ConsumerRecord

from recourse.contracts.events import MAX_BYTES, Refused, Topics

CUT_AT = MAX_BYTES
"""A record beyond any event's size is kept by its beginning and its hash."""
PREFIX = "recourse-dlq-"
ACKNOWLEDGED_WITHIN = 15.0
"""Seconds; while Kafka is away the library would wait for ever, deaf to being asked to stop. A letter that
was taken all the same is written twice and counts once."""
RETRY_OF = "recourse-retry-of"
RETRY_OF_ATTEMPT = "recourse-retry-of-attempt"
"""What a letter that was sent again carries, so that a second refusal counts on."""

_OURS = (PREFIX, RETRY_OF)


def _code_version() -> str:
    try:
        return version("recourse-collections")
    except PackageNotFoundError:
        return "unknown"


class DeadLetters:
    """Produces and waits for the acknowledgement: only then may the offset be finished."""

    def __init__(self, producer: AIOKafkaProducer, topics: Topics) -> None:
        self._producer, self._topics = producer, topics

    async def send(self, record: ConsumerRecord[bytes, bytes], refused: Refused) -> None:
        value, cut = record.value, []
        if value is not None and len(value) > CUT_AT:
            cut = [(PREFIX + "sha256", hashlib.sha256(value).hexdigest().encode())]
            value = value[:CUT_AT]
        own = {
            "topic": record.topic,
            "partition": str(record.partition),
            "offset": str(record.offset),
            "code": refused.code.value,
            "field": refused.field,
            "message": refused.message,
            "attempts": str(_attempts_before(record) + 1),
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "version": _code_version(),
        }
        kept = [(name, raw) for name, raw in record.headers if not name.startswith(_OURS)]
        headers = [*kept, *((PREFIX + name, text.encode()) for name, text in own.items()), *cut]
        sending = self._producer.send_and_wait(
            self._topics.dead_letters(record.topic), value=value, key=record.key, headers=headers
        )
        try:
            await asyncio.wait_for(sending, ACKNOWLEDGED_WITHIN)
        except TimeoutError:
            raise KafkaTimeoutError("no acknowledgement of a dead letter") from None


def _attempts_before(record: ConsumerRecord[bytes, bytes]) -> int:
    told = dict(record.headers).get(RETRY_OF_ATTEMPT) or b"0"  # the value of a header may be null
    return int(told) if told.isdigit() and len(told) < 6 else 0
