"""The dead-letter topics as a list of open letters, to be looked at, retried or dropped.

A topic is append-only, so a resolution is a further record in the same topic (a marker that names the letter)
and the list is the fold of both. No database is needed, and who dropped what, when and why stays on record.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as member
from datetime import UTC, datetime
from enum import StrEnum

from aiokafka import AIOKafkaProducer
from aiokafka.structs import ConsumerRecord

from consumers.connection import KafkaConnection
from consumers.dead_letter import PREFIX, RETRY_OF, RETRY_OF_ATTEMPT
from consumers.reading import every_record
from recourse.contracts.events import Topics


class Resolution(StrEnum):
    RETRIED = "retried"
    DROPPED = "dropped"


class NotRetryable(Exception):
    """The letter cannot be sent again; the text says why and what to do instead."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One record that was refused. id: `topic/partition/offset` of the refused record.

    headers, key and value are the record's own, as received; what was too large to keep is cut and has its
    hash (`sha256` that of the value). resolution: what was done about it, None while it is open.
    """

    id: str
    topic: str
    code: str
    field: str
    message: str
    attempts: int
    at: str
    version: str
    sha256: str | None
    key_sha256: str | None
    headers_sha256: str | None
    key: bytes | None = member(repr=False)
    value: bytes | None = member(repr=False)
    headers: tuple[tuple[str, bytes], ...] = member(repr=False)
    resolution: Resolution | None = None

    @property
    def cut(self) -> bool:
        return any((self.sha256, self.key_sha256, self.headers_sha256))


class Quarantine:
    """Every method raises KafkaError when Kafka does not answer."""

    def __init__(self, connection: KafkaConnection, topics: Topics) -> None:
        self._connection, self._topics = connection, topics

    async def letters(self) -> list[DeadLetter]:
        """Every letter ever written, oldest first, with its resolution; one written twice counts once."""
        found: dict[str, DeadLetter] = {}
        resolved: dict[str, Resolution] = {}
        async for record in self._records():
            own = _own(record)
            if "resolves" in own:
                resolved[own["resolves"]] = Resolution(own["resolution"])
            else:
                letter = _letter(record, own)
                found[letter.id] = letter
        return [_resolved(letter, resolved.get(letter.id)) for letter in found.values()]

    async def retry(self, letters: Sequence[DeadLetter], by: str) -> None:
        """Send each to its topic once more, then mark it. A crash between the two sends it twice, which the
        consumer takes as one: the event's id is the same. Raises NotRetryable before anything is sent."""
        for letter in letters:
            if letter.cut:
                raise NotRetryable(
                    f"{letter.id}: it was not kept whole; send it again at its source, then drop it"
                )
        async with self._producer() as producer:
            for letter in letters:
                attempt = [(RETRY_OF, letter.id.encode()), (RETRY_OF_ATTEMPT, str(letter.attempts).encode())]
                await producer.send_and_wait(
                    letter.topic, key=letter.key, value=letter.value, headers=[*letter.headers, *attempt]
                )
                await self._mark(producer, letter, Resolution.RETRIED, by, "")

    async def drop(self, letters: Sequence[DeadLetter], by: str, reason: str) -> None:
        """Nothing will come of these. They stay readable until the topic's retention ends."""
        async with self._producer() as producer:
            for letter in letters:
                await self._mark(producer, letter, Resolution.DROPPED, by, reason)

    async def _mark(
        self, producer: AIOKafkaProducer, letter: DeadLetter, how: Resolution, by: str, reason: str
    ) -> None:
        texts = {"resolves": letter.id, "resolution": how.value, "by": by, "reason": reason}
        texts["at"] = datetime.now(UTC).isoformat(timespec="seconds")
        headers = [(PREFIX + name, text.encode()) for name, text in texts.items()]
        await producer.send_and_wait(
            self._topics.dead_letters(letter.topic), key=letter.key, value=None, headers=headers
        )

    def _producer(self) -> AIOKafkaProducer:
        return AIOKafkaProducer(**self._connection.options(), enable_idempotence=True, acks="all")

    async def _records(self) -> AsyncIterator[ConsumerRecord[bytes, bytes]]:
        """Of the dead-letter topics there are; one that nothing was ever sent to need not exist."""
        names = dict.fromkeys(self._topics.dead_letters(topic) for topic in self._topics.lettered())
        async for record in every_record(self._connection, names):
            yield record


def select(
    letters: Iterable[DeadLetter], ids: Sequence[str], *, every: bool = False, code: str | None = None
) -> list[DeadLetter]:
    """The open letters meant. Raises LookupError for an id that names none."""
    open_letters = {letter.id: letter for letter in letters if letter.resolution is None}
    unknown = [key for key in ids if key not in open_letters]
    if unknown:
        raise LookupError(f"{unknown[0]}: no open dead letter has this id; list them with `recourse dlq ls`")
    if ids:
        return [open_letters[key] for key in dict.fromkeys(ids)]
    return [one for one in open_letters.values() if every or (code is not None and one.code == code)]


def _own(record: ConsumerRecord[bytes, bytes]) -> dict[str, str]:
    return {
        name.removeprefix(PREFIX): (raw or b"").decode(errors="replace")  # the value of a header may be null
        for name, raw in record.headers
        if name.startswith(PREFIX)
    }


def _letter(record: ConsumerRecord[bytes, bytes], own: Mapping[str, str]) -> DeadLetter:
    return DeadLetter(
        id=f"{own.get('topic', '?')}/{own.get('partition', '?')}/{own.get('offset', '?')}",
        topic=own.get("topic", ""),
        code=own.get("code", "?"),
        field=own.get("field", "?"),
        message=own.get("message", ""),
        attempts=int(own.get("attempts", "1")),
        at=own.get("at", ""),
        version=own.get("version", ""),
        sha256=own.get("sha256"),
        key_sha256=own.get("key-sha256"),
        headers_sha256=own.get("headers-sha256"),
        key=record.key,
        value=record.value,
        headers=tuple((name, raw) for name, raw in record.headers if not name.startswith(PREFIX)),
    )


def _resolved(letter: DeadLetter, resolution: Resolution | None) -> DeadLetter:
    return replace(letter, resolution=resolution) if resolution else letter
