"""What keeps people, loan by loan, in a few statements for many loans at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, func, or_, select, union

from recourse.domain.ids import LoanId, PersonId
from recourse.storage.database import ReadTx, Tx
from recourse.storage.situation import CONCLUDING
from recourse.storage.sql import among
from recourse.storage.tables import (
    collection_case,
    contact_attempt,
    data_key,
    dispute,
    fact,
    hold,
    legal_action,
    legal_status,
    loan_party,
    party,
    permit,
)


@dataclass(frozen=True, slots=True)
class LoanRecord:
    """Of one loan, besides its account. ended_on: the bank's day, None where it told of no end. last_at: of
    the last contact or closed case."""

    ended_on: date | None = None
    last_at: datetime | None = None
    open_case: bool = False
    open_legal_action: bool = False
    open_dispute: bool = False
    hold_in_force: bool = False
    permit_out: bool = False


async def loans_naming(tx: Tx | ReadTx, people: Iterable[PersonId]) -> dict[PersonId, list[LoanId]]:
    """Each person's: those he is on, those he was ever contacted about, and those whose files name him."""
    wanted = list(people)
    asked = union(
        select(loan_party.c.person_id, loan_party.c.loan_id).where(among(loan_party.c.person_id, wanted)),
        select(contact_attempt.c.person_id, contact_attempt.c.loan_id).where(
            among(contact_attempt.c.person_id, wanted)
        ),
    )
    found: dict[PersonId, list[LoanId]] = {person: [] for person in wanted}
    for person_id, loan_id in (await tx.execute(asked)).all():
        found[PersonId(person_id)].append(LoanId(loan_id))
    c = legal_action.c
    files = select(c.names, c.loan_id).where(c.names.overlap(wanted))
    for names, loan_id in (await tx.execute(files)).all():
        for person_id in found.keys() & set(names):
            found[person_id].append(LoanId(loan_id))
    return {person: sorted(set(each)) for person, each in found.items()}


async def records(tx: Tx | ReadTx, loan_ids: Collection[LoanId], now: datetime) -> dict[LoanId, LoanRecord]:
    ended = await _by_loan(
        tx,
        select(fact.c.loan_id, func.max(fact.c.payload["on"].astext))
        .where(among(fact.c.loan_id, loan_ids), fact.c.kind == "loan_end")
        .group_by(fact.c.loan_id),
    )
    last = await _last(tx, loan_ids)
    over = select(legal_status.c.action_id).where(legal_status.c.status.in_(CONCLUDING))
    cases = await _those(tx, _of(collection_case, loan_ids, collection_case.c.closed_at.is_(None)))
    actions = await _those(tx, _of(legal_action, loan_ids, legal_action.c.id.not_in(over)))
    disputes = await _those(tx, _of(dispute, loan_ids, dispute.c.answered_at.is_(None)))
    holds = await _held(tx, loan_ids, now)
    permits = await _those(tx, _of(permit, loan_ids, permit.c.ended_at.is_(None)))
    return {
        key: LoanRecord(
            ended_on=date.fromisoformat(ended[key]) if ended.get(key) else None,
            last_at=last.get(key),
            open_case=key in cases,
            open_legal_action=key in actions,
            open_dispute=key in disputes,
            hold_in_force=key in holds,
            permit_out=key in permits,
        )
        for key in loan_ids
    }


def _of(table: Any, loan_ids: Iterable[LoanId], *where: Any) -> Select[Any]:
    return select(table.c.loan_id).where(among(table.c.loan_id, loan_ids), *where)


async def _those(tx: Tx | ReadTx, statement: Select[Any]) -> set[str]:
    return set((await tx.execute(statement)).scalars())


async def _by_loan(tx: Tx | ReadTx, statement: Select[Any]) -> dict[str, Any]:
    return {row[0]: row[1] for row in await tx.execute(statement)}


async def _last(tx: Tx | ReadTx, loan_ids: Iterable[LoanId]) -> dict[str, datetime]:
    a, c = contact_attempt.c, collection_case.c
    contacts = select(a.loan_id, func.max(a.at)).where(among(a.loan_id, loan_ids)).group_by(a.loan_id)
    closed = select(c.loan_id, func.max(c.closed_at)).where(
        among(c.loan_id, loan_ids), c.closed_at.is_not(None)
    )
    found = await _by_loan(tx, contacts)
    for loan_id, at in (await _by_loan(tx, closed.group_by(c.loan_id))).items():
        found[loan_id] = max(at, found.get(loan_id, at))
    return found


async def _held(tx: Tx | ReadTx, loan_ids: Iterable[LoanId], now: datetime) -> set[str]:
    """Loans with a hold of their own, or on anybody who is on them."""
    c = hold.c
    in_force = (c.lifted_at.is_(None), or_(c.until.is_(None), c.until > now))
    people = (
        select(loan_party.c.loan_id)
        .join(hold, c.person_id == loan_party.c.person_id)
        .where(among(loan_party.c.loan_id, loan_ids), *in_force)
    )
    return await _those(tx, _of(hold, loan_ids, *in_force)) | await _those(tx, people)


async def people_held(tx: Tx | ReadTx, people: Iterable[PersonId], now: datetime) -> set[str]:
    """On whom a hold is in force, whatever loans they are on."""
    c = hold.c
    in_force = (c.lifted_at.is_(None), or_(c.until.is_(None), c.until > now))
    return await _those(tx, select(c.person_id).where(among(c.person_id, people), *in_force))


async def people_after(tx: ReadTx, after: str, limit: int) -> list[PersonId]:
    """In the order of their ids, who was not erased."""
    gone = select(data_key.c.subject).where(data_key.c.destroyed_at.is_not(None))
    c = party.c
    rows = select(c.id).where(c.id > after, func.concat("person:", c.id).not_in(gone))
    return [PersonId(row) for row in (await tx.execute(rows.order_by(c.id).limit(limit))).scalars()]
