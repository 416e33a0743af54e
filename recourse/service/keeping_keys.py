"""Passes over many rows, a batch a transaction: sealing what is plain, and new keys for old.

They run beside everything else, may be stopped at any moment, and begin again where something is left.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

from recourse.service.context import Services, Unit
from recourse.storage import backfill, rekeying
from recourse.storage.database import ReadTx, Tx

Batch = Callable[[Tx, str], Awaitable[tuple[int, str | None]]]


@dataclass(frozen=True, slots=True)
class Pass:
    """left: how many rows there are to do. batch: the next of them after a key."""

    name: str
    left: Callable[[ReadTx], Awaitable[int]]
    batch: Batch


def sealing() -> Sequence[Pass]:
    return [
        Pass(one.table.name, partial(backfill.count, plain=one), partial(_sealed, plain=one))
        for one in backfill.PLAIN
    ]


async def _sealed(tx: Tx, after: str, plain: backfill.Plain) -> tuple[int, str | None]:
    return await backfill.batch(tx, plain, after)


def rotating() -> Sequence[Pass]:
    return [
        Pass("data keys", rekeying.left_to_wrap, rekeying.wrap_anew),
        Pass("blind indexes", rekeying.left_to_index, rekeying.index_anew),
    ]


async def left(services: Services, passes: Sequence[Pass]) -> dict[str, int]:
    async with services.database.reading() as tx:
        return {one.name: await one.left(tx) for one in passes}


async def run(services: Services, passes: Sequence[Pass]) -> AsyncGenerator[tuple[str, int]]:
    """After each batch: of which pass, and how many rows it did. Raises Unavailable, NotOpened."""
    for one in passes:
        after: str | None = ""
        while after is not None:
            done, after = await services.run(partial(_within, batch=one.batch, after=after))
            yield one.name, done


async def _within(unit: Unit, batch: Batch, after: str) -> tuple[int, str | None]:
    return await batch(unit.tx, after)
