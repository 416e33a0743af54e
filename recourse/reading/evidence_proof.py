"""Proofs out of the ledger: entries stand in the tree a checkpoint signs, and what is shown of their rows.

A proof is plain JSON and complete in itself: `verify_evidence.py` checks it without Recourse and without a
network, given the key that signs checkpoints.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Final

from recourse.domain.evidence.entry import shown
from recourse.domain.evidence.merkle import inclusion_proof
from recourse.domain.evidence.note import Checkpoint, Note
from recourse.domain.ids import CaseId, LoanId
from recourse.storage import cases, checkpoints, ledger, seal_tree, seals
from recourse.storage.database import ReadTx
from recourse.storage.seals import Sealed

FORMAT: Final = "recourse-evidence-proof/1"


class NothingSealed(LookupError):
    """There is no checkpoint yet, or it is older than everything asked about."""


async def chains_of(tx: ReadTx, subject: str) -> list[str]:
    """The chains about a case, or about a loan and all its cases. Raises LookupError for what is neither."""
    of_case = (await cases.by_ids(tx, [CaseId(subject)])).get(CaseId(subject))
    if of_case is not None:
        return [of_case.id, of_case.loan_id]
    if LoanId(subject) not in await ledger.loans(tx, [LoanId(subject)]):
        raise LookupError(f"{subject}: there is no such case or loan; list them with `recourse cases list`")
    return [subject, *await seals.case_chains(tx, LoanId(subject))]


async def prove(
    tx: ReadTx, chains: Collection[str], shows: Callable[[str, str], bool] = lambda kind, name: True
) -> dict[str, Any]:
    """Every entry of these chains under the newest checkpoint. shows: whether a field of a kind of row may be
    seen by whoever gets the proof; of the others there is the commitment only.

    Raises NothingSealed.
    """
    note = await checkpoints.newest(tx)
    if note is None:
        raise NothingSealed("nothing is sealed yet; run `recourse evidence seal`")
    checkpoint = Checkpoint.parse(Note.parse(note).text)
    sealed = [one for one in await seals.chain_entries(tx, chains) if one.index < checkpoint.size]
    if not sealed:
        raise NothingSealed("the newest checkpoint is older than what is asked about")
    paths = await seal_tree.with_nodes(
        tx, lambda node: [inclusion_proof(node, one.index, checkpoint.size) for one in sealed]
    )
    rows = await _current_rows(tx, sealed)
    return {
        "format": FORMAT,
        "checkpoint": note,
        "entries": [
            _entry(one, path, rows.get(one.index), shows) for one, path in zip(sealed, paths, strict=True)
        ],
    }


def _entry(
    one: Sealed,
    path: list[bytes],
    row: Mapping[str, Any] | None,
    shows: Callable[[str, str], bool],
) -> dict[str, Any]:
    names = [name for name in one.entry.commitments if shows(one.entry.kind, name)] if row is not None else []
    fields = shown(row, one.secret, names) if row is not None and one.secret is not None else []
    return {
        "index": one.index,
        "entry": one.entry.to_json(),
        "path": [step.hex() for step in path],
        "shown": [{"name": f.name, "value": f.value, "salt": f.salt.hex()} for f in fields],
    }


async def _current_rows(tx: ReadTx, sealed: Iterable[Sealed]) -> dict[int, dict[str, Any]]:
    """By entry. A row that changed since can no longer be shown as an older entry sealed it."""
    latest = {(one.entry.kind, one.entry.ref): one for one in sealed}
    later = await seals.sealed_later(tx, list(latest.values()))
    rows = await seals.rows_of(tx, latest.keys() - later)
    return {
        one.index: {name: rows[place].get(name) for name in one.entry.commitments}
        for place, one in latest.items()
        if place in rows
    }
