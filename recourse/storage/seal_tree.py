"""The tree over the entries, as it is kept: leaves with the entries, complete subtrees above them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from sqlalchemy import func, select

from recourse.domain.evidence.merkle import Frontier, Node, consistency_proof
from recourse.storage.database import ReadTx, Tx
from recourse.storage.sql import among, rows_among
from recourse.storage.tables import seal, seal_node

T = TypeVar("T")


class BrokenTree(LookupError):
    """A node that the tree is made of is not there: somebody took it away."""

    def __init__(self, level: int, index: int) -> None:
        super().__init__(
            f"the evidence ledger lacks node {index} of level {level}; see `recourse evidence verify`"
        )


async def frontier(tx: Tx | ReadTx) -> Frontier:
    """The right edge of the tree as it is kept."""
    last = (await tx.execute(select(func.max(seal.c.index)))).scalar_one()
    size = 0 if last is None else last + 1
    wanted, at = [], 0
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            wanted.append((level, at >> level))
            at += 1 << level
    found = await nodes(tx, wanted)
    return Frontier(size, [_there(found, *place) for place in wanted])


async def nodes(tx: Tx | ReadTx, wanted: Iterable[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
    """level and index -> hash, leaves at level 0; what is not there is left out."""
    places = set(wanted)
    leaves, above = [i for level, i in places if level == 0], [place for place in places if place[0] > 0]
    found: dict[tuple[int, int], bytes] = {}
    if leaves:
        rows = await tx.execute(select(seal.c.index, seal.c.hash).where(among(seal.c.index, leaves)))
        found |= {(0, index): hash_ for index, hash_ in rows}
    if above:
        c = seal_node.c
        kept = select(c.level, c.index, c.hash).where(rows_among((c.level, c.index), above))
        found |= {(level, index): hash_ for level, index, hash_ in (await tx.execute(kept)).all()}
    return found


async def count(tx: ReadTx) -> int:
    """Of the nodes above the leaves."""
    return int((await tx.execute(select(func.count()).select_from(seal_node))).scalar_one())


async def with_nodes(tx: ReadTx, work: Callable[[Node], T]) -> T:
    """Run `work` twice: which nodes it asks for does not depend on their hashes, so that the first time only
    says which rows to read."""
    wanted: set[tuple[int, int]] = set()

    def noted(level: int, index: int) -> bytes:
        wanted.add((level, index))
        return b""

    work(noted)
    found = await nodes(tx, wanted)
    return work(lambda level, index: _there(found, level, index))


def _there(found: Mapping[tuple[int, int], bytes], level: int, index: int) -> bytes:
    if (level, index) not in found:
        raise BrokenTree(level, index)
    return found[level, index]


async def consistency(tx: ReadTx, old: int, new: int) -> list[bytes]:
    """That the tree of `new` leaves begins with that of `old`; nothing to show for an empty or equal one."""
    if old in {0, new}:
        return []
    return await with_nodes(tx, lambda node: consistency_proof(node, old, new))
