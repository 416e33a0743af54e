"""Whether the rows are what was sealed, the entries follow from each other, and the tree is the one that was
signed and left outside. What a superuser edits, deletes, adds or puts in another order is found here, and so
is an old backup: the checkpoints outside know more than it does.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from recourse.contracts.canonical import canonical
from recourse.domain.evidence.entry import Tail, differences, follows, shown
from recourse.domain.evidence.merkle import Frontier
from recourse.domain.evidence.note import Checkpoint
from recourse.storage import seal_tree, seals
from recourse.storage.database import ReadTx
from recourse.storage.seals import Sealed

BATCH = 500


class Problem(StrEnum):
    CHANGED = "changed"
    """The row says something else than was sealed; `detail` names its columns, unless it was sealed anew."""
    GONE = "gone"
    """The row is not there any more."""
    NEVER_SEALED = "never_sealed"
    """A row that nothing waits to seal: it was written past the triggers."""
    OUT_OF_ORDER = "out_of_order"
    """The entry does not follow from the one before it in its chain."""
    FORGED = "forged"
    """The entry is not the one whose hash stands in the tree."""
    MISSING = "missing"
    """Leaves are missing, or numbered otherwise than they were."""
    UNREADABLE = "unreadable"
    """Its salt is gone, so that what it says of its row cannot be shown any more."""
    WRONG_NODE = "wrong_node"
    """The hash that is kept over the entries from this one on is not theirs: proofs from it would fail."""
    OTHER_TREE = "other_tree"
    """A checkpoint names another root: the ledger was rewritten, this entry or a later one the first."""
    NOT_SIGNED = "not_signed"
    """Checkpoints kept here bear no signature of a known key."""
    SHORTER = "shorter"
    """A checkpoint knows more entries than there are, from this one on: an old state was restored."""
    BAD_STAMP = "bad_stamp"
    """What is kept as a time stamp is not over its checkpoint, or of nobody we trust."""


@dataclass(frozen=True, slots=True)
class Finding:
    """index: of the first entry that is or may be bad; None for a row without one. kind, ref: a row."""

    problem: Problem
    index: int | None = None
    kind: str = ""
    ref: str = ""
    detail: str = ""


@dataclass(slots=True)
class Verification:
    """Of one look. size, root: the tree that the entries make, whatever is kept of it."""

    size: int = 0
    root: bytes = b""
    rows: int = 0
    findings: list[Finding] = field(default_factory=list)


async def verify(tx: ReadTx, known: Sequence[Checkpoint]) -> AsyncIterator[Verification]:
    """After each batch, the same object as it stands; the last one is the answer.

    known: checkpoints whose signature was checked, from outside or kept here. Findings come in the order of
    the entries, so the first is the first bad entry.
    """
    found, look = Verification(), _Look(known)
    while batch := await seals.entries(tx, look.frontier.size, BATCH):
        of_batch = [*look.entries(batch), *await _nodes(tx, look), *await _rows(tx, batch)]
        found.findings += sorted(of_batch, key=lambda finding: finding.index or 0)
        found.size, found.rows = look.frontier.size, found.rows + len(batch)
        yield found
        if look.numbering_broke:
            break
    if not look.broke:
        found.findings += await _more_nodes(tx, look.frontier.size)
    found.findings += [Finding(Problem.NEVER_SEALED, None, *row) async for row in seals.never_sealed(tx)]
    found.findings += look.checkpoints()
    found.size, found.root = look.frontier.size, look.frontier.root()
    yield found


class _Look:
    """What is known while the entries go by."""

    def __init__(self, known: Sequence[Checkpoint]) -> None:
        self.frontier = Frontier()
        self.nodes: list[tuple[int, int, bytes]] = []
        """Completed by the last batch, above the leaves."""
        self.numbering_broke = False
        self.broke = False
        """From here on the nodes that are kept say nothing new."""
        self._known = known
        self._tails: dict[str, Tail] = {}
        self._sizes = {checkpoint.size for checkpoint in known}
        self._roots: dict[int, bytes] = {0: self.frontier.root()}

    def entries(self, batch: Sequence[Sealed]) -> list[Finding]:
        findings: list[Finding] = []
        self.nodes = []
        for one in batch:
            if one.index != self.frontier.size:
                detail = f"{one.index} follows {self.frontier.size - 1}"
                self.numbering_broke = self.broke = True
                return [*findings, Finding(Problem.MISSING, self.frontier.size, detail=detail)]
            # The entry's own hash, not the one that is kept: the tree is made of what the entries say.
            made = one.entry.hash(canonical)
            if problem := self._problem(one, made):
                findings.append(Finding(problem, one.index, one.entry.kind, one.entry.ref))
                self.broke = True
            self.nodes += [node for node in self.frontier.append(made) if node[0] > 0]
            self._tails[one.entry.chain] = (one.entry.n + 1, made)
            if self.frontier.size in self._sizes:
                self._roots[self.frontier.size] = self.frontier.root()
        return findings

    def _problem(self, one: Sealed, made: bytes) -> Problem | None:
        if not follows(one.entry, self._tails):
            return Problem.OUT_OF_ORDER
        return Problem.FORGED if made != one.hash else None

    def checkpoints(self) -> list[Finding]:
        """Of each kind of trouble the first: every later checkpoint has it too."""
        size, good = self.frontier.size, 0
        shorter = [one.size for one in self._known if one.size > size]
        findings: list[Finding] = []
        for one in sorted(self._known, key=lambda known: known.size):
            if one.size <= size and self._roots.get(one.size) != one.root:
                detail = f"not the tree that was signed at {one.size} entries"
                findings.append(Finding(Problem.OTHER_TREE, good, detail=detail))
                break
            good = one.size
        if shorter:
            findings.append(Finding(Problem.SHORTER, size, detail=f"{max(shorter)} entries were signed"))
        return findings


async def _nodes(tx: ReadTx, look: _Look) -> list[Finding]:
    """Whether the subtrees that are kept are those of the entries; after the first bad entry they are not."""
    if look.broke:
        return []
    kept = await seal_tree.nodes(tx, [(level, index) for level, index, _ in look.nodes])
    wrong = {(level, index) for level, index, made in look.nodes if kept.get((level, index)) != made}
    # One that is wrong makes all above it wrong: the lowest say where it is.
    above = {(level + 1, index >> 1) for level, index in wrong}
    look.broke = bool(wrong)
    return [
        Finding(Problem.WRONG_NODE, index << level, detail=f"over {1 << level} entries")
        for level, index in wrong - above
    ]


async def _more_nodes(tx: ReadTx, size: int) -> list[Finding]:
    expected = sum(size >> level for level in range(1, size.bit_length()))
    more = await seal_tree.count(tx) - expected
    return [Finding(Problem.WRONG_NODE, size, detail=f"{more} nodes of no entries")] if more > 0 else []


async def _rows(tx: ReadTx, batch: Sequence[Sealed]) -> list[Finding]:
    """Whether the rows of these entries still say what was sealed, where no later entry speaks of them."""
    later = await seals.sealed_later(tx, batch)
    latest: Mapping[tuple[str, str], Sealed] = {(one.entry.kind, one.entry.ref): one for one in batch}
    current = {place: one for place, one in latest.items() if place not in later}
    rewritten = [
        one
        for one in batch
        if one.entry.kind in seals.NEVER_CHANGED
        and ((place := (one.entry.kind, one.entry.ref)) in later or latest[place] is not one)
    ]
    rows = await seals.rows_of(tx, {*current, *((one.entry.kind, one.entry.ref) for one in rewritten)})
    erased = await seals.erased_letters(
        tx, [one.entry.ref for one in rewritten if one.secret is None and one.entry.kind == "document"]
    )
    findings = [
        Finding(Problem.CHANGED, one.index, one.entry.kind, one.entry.ref)
        for one in rewritten
        if not _only_sealed(one, rows.get((one.entry.kind, one.entry.ref)), erased)
    ]
    for (kind, ref), one in current.items():
        row = rows.get((kind, ref))
        if row is None or not one.entry.commitments:
            findings.append(Finding(Problem.GONE, one.index, kind, ref))
        elif one.secret is None:
            findings.append(Finding(Problem.UNREADABLE, one.index, kind, ref))
        else:
            # Columns that came after the entry was made are none of its business; one that is gone is.
            known = {name: row.get(name) for name in one.entry.commitments}
            changed = differences(canonical, one.entry, shown(known, one.secret, known))
            if changed:
                findings.append(Finding(Problem.CHANGED, one.index, kind, ref, ", ".join(sorted(changed))))
    return findings


def _only_sealed(one: Sealed, row: Mapping[str, Any] | None, erased: Collection[str]) -> bool:
    """Whether all that happened to the row since this entry is that what stood there in plain was sealed with
    a key. erased: rows whose salts went with an erasure; of them nothing more can be asked."""
    plain, sealed = seals.SEALED_SINCE.get(one.entry.kind, ("", ""))
    if row is None or not plain or row.get(plain) is not None:
        return False
    if one.secret is None:
        return one.entry.ref in erased
    known = {name: row.get(name) for name in one.entry.commitments if name != plain} | {
        name: None for name in (sealed,) if name in one.entry.commitments
    }
    return not differences(canonical, one.entry, shown(known, one.secret, known))
