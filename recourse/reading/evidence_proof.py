"""Proofs out of the ledger: entries stand in the tree a checkpoint signs, and what is shown of their rows.

A proof is plain JSON and complete in itself: `verify_evidence.py` checks it without Recourse and without a
network, given the key that signs checkpoints. So is the whole ledger, which shows nothing of any row.
"""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from recourse.contracts.canonical import canonical
from recourse.contracts.wrapping import NotOpened
from recourse.domain.evidence.entry import shown
from recourse.domain.evidence.merkle import inclusion_proof
from recourse.domain.evidence.note import Checkpoint, Note, NoteError
from recourse.domain.ids import CaseId, LoanId
from recourse.storage import attempts, cases, checkpoints, ledger, seal_tree, seals, vault
from recourse.storage.checkpoints import Stamp
from recourse.storage.database import ReadTx
from recourse.storage.seals import Sealed
from recourse.storage.vault import Keys, Place

FORMAT: Final = "recourse-evidence-proof/1"
LEDGER_FORMAT: Final = "recourse-evidence-ledger/1"
BATCH: Final = 1000
Shows = Callable[[str, str, Any], bool]
"""Of a kind of row, the name of a field and what it says."""


class NothingSealed(LookupError):
    """There is no checkpoint yet, or it is older than everything asked about."""


async def loan_of(tx: ReadTx, subject: str) -> LoanId:
    """Of a case, or itself. Raises LookupError for what is neither."""
    of_case = (await cases.by_ids(tx, [CaseId(subject)])).get(CaseId(subject))
    if of_case is not None:
        return of_case.loan_id
    if LoanId(subject) not in await ledger.loans(tx, [LoanId(subject)]):
        raise LookupError(f"{subject}: there is no such case or loan; list them with `recourse cases list`")
    return LoanId(subject)


async def chains_of(tx: ReadTx, subject: str) -> list[str]:
    """The chains about a case, or about a loan and all its cases, and those of the rules of the loan's steps.

    Raises LookupError for what is neither.
    """
    loan = await loan_of(tx, subject)
    of_cases = [subject] if subject != loan else await seals.case_chains(tx, loan)
    return [loan, *of_cases, *await seals.rule_chains(tx, loan)]


async def prove(
    tx: ReadTx, chains: Collection[str], shows: Shows = lambda kind, name, value: True
) -> dict[str, Any]:
    """Every entry of these chains under the newest checkpoint. shows: whether a field of a kind of row may be
    seen, with what it says, by whoever gets the proof; of the others there is the commitment only.

    stamps: time stamps over earlier checkpoints, with the proof that the tree only grew since.

    Raises NothingSealed.
    """
    note, checkpoint = await _newest(tx)
    sealed = [one for one in await seals.chain_entries(tx, chains) if one.index < checkpoint.size]
    if not sealed:
        raise NothingSealed("the newest checkpoint is older than what is asked about")
    paths = await seal_tree.with_nodes(
        tx, lambda node: [inclusion_proof(node, one.index, checkpoint.size) for one in sealed]
    )
    rows = await _current_rows(tx, sealed)
    texts = await _texts(tx, [one for one in sealed if one.index in rows], rows)
    return {
        "format": FORMAT,
        "checkpoint": note,
        "stamps": [
            await _stamp(tx, stamp, checkpoint.size)
            # For each entry the first that covers it: who asks when it stood is not helped by a later one.
            for stamp in await checkpoints.first_stamps(tx, [one.index for one in sealed])
        ],
        "entries": [
            _entry(one, path, rows.get(one.index), texts.get(one.index, {}), shows)
            for one, path in zip(sealed, paths, strict=True)
        ],
    }


