"""Accepting a batch: one transaction when all is well, one by one when something in it is poison."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from aiokafka.structs import ConsumerRecord

from recourse.contracts.delivery import Acceptance, AcceptsFacts, Unacceptable
from recourse.contracts.events import BankEvent, EventLimits, Refused, RefusedCode, decode
from recourse.contracts.messages import Nudge

Record: TypeAlias = ConsumerRecord[bytes, bytes]
Bury: TypeAlias = Callable[[Record, Refused], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Understood:
    record: Record
    event: BankEvent


class BuryOnce:
    """A batch that is tried again, because the database was away, buries its poison only the first time."""

    def __init__(self, bury: Bury) -> None:
        self._bury = bury
        self._buried: set[tuple[str, int, int]] = set()

    async def __call__(self, record: Record, refused: Refused) -> None:
        place = (record.topic, record.partition, record.offset)
        if place not in self._buried:
            await self._bury(record, refused)
            self._buried.add(place)


async def understand(records: Sequence[Record], limits: EventLimits, bury: Bury) -> list[Understood]:
    """Decode strictly; what can never be understood is buried before its offset may be finished."""
    understood, poison = [], []
    for record in records:
        try:
            event = decode(record.key, record.value, record.headers, limits)
        except Refused as refused:
            poison.append((record, refused))
        else:
            understood.append(Understood(record, event))
    # Side by side: a thousand in a row cost one round trip of the producer's batches, not a thousand.
    await asyncio.gather(*(bury(record, refused) for record, refused in poison))
    return understood


async def accept(batch: Sequence[Understood], facts: AcceptsFacts, bury: Bury) -> list[Nudge]:
    """Raises Unavailable; then nothing of the failing transaction was written and the batch is repeated."""
    try:
        acceptance = await facts.accept([one.event for one in batch])
    except Unacceptable as error:
        if len(batch) == 1:
            reason = f"cannot be stored ({error}); mend the record at its source"
            await bury(batch[0].record, Refused(RefusedCode.UNACCEPTABLE, "data", reason))
            return []
        middle = len(batch) // 2
        return [*await accept(batch[:middle], facts, bury), *await accept(batch[middle:], facts, bury)]
    await _bury_refused(batch, acceptance, bury)
    return list(acceptance.nudges)


async def _bury_refused(batch: Sequence[Understood], acceptance: Acceptance, bury: Bury) -> None:
    for one in batch:
        reason = acceptance.refused.get(one.event.event_id)
        if reason is not None:
            field, _, message = reason.partition(": ")
            await bury(one.record, Refused(RefusedCode.UNACCEPTABLE, field, message))
