"""The evidence ledger in PostgreSQL: what waits to be sealed, the entries, and the nodes of their tree."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import isfinite
from typing import Any, Final

from sqlalchemy import Table, Text, cast, delete, func, insert, literal_column, select

from recourse.domain.evidence.entry import Entry, Tail
from recourse.domain.ids import LoanId
from recourse.storage.database import ReadTx, Tx
from recourse.storage.sql import among, rows_among
from recourse.storage.tables import agreement as agreement_table
from recourse.storage.tables import (
    collection_case,
    consent,
    contact_attempt,
    data_key,
    dispute,
    document,
    dossier_read,
    erasure,
    fact,
    hold,
    legal_action,
    legal_deadline,
    legal_entry,
    legal_move,
    legal_status,
    location_fix,
    location_request,
    permit,
    permit_check,
    promise,
    proof,
    provider_receipt,
    recovery_proposal,
    reveal,
    rule_set,
    seal,
    seal_node,
    seal_secret,
    step,
    unsealed,
)

_SEALER_LOCK: Final = 0x5345414C
"""Key of the advisory lock: leaves of one tree are numbered by one sealer at a time."""
_PAGE: Final = 5000
_SHORTEST_LARGE: Final = len(str(2**53))
_LONGEST_ID: Final = 19
"""Digits that a bigint may surely have."""
SEALED: Final[Mapping[str, Table]] = {
    table.name: table
    for table in (
        step,
        fact,
        contact_attempt,
        document,
        provider_receipt,
        location_request,
        location_fix,
        hold,
        promise,
        agreement_table,
        dispute,
        consent,
        proof,
        recovery_proposal,
        legal_action,
        legal_status,
        legal_move,
        legal_deadline,
        legal_entry,
        permit,
        permit_check,
        dossier_read,
        reveal,
        rule_set,
        erasure,
    )
}
"""What is sealed, by kind. The triggers that say so are in the migrations."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A row that was written or changed since it was last sealed."""

    id: int
    kind: str
    ref: str
    chain: str


@dataclass(frozen=True, slots=True)
class Sealed:
    """An entry at its place in the tree. secret: None once it was erased."""

    index: int
    entry: Entry
    hash: bytes
    secret: bytes | None = None


NEVER_CHANGED: Final = frozenset(
    {
        "step",
        "fact",
        "provider_receipt",
        "location_fix",
        "legal_status",
        "legal_move",
        "legal_entry",
        "permit_check",
        "dossier_read",
        "rule_set",
        "document",
    }
)
"""Kinds whose rows are written once: whoever changes one after it was sealed leaves a second entry."""
SEALED_SINCE: Final = {"document": ("content", "content_sealed")}
"""Of them, which column was plain before there were keys, and which one has it now."""


_ENTRIES: Final = (
    select(
        *(seal.c[name] for name in ("index", "chain", "n", "kind", "ref", "prev", "commitments", "hash")),
        seal_secret.c.secret,
    )
    .outerjoin(seal_secret, seal_secret.c.index == seal.c.index)
    .order_by(seal.c.index)
)


async def lead(tx: Tx) -> bool:
    """Until the end of the transaction; False while another sealer is at work."""
    return bool((await tx.execute(select(func.pg_try_advisory_xact_lock(_SEALER_LOCK)))).scalar_one())


async def waiting(tx: Tx | ReadTx, limit: int) -> list[Waiting]:
    c = unsealed.c
    rows = await tx.execute(select(c.id, c.kind, c.ref, c.chain).order_by(c.id).limit(limit))
    return [Waiting(*row) for row in rows]


async def done(tx: Tx, ids: Collection[int]) -> None:
    await tx.execute(delete(unsealed).where(among(unsealed.c.id, ids)))


async def rows_of(
    tx: Tx | ReadTx, wanted: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], dict[str, Any]]:
    """kind and ref -> the row as plain JSON by column; what is not there, or could not be, is left out."""
    by_kind: dict[str, list[object]] = defaultdict(list)
    for kind, ref in wanted:
        if (key := _key(kind, ref)) is not None:
            by_kind[kind].append(key)
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for kind, values in by_kind.items():
        table = SEALED[kind]
        (key,) = table.primary_key.columns
        ref_ = cast(key, Text)
        # As text: a driver's floats, dates and large numbers must not decide what the bytes are.
        whole = cast(func.to_jsonb(literal_column(table.name)), Text)
        rows = await tx.execute(select(ref_, whole).select_from(table).where(among(key, values)))
        for ref, row in rows:
            found[kind, ref] = json.loads(row, parse_int=_whole, parse_float=_decimal)
    return found


def _key(kind: str, ref: str) -> object | None:
    """Of a row. None where there can be no such row: somebody wrote over the entry."""
    if kind not in SEALED:
        return None
    (key,) = SEALED[kind].primary_key.columns
    if key.type.python_type is not int:
        return ref
    return int(ref) if ref.isascii() and ref.isdigit() and len(ref) < _LONGEST_ID else None


def _whole(digits: str) -> int | str:
    """As a text from 2^53 on, for which RFC 8785 has no bytes. Of so few digits none is so large, and a row
    has dozens of numbers."""
    few = len(digits) < _SHORTEST_LARGE
    return int(digits) if few or abs(Decimal(digits)) < 2**53 else digits


def _decimal(digits: str) -> float | str:
    """As a text where a double would be another number, so that no digit can be changed unseen."""
    number = float(digits)
    return number if isfinite(number) and Decimal(repr(number)) == Decimal(digits) else digits


