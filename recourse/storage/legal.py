"""Handovers to the legal desk and the statuses that come back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from recourse.domain.ids import CaseId, LoanId
from recourse.storage import vault
from recourse.storage.database import ReadTx, Tx
from recourse.storage.tables import legal_action, legal_status, loan_party
from recourse.storage.vault import Place


@dataclass(frozen=True, slots=True)
class ActionRow:
    """document: the file; None once it was erased."""

    id: str
    loan_id: LoanId
    case_id: CaseId
    state: str
    document: bytes | None
    document_sha256: str
    reference: str | None
    at: datetime


_COLUMNS = [legal_action.c[name] for name in (*ActionRow.__dataclass_fields__, "document_sealed", "names")]


def place_of(key: str, loan_id: str, names: Sequence[str]) -> Place:
    """Of the file that was handed over: it is about the loan and everybody it names."""
    people = [vault.person(one) for one in sorted(names)]
    return Place("legal_action", "document", key, (vault.loan(loan_id), *people))


async def of_case(tx: Tx | ReadTx, case_id: CaseId) -> ActionRow | None:
    return await _first(tx, legal_action.c.case_id == case_id)


async def by_reference(tx: Tx | ReadTx, reference: str) -> ActionRow | None:
    """By the desk's reference, or by our own key: the desk may know the file by that alone when its answer
    was lost."""
    c = legal_action.c
    return await _first(tx, or_(c.reference == reference, c.id == reference))


async def _first(tx: Tx | ReadTx, where: ColumnElement[bool]) -> ActionRow | None:
    row = (await tx.execute(select(*_COLUMNS).where(where))).mappings().first()
    if row is None:
        return None
    place = place_of(row["id"], row["loan_id"], row["names"])
    document = await vault.opened(tx, place, row["document_sealed"]) or row["document"]
    known = {name: row[name] for name in ActionRow.__dataclass_fields__}
    return ActionRow(**known | {"document": document})


async def claim(
    tx: Tx,
    key: str,
    *,
    loan_id: LoanId,
    case_id: CaseId,
    proposed_by: str,
    approved_by: str,
    document: bytes,
    sha256: str,
    at: datetime,
) -> ActionRow:
    """Fix the document that is handed over: a retry sends the same bytes under the same key."""
    on_loan = select(loan_party.c.person_id).where(loan_party.c.loan_id == loan_id)
    names = sorted((await tx.execute(on_loan)).scalars())
    await tx.execute(
        upsert(legal_action)
        .values(
            id=key,
            loan_id=loan_id,
            case_id=case_id,
            state="claimed",
            proposed_by=proposed_by,
            approved_by=approved_by,
            document_sealed=await vault.seal(tx, place_of(key, loan_id, names), document),
            names=names,
            document_sha256=sha256,
            at=at,
        )
        .on_conflict_do_nothing()
    )
    action = await of_case(tx, case_id)
    if action is None:
        raise LookupError("legal action")
    return action


async def acknowledge(tx: Tx, key: str, reference: str) -> bool:
    """False when it was acknowledged before; the desk's own reference replaces our key even then."""
    c = legal_action.c
    known = select(c.reference).where(c.id == key).with_for_update()
    before: str | None = (await tx.execute(known)).scalar_one()
    if before is None or before == key:
        await tx.execute(
            update(legal_action).where(c.id == key).values(state="handed_over", reference=reference)
        )
    return before is None


async def add_status(tx: Tx, status_id: str, action_id: str, status: str, at: datetime, became: str) -> bool:
    """became: moved, noted or refused. False when a status of this id was recorded just now for another
    file."""
    result = await tx.execute(
        upsert(legal_status)
        .values(status_id=status_id, action_id=action_id, status=status, at=at, became=became)
        .on_conflict_do_nothing()
        .returning(legal_status.c.status_id)
    )
    return result.first() is not None


async def has_status(tx: Tx, status_id: str) -> bool:
    found = select(legal_status.c.status_id).where(legal_status.c.status_id == status_id)
    return (await tx.execute(found)).first() is not None


async def is_recorded(tx: Tx, status_id: str, action_id: str, status: str) -> bool:
    """Whether the id stands for this status of this file."""
    row = (
        await tx.execute(
            select(legal_status.c.action_id, legal_status.c.status).where(
                legal_status.c.status_id == status_id
            )
        )
    ).one()
    return (row.action_id, row.status) == (action_id, status)
