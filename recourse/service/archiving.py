"""A letter is kept before it leaves: what was sent can be shown byte by byte, whatever becomes of us then."""

from __future__ import annotations

import hashlib
import json

from recourse.domain.ids import CaseId, LoanId
from recourse.ports import Paper
from recourse.service.context import Unit
from recourse.storage import documents
from recourse.storage.documents import DocumentRow


def number_of(letter: bytes) -> str:
    """letter: canonical JSON, as `recourse.packs.letters` writes it."""
    number: str = json.loads(letter)["id"]
    return number


async def kept(unit: Unit, letter: bytes) -> Paper | None:
    """What an earlier try of the same letter has kept."""
    row = await documents.get(unit.tx, number_of(letter))
    return _paper(row) if row else None


async def keep(
    unit: Unit, letter: bytes, pdf: bytes, *, loan_id: LoanId, case_id: CaseId, step_id: str
) -> Paper:
    """On record when this returns, with what is to be sent: of two tries the bytes of the first."""
    said = json.loads(letter)
    row = DocumentRow(
        id=said["id"],
        loan_id=loan_id,
        case_id=case_id,
        step_id=step_id,
        attempt_id=said["contact"],
        kind=said["kind"],
        language=said["language"],
        sha256=hashlib.sha256(pdf).hexdigest(),
        at=unit.now,
        content=pdf,
    )
    return _paper(await documents.keep(unit.tx, row))


def _paper(row: DocumentRow) -> Paper:
    return Paper(row.id, row.content, row.sha256)