async def tails(tx: Tx | ReadTx, chains: Iterable[str]) -> dict[str, Tail]:
    """What each chain ends with; one that has not begun is left out."""
    c = seal.c
    mine = among(c.chain, sorted(set(chains)))
    longest = select(c.chain, func.max(c.n).label("n")).where(mine).group_by(c.chain).subquery()
    last = select(c.chain, c.n, c.hash).join(longest, (longest.c.chain == c.chain) & (longest.c.n == c.n))
    return {chain: (n + 1, hash_) for chain, n, hash_ in (await tx.execute(last)).all()}


async def append(tx: Tx, sealed: Sequence[Sealed], fresh_nodes: Sequence[tuple[int, int, bytes]]) -> None:
    """Entries with their secrets, and the nodes that they completed above the leaves."""
    rows = [
        {
            "index": one.index,
            "chain": one.entry.chain,
            "n": one.entry.n,
            "kind": one.entry.kind,
            "ref": one.entry.ref,
            "prev": one.entry.prev,
            "commitments": {name: found.hex() for name, found in one.entry.commitments.items()},
            "hash": one.hash,
        }
        for one in sealed
    ]
    await tx.execute(insert(seal), rows)
    await tx.execute(insert(seal_secret), [{"index": one.index, "secret": one.secret} for one in sealed])
    if fresh_nodes:
        columns = ("level", "index", "hash")
        await tx.execute(insert(seal_node), [dict(zip(columns, node, strict=True)) for node in fresh_nodes])


async def entries(tx: ReadTx, first: int, limit: int) -> list[Sealed]:
    """From a place on, in order."""
    rows = await tx.execute(_ENTRIES.where(seal.c.index >= first).limit(limit))
    return [_sealed(row) for row in rows]


async def chain_entries(tx: ReadTx, chains: Collection[str]) -> list[Sealed]:
    """All of these chains, by their places in the tree."""
    return [_sealed(row) for row in await tx.execute(_ENTRIES.where(among(seal.c.chain, sorted(chains))))]


async def case_chains(tx: ReadTx, loan_id: LoanId) -> list[str]:
    """A case's chain bears its id."""
    c = collection_case.c
    rows = await tx.execute(select(c.id).where(c.loan_id == loan_id).order_by(c.id))
    return list(rows.scalars())


async def rule_chains(tx: ReadTx, loan_id: LoanId) -> list[str]:
    """Of the rules that steps and permits of a loan were decided by; each set has a chain of its own."""
    used = select(step.c.rules_digest).where(step.c.loan_id == loan_id)
    asked = select(permit.c.rules_digest).where(permit.c.loan_id == loan_id)
    digests = (await tx.execute(used.union(asked))).scalars()
    return sorted(f"rules-{digest}" for digest in digests if digest is not None)


def _sealed(row: Any) -> Sealed:
    index, chain, n, kind, ref, prev, commitments, hash_, secret = row
    return Sealed(index, Entry(chain, n, kind, ref, prev, _commitments(commitments)), hash_, secret)


def _commitments(kept: Any) -> dict[str, bytes]:
    """What cannot be read was written over, and is then of no entry that was ever sealed."""
    try:
        return {name: bytes.fromhex(found) for name, found in kept.items()}
    except (AttributeError, TypeError, ValueError):
        return {"": b""}


async def sealed_later(tx: ReadTx, batch: Sequence[Sealed]) -> set[tuple[str, str]]:
    """Rows of the batch that have a later entry, or wait for one: what this one says of them is history."""
    last = {(one.entry.kind, one.entry.ref): one.index for one in batch}
    c, w = seal.c, unsealed.c
    again = select(c.kind, c.ref, func.max(c.index)).where(rows_among((c.kind, c.ref), list(last)))
    newest = {(row[0], row[1]): row[2] for row in await tx.execute(again.group_by(c.kind, c.ref))}
    wait = await tx.execute(select(w.kind, w.ref).where(rows_among((w.kind, w.ref), list(last))))
    later = {place for place, index in newest.items() if index > last[place]}
    return later | {(kind, ref) for kind, ref in wait}


async def erased_letters(tx: ReadTx, refs: Collection[str]) -> set[str]:
    """Those whose addressee was erased."""
    if not refs:
        return set()
    whose = func.concat("person:", contact_attempt.c.person_id)
    gone = (
        select(document.c.id)
        .join(contact_attempt, contact_attempt.c.id == document.c.attempt_id)
        .join(data_key, data_key.c.subject == whose)
        .where(among(document.c.id, refs), data_key.c.destroyed_at.is_not(None))
    )
    return set((await tx.execute(gone)).scalars())


async def never_sealed(tx: ReadTx) -> AsyncIterator[tuple[str, str]]:
    """Rows that have no entry and wait for none: written past the triggers. In pages, for no statement may
    take longer than the database lets one."""
    for kind, table in SEALED.items():
        (key,) = table.primary_key.columns
        pages = select(key).order_by(key).limit(_PAGE)
        page = list((await tx.execute(pages)).scalars())
        while page:
            for ref in await _unknown(tx, kind, [str(one) for one in page]):
                yield kind, ref
            page = list((await tx.execute(pages.where(key > page[-1]))).scalars())


async def _unknown(tx: ReadTx, kind: str, refs: list[str]) -> list[str]:
    known = select(seal.c.ref).where(seal.c.kind == kind, among(seal.c.ref, refs))
    waits = select(unsealed.c.ref).where(unsealed.c.kind == kind, among(unsealed.c.ref, refs))
    found = set((await tx.execute(known.union(waits))).scalars())
    return [ref for ref in refs if ref not in found]
