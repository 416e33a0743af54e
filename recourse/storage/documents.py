"""Letters as they left, byte by byte."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert

from recourse.domain.ids import CaseId, LoanId
from recourse.storage.database import ReadTx, Tx
from recourse.storage.tables import contact_attempt, document, proof


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


_COLUMNS = [document.c[name] for name in DocumentRow.__dataclass_fields__]


async def keep(tx: Tx, row: DocumentRow) -> DocumentRow:
    """What is kept under its id from now on: what was kept before stays, so that a repeated try sends the
    same bytes."""
    values = {name: getattr(row, name) for name in DocumentRow.__dataclass_fields__}
    await tx.execute(upsert(document).values(values).on_conflict_do_nothing())
    kept = await get(tx, row.id)
    if kept is None:
        raise LookupError(f"document {row.id}: not kept")
    return kept


async def get(tx: Tx | ReadTx, key: str) -> DocumentRow | None:
    row = (await tx.execute(select(*_COLUMNS).where(document.c.id == key))).mappings().first()
    return DocumentRow(**row) if row else None


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