async def ledger_lines(tx: ReadTx) -> AsyncIterator[bytes]:
    """Every entry under the newest checkpoint, each line the bytes that were sealed; before them a line with
    the checkpoint and every time stamp. Commitments only: nothing of any row can be read in it.

    Raises NothingSealed.
    """
    note, checkpoint = await _newest(tx)
    stamps = [await _stamp(tx, stamp, checkpoint.size) for stamp in await checkpoints.stamps(tx)]
    yield canonical({"format": LEDGER_FORMAT, "checkpoint": note, "stamps": stamps}) + b"\n"
    for first in range(0, checkpoint.size, BATCH):
        batch = await seals.entries(tx, first, min(BATCH, checkpoint.size - first))
        yield b"".join(canonical(one.entry.to_json()) + b"\n" for one in batch)


async def _newest(tx: ReadTx) -> tuple[str, Checkpoint]:
    note = await checkpoints.newest(tx)
    if note is None:
        raise NothingSealed("nothing is sealed yet; run `recourse evidence seal`")
    try:
        return note, Checkpoint.parse(Note.parse(note).text)
    except NoteError:
        raise NothingSealed(
            "the newest checkpoint is no signed note; see `recourse evidence verify`"
        ) from None


async def _stamp(tx: ReadTx, stamp: Stamp, size: int) -> dict[str, Any]:
    """consistency: that the stamped tree is how the tree of `size` began, so it holds the same entries."""
    path = await seal_tree.consistency(tx, stamp.size, size)
    return {
        "checkpoint": stamp.note,
        "consistency": [step.hex() for step in path],
        "response": base64.b64encode(stamp.response).decode(),
    }


def _entry(
    one: Sealed,
    path: list[bytes],
    row: Mapping[str, Any] | None,
    texts: Mapping[str, Text],
    shows: Shows,
) -> dict[str, Any]:
    kind = one.entry.kind
    told = {
        column: text.shown
        for column, text in texts.items()
        if column in one.entry.commitments and shows(kind, text.name, text.shown["text"])
    }
    names = [] if row is None else [name for name in one.entry.commitments if shows(kind, name, row[name])]
    fields = shown(row, one.secret, names) if row is not None and one.secret is not None else []
    return {
        "index": one.index,
        "entry": one.entry.to_json(),
        "path": [step.hex() for step in path],
        "shown": [
            {"name": f.name, "value": f.value, "salt": f.salt.hex()} | told.get(f.name, {}) for f in fields
        ],
    }


@dataclass(frozen=True, slots=True)
class Text:
    """What an encrypted column says. name: as the column is named where it is plain. shown: the text, and
    `opening`, which with it makes the commitment that the envelope begins with."""

    name: str
    shown: dict[str, str]


async def _texts(
    tx: ReadTx, sealed: Sequence[Sealed], rows: Mapping[int, Mapping[str, Any]]
) -> dict[int, dict[str, Text]]:
    """Of contacts, by entry and column. Letters and files stand beside by the digest of their bytes. What was
    erased, or does not open, has none: `verify` says which it is."""
    columns = {f"{name}_sealed" for name in attempts.WORDS}
    said = [
        one.index
        for one in sealed
        # Of an entry that somebody wrote over, who it is about is not known.
        if one.entry.kind == "contact_attempt" and {"id", "person_id", "loan_id"} <= rows[one.index].keys()
        if any(rows[one.index].get(column) for column in columns)
    ]
    about = {subject for index in said for subject in _place(rows[index], "content").subjects}
    keys = await vault.keys_of(tx, about)
    found: dict[int, dict[str, Text]] = {}
    for index in said:
        for name in attempts.WORDS:
            text = _opened(keys, _place(rows[index], name), rows[index].get(f"{name}_sealed"))
            if text is not None:
                found.setdefault(index, {})[f"{name}_sealed"] = Text(name, text)
    return found


def _place(row: Mapping[str, Any], column: str) -> Place:
    return attempts.place_of(row["id"], column, row["person_id"], row["loan_id"])


def _opened(keys: Keys, place: Place, value: Any) -> dict[str, str] | None:
    try:
        envelope = bytes.fromhex(value.removeprefix("\\x")) if isinstance(value, str) else None
        text = keys.open_text(place, envelope)
        opening = keys.opening(place, envelope) if envelope is not None else None
    except (NotOpened, ValueError):
        return None
    return None if text is None or opening is None else {"text": text, "opening": opening.hex()}


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
