"""Proofs that only people see: a letter that was signed for or came back, a notice in a newspaper.

What if the wrong one was recorded? The limitation clock would run too long, so it can be withdrawn; the row
stays, with who withdrew it and why.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date

from recourse.contracts.messages import Nudge
from recourse.domain.ids import LoanId
from recourse.domain.law.hours import local_date, start_of_day
from recourse.domain.proofs import ProofKind
from recourse.service.context import Unit
from recourse.service.noting import Pointless, RequestReused, Unknown, own_id, record
from recourse.storage import cases, documents, ledger, proofs
from recourse.storage.proofs import ProofRow

FIRST_DAY = date(1990, 1, 1)


@dataclass(frozen=True, slots=True)
class NewProof:
    """on: the day, at the lender's place, on which it was signed for, came back or was printed. evidence: the
    opaque id of the paper (return receipt, envelope, page), where it is kept. document: the number of the
    letter that it is about, where it is one of ours."""

    loan_id: LoanId
    kind: ProofKind
    on: date
    evidence: str
    actor: str
    request_id: str = ""
    document: str | None = None


async def prove(unit: Unit, new: NewProof) -> tuple[ProofRow, tuple[Nudge, ...]]:
    """On record, and heeded by the limitation clock, when this returns. Safe to repeat with the same request
    id. Raises Unknown for a loan or a letter there is none of, Pointless for a day that lies ahead or before
    1990, RequestReused for a request id of another proof."""
    await unit.lock_loans([new.loan_id])
    loan = (await ledger.loans(unit.tx, [new.loan_id])).get(new.loan_id)
    if loan is None:
        raise Unknown("loan: there is none of this id; list them with `recourse cases list`")
    key = f"proof-{new.request_id or uuid.uuid4().hex}"
    at = start_of_day(new.on, loan.zone)
    row = ProofRow(
        key, new.loan_id, new.kind, at, new.evidence, unit.now, new.actor, document_id=new.document
    )
    before = await proofs.get(unit.tx, key)
    if before is not None:
        same = ("loan_id", "kind", "at", "evidence", "noted_by", "document_id")
        if any(getattr(before, name) != getattr(row, name) for name in same):
            raise RequestReused("request_id: it stands for another proof; choose a new one")
        return before, tuple(await cases.undelivered_of(unit.tx, [new.loan_id]))
    if not FIRST_DAY <= new.on <= local_date(unit.now, loan.zone):
        raise Pointless("on: lies ahead, or before 1990; the day on which it happened, at the lender's place")
    if new.document is not None:
        letter = await documents.get(unit.tx, new.document)
        if letter is None or letter.loan_id != new.loan_id:
            raise Unknown("document: the loan has none of this number; see `recourse documents CASE`")
    await proofs.add(unit.tx, row)
    return row, await _note(unit, row, "proof_recorded", new.actor, new.evidence)


async def withdraw(unit: Unit, key: str, actor: str, source: str) -> tuple[ProofRow, tuple[Nudge, ...]]:
    """source: the id of what shows that it proves nothing. Withdrawing twice is harmless. Raises Unknown."""
    row = await proofs.get(unit.tx, key)
    if row is None:
        raise Unknown("proof: there is none of this id; list those of a loan with `recourse proofs list`")
    await unit.lock_loans([row.loan_id])
    if not await proofs.withdraw(unit.tx, key, at=unit.now, by=actor, source=source):
        return row, tuple(await cases.undelivered_of(unit.tx, [row.loan_id]))
    nudges = await _note(unit, row, "proof_withdrawn", actor, source)
    return await proofs.get(unit.tx, key) or row, nudges


async def _note(unit: Unit, row: ProofRow, kind: str, actor: str, source: str) -> tuple[Nudge, ...]:
    payload = {"proof": row.id, "reason": row.kind.value, "by": actor, "source": source}
    return await record(unit, own_id(row.id, kind), kind, payload, [row.loan_id], None, actor)
