"""Rows become entries of the evidence ledger, some time after they were written and by nobody's delay.

A row that changed again before it was sealed is sealed as it is then. Whatever dies here, the transaction
takes back entries, nodes, the queue and the checkpoint together.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from recourse.contracts.canonical import canonical
from recourse.domain.evidence.entry import SALT_BYTES, START
from recourse.domain.evidence.entry import sealed as make_entry
from recourse.domain.evidence.merkle import Frontier
from recourse.service.context import Unit
from recourse.storage import seal_tree, seals
from recourse.storage.seals import Sealed, Waiting

BATCH = 500


@dataclass(frozen=True, slots=True)
class Turn:
    """sealed: entries written. more: whether rows still wait. size, root: of the tree after it."""

    sealed: int
    more: bool
    size: int
    root: bytes


async def seal_batch(unit: Unit) -> Turn | None:
    """The next rows that wait; None while another sealer leads."""
    if not await seals.lead(unit.tx):
        return None
    frontier = await seal_tree.frontier(unit.tx)
    queue = await seals.waiting(unit.tx, BATCH)
    if not queue:
        return Turn(0, False, frontier.size, frontier.root())
    written = await _entries(unit, queue, frontier)
    await seals.done(unit.tx, [one.id for one in queue])
    return Turn(written, len(queue) == BATCH, frontier.size, frontier.root())


async def _entries(unit: Unit, queue: Sequence[Waiting], frontier: Frontier) -> int:
    """Each row once, in the order in which it was first written."""
    first = {(one.kind, one.ref): one for one in reversed(queue)}
    unique = sorted(first.values(), key=lambda one: one.id)
    rows = await seals.rows_of(unit.tx, first)
    tails = await seals.tails(unit.tx, {one.chain for one in unique})
    fresh: list[Sealed] = []
    above: list[tuple[int, int, bytes]] = []
    for one in unique:
        # Nothing here deletes rows: one that is gone leaves an entry without fields, which `verify` names.
        row = rows.get((one.kind, one.ref), {})
        n, prev = tails.get(one.chain, START)
        secret = secrets.token_bytes(SALT_BYTES)
        about = {"chain": one.chain, "kind": one.kind, "ref": one.ref}
        entry = make_entry(canonical, n=n, prev=prev, fields=row, secret=secret, **about)
        leaf = entry.hash(canonical)
        fresh.append(Sealed(frontier.size, entry, leaf, secret))
        above += [node for node in frontier.append(leaf) if node[0] > 0]
        tails[one.chain] = (n + 1, leaf)
    if fresh:
        await seals.append(unit.tx, fresh, above)
    return len(fresh)
