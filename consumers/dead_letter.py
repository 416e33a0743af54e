"""Dead letters: a record that can never be accepted, kept whole with its reason and its place.

A letter always fits what a broker takes by default (1 MiB): a part of the record that is beyond its room is
kept by its beginning and its hash. Else the letter could never be written, and its partition would wait.
"""

from __future__ import annotations

import asyncio
import hashlib
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import TypeAlias

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaTimeoutError
from aiokafka.structs import ConsumerRecord

from recourse.contracts.events import MAX_BYTES, Refused, Topics

CUT_AT = MAX_BYTES
"""Bytes kept of a value: all of any event's."""
KEY_CUT_AT = 8 * 1024
"""A loan id has a hundred characters."""
HEADERS_ROOM = 32 * 1024
"""Bytes for the record's own headers together; one that does not fit beside those before it is left out."""
TEXT_CUT_AT = 1_000
"""Characters of each of our own headers, which are all of a known length but for a reason's text."""
_PER_HEADER = 16
"""Bytes around a header on the wire, rounded up: a record may have thousands of empty ones."""
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

    async def send(
        self, record: ConsumerRecord[bytes, bytes], refused: Refused, *, without_value: bool = False
    ) -> None:
        """without_value: only its hash is kept. It may say where somebody is whom nobody asked about, and a
        letter is kept for longer than that may be."""
        key, value, kept, hashes = _fitted(record)
        if without_value and record.value is not None:
            value, hashes = None, hashes | {"sha256": hashlib.sha256(record.value).hexdigest()}
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
            **hashes,
        }
        headers = [*kept, *((PREFIX + name, text[:TEXT_CUT_AT].encode()) for name, text in own.items())]
        sending = self._producer.send_and_wait(
            self._topics.dead_letters(record.topic), value=value, key=key, headers=headers
        )
        try:
            await asyncio.wait_for(sending, ACKNOWLEDGED_WITHIN)
        except TimeoutError:
            raise KafkaTimeoutError("no acknowledgement of a dead letter") from None


_Fitted: TypeAlias = tuple[bytes | None, bytes | None, list[tuple[str, bytes]], dict[str, str]]


def _fitted(record: ConsumerRecord[bytes, bytes]) -> _Fitted:
    """(key, value, headers, hashes of what was cut), each within its room."""
    hashes: dict[str, str] = {}
    key, value = record.key, record.value
    if value is not None and len(value) > CUT_AT:
        hashes["sha256"], value = hashlib.sha256(value).hexdigest(), value[:CUT_AT]
    if key is not None and len(key) > KEY_CUT_AT:
        hashes["key-sha256"], key = hashlib.sha256(key).hexdigest(), key[:KEY_CUT_AT]
    theirs = [(name, raw) for name, raw in record.headers if not name.startswith(_OURS)]
    kept, room = [], HEADERS_ROOM
    for name, raw in theirs:
        size = len(name.encode()) + len(raw or b"") + _PER_HEADER
        if size <= room:
            kept.append((name, raw))
            room -= size
    if len(kept) < len(theirs):
        lines = b"".join(name.encode() + b": " + (raw or b"") + b"\n" for name, raw in theirs)
        hashes["headers-sha256"] = hashlib.sha256(lines).hexdigest()
    return key, value, kept, hashes


def _attempts_before(record: ConsumerRecord[bytes, bytes]) -> int:
    told = dict(record.headers).get(RETRY_OF_ATTEMPT) or b"0"  # the value of a header may be null
    return int(told) if told.isdigit() and len(told) < 6 else 0
