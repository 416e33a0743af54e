"""Recourse itself: overdue events from the first `produce` to the last decision, and to the last run told."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from bench import checks, events
from bench.bed import Bed
from recourse.contracts.events import BankEvent, encode_binary, topic_for

BOUND = 180.0
_DECIDED = f"""
    SELECT count(*) FILTER (WHERE decision > 0 AND (plan ->> 'facts_seen')::bigint >= facts_due) AS decided,
           count(*) FILTER (WHERE facts_delivered >= facts_due) AS told
      FROM collection_case WHERE {checks.OF_PREFIX}
"""  # noqa: S608 - the condition is a constant
_FACTS = f"SELECT count(*) FROM fact WHERE {checks.OF_PREFIX}"  # noqa: S608


@dataclass(frozen=True, slots=True)
class Rates:
    """Events a second until each case's decision was committed, and until each case's run had it."""

    decided: float
    told: float


async def introduce(bed: Bed, loans: Sequence[str]) -> None:
    """Master data first, unmeasured: a bank's loans are known before they fall behind."""
    before = await bed.one("SELECT count(*) FROM fact")
    await produce(bed, events.snapshots(loans))

    async def known() -> bool:
        return bool(await bed.one("SELECT count(*) FROM fact") >= before + len(loans))

    await bed.until("master data taken", known, BOUND, every=0.1)


async def measure(bed: Bed, prefix: str, loans: Sequence[str], each: int) -> Rates:
    """From the first `produce`. A decision is committed when the case has a plan that has seen all its facts.

    Raises Failed when not every case has exactly one decision, or an event was lost or counted twice.
    """
    batch = events.overdue(loans, each)

    async def all_are(state: str) -> bool:
        if await bed.one(_FACTS, prefix) < len(loans) * (1 + each):
            return False
        row = await bed.rows.fetchrow(_DECIDED, prefix)
        return row is not None and row[state] >= len(loans)

    began = time.perf_counter()
    await produce(bed, batch)
    await bed.until(f"{len(loans)} cases of {prefix} decided", partial(all_are, "decided"), BOUND)
    decided = time.perf_counter() - began
    await bed.until(f"{len(loans)} runs of {prefix} told", partial(all_are, "told"), BOUND)
    told = time.perf_counter() - began
    await checks.settled(bed)
    await checks.one_decision_each(bed, prefix, len(loans), facts=1 + each)
    return Rates(len(batch) / decided, len(batch) / told)


async def produce(bed: Bed, batch: Sequence[BankEvent]) -> None:
    sent = []
    for event in batch:
        key, value, headers = encode_binary(event)
        sent.append(
            await bed.producer.send(topic_for(event.type, bed.topics), value=value, key=key, headers=headers)
        )
    for one in sent:
        await one
