"""Milliseconds from produce to decision committed, at a fixed rate that leaves the machine room.

Open loop: each event has its time and is measured from it, so that a stall is not hidden by events that were
sent late. The database itself tells of each commit (a trigger of this run's database notifies at commit).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import asyncpg

from bench import checks, events
from bench.bed import Bed, plain
from recourse.contracts.events import encode_binary, topic_for

_CHANNEL = "bench_decided"
_TRIGGER = f"""
    CREATE FUNCTION bench_tell() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN PERFORM pg_notify('{_CHANNEL}', NEW.loan_id); RETURN NULL; END $$;
    CREATE TRIGGER bench_tell AFTER INSERT ON step
      FOR EACH ROW WHEN (NEW.event = 'planned') EXECUTE FUNCTION bench_tell()
"""
_NO_TRIGGER = "DROP TRIGGER bench_tell ON step; DROP FUNCTION bench_tell()"


async def measure(bed: Bed, prefix: str, loans: Sequence[str], per_second: float) -> list[float]:
    """Milliseconds of each event, sorted. Raises Failed."""
    due: dict[str, float] = {}
    committed: dict[str, float] = {}

    def heard(_: object, __: int, ___: str, payload: object) -> None:
        committed.setdefault(str(payload), time.perf_counter())

    async def all_heard() -> bool:
        return len(committed) >= len(loans)

    async with _listening(bed, heard):
        began = time.perf_counter() + 0.1
        for number, event in enumerate(events.overdue(loans)):
            due[event.subject] = began + number / per_second
            await asyncio.sleep(max(due[event.subject] - time.perf_counter(), 0))
            key, value, headers = encode_binary(event)
            await bed.producer.send(topic_for(event.type, bed.topics), value=value, key=key, headers=headers)
        await bed.until(f"{len(loans)} cases of {prefix} decided", all_heard, 60)
    await checks.settled(bed)
    await checks.one_decision_each(bed, prefix, len(loans), facts=2)
    return sorted((committed[loan] - due[loan]) * 1000 for loan in loans)


@asynccontextmanager
async def _listening(bed: Bed, heard: object) -> AsyncIterator[None]:
    connection = await asyncpg.connect(plain(bed.database))
    try:
        await connection.execute(_TRIGGER)
        await connection.add_listener(_CHANNEL, heard)  # type: ignore[arg-type]
        yield
        await connection.execute(_NO_TRIGGER)
    finally:
        await connection.close()
