"""Letters as they left, byte by byte."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert

from recourse.contracts.wrapping import NotOpened
from recourse.domain.ids import CaseId, LoanId
from recourse.storage import vault
from recourse.storage.database import ReadTx, Tx
from recourse.storage.tables import contact_attempt, document, proof
from recourse.storage.vault import Place


@dataclass(frozen=True, slots=True)
class Document:
    """id: the number printed on it. sha256: over its PDF, in hex. at: business time."""

    id: str
    loan_id: LoanId
    case_id: CaseId
    step_id: str
    attempt_id: str
    kind: str
    language: str
    sha256: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DocumentRow(Document):
    """content: the PDF."""

    content: bytes = field(repr=False)


_COLUMNS = [document.c[name] for name in Document.__dataclass_fields__]


def place_of(key: str, person_id: str, loan_id: str) -> Place:
    """Of a letter: whom it went to and the loan it is about."""
    return Place("document", "content", key, (vault.person(person_id), vault.loan(loan_id)))


async def keep(tx: Tx, row: DocumentRow) -> DocumentRow:
    """What is kept under its id from now on: what was kept before stays, so that a repeated try sends the
    same bytes."""
    values = {name: getattr(row, name) for name in Document.__dataclass_fields__}
    to = select(contact_attempt.c.person_id).where(contact_attempt.c.id == row.attempt_id)
    place = place_of(row.id, (await tx.execute(to)).scalar_one(), row.loan_id)
    values["content_sealed"] = await vault.seal(tx, place, row.content)
    await tx.execute(upsert(document).values(values).on_conflict_do_nothing())
    kept = await get(tx, row.id)
    if kept is None:
        raise LookupError(f"document {row.id}: not kept")
    return kept


async def get(tx: Tx | ReadTx, key: str) -> DocumentRow | None:
    """None for one that there is not, and for one that was erased. Raises NotOpened."""
    found = (
        select(*_COLUMNS, document.c.content, document.c.content_sealed, contact_attempt.c.person_id)
        .join(contact_attempt, contact_attempt.c.id == document.c.attempt_id)
        .where(document.c.id == key)
    )
    row = (await tx.execute(found)).mappings().first()
    if row is None:
        return None
    about = {name: row[name] for name in Document.__dataclass_fields__}
    place = place_of(row["id"], row["person_id"], row["loan_id"])
    content = await vault.opened(tx, place, row["content_sealed"]) or row["content"]
    if content is None:
        return None
    if hashlib.sha256(content).hexdigest() != row["sha256"]:  # PostgreSQL cannot see into what is sealed
        raise NotOpened(f"document {key}: is not the file of its digest")
    return DocumentRow(**about, content=content)


@dataclass(frozen=True, slots=True)
class Proved:
    """kind: a `ProofKind`. evidence: the id of the paper."""

    kind: str
    at: datetime
    evidence: str


@dataclass(frozen=True, slots=True)
class DocumentLine(Document):
    """state: of its contact. provider_refs: as whoever took it named it. proofs: that it arrived or came
    back, without those withdrawn."""

    channel: str
    state: str
    provider_refs: tuple[str, ...]
    proofs: tuple[Proved, ...] = ()


async def of_case(tx: Tx | ReadTx, case_id: CaseId) -> list[DocumentLine]:
    """Oldest first, without their content."""
    d, a, p = document.c, contact_attempt.c, proof.c
    shown = [d[name] for name in Document.__dataclass_fields__]
    rows = await tx.execute(
        select(*shown, a.channel, a.state, a.provider_refs)
        .join(contact_attempt, a.id == d.attempt_id)
        .where(d.case_id == case_id)
        .order_by(d.at, d.id)
    )
    found = rows.mappings().all()
    proved: dict[str, list[Proved]] = {row["id"]: [] for row in found}
    papers = select(p.document_id, p.kind, p.at, p.evidence).where(
        p.document_id.in_(list(proved)), p.withdrawn_at.is_(None)
    )
    for document_id, *values in await tx.execute(papers.order_by(p.at, p.id)):
        proved[document_id].append(Proved(*values))
    return [
        DocumentLine(
            **dict(row) | {"provider_refs": tuple(row["provider_refs"])}, proofs=tuple(proved[row["id"]])
        )
        for row in found
    ]
