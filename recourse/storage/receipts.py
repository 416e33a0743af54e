"""What providers told of messages after they had taken them, and which contact each receipt belongs to."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, any_, func, insert, select
from sqlalchemy.dialects.postgresql import array

from recourse.domain.ids import LoanId
from recourse.domain.situation import AttemptOutcome, PartyRole
from recourse.storage.database import Tx
from recourse.storage.sql import among_given
from recourse.storage.tables import contact_attempt, loan_party, provider_receipt

DELIVERED = "delivered"
"""What a receipt says of a message that arrived."""
RECEIPT_WITHIN = timedelta(days=7)
"""Of real time: a centre keeps trying a phone that is off for days, and uses its references again later."""


async def add(tx: Tx, provider_ref: str, state: str, at: datetime) -> None:
    """What a centre told, as it told it. One that is told twice stands there twice."""
    await tx.execute(insert(provider_receipt).values(provider_ref=provider_ref, state=state, at=at))


def of_loan(loan_id: LoanId) -> Select[Any]:
    """Receipts of the loan's contacts, with the contact each belongs to."""
    a, r = contact_attempt.c, provider_receipt.c
    return (
        select(r.provider_ref, r.state, r.at, r.recorded_at, a.id.label("attempt_id"))
        .join(contact_attempt, r.provider_ref == any_(a.provider_refs))
        .where(a.loan_id == loan_id, *_belongs())
        .order_by(r.at, r.id)
    )


def delivered_of(loans: str) -> Select[Any]:
    """Messages that arrived at somebody who owes: (loan, instant, contact). Of one in parts, every part.

    loans: the name under which the statement is given the loans it is about."""
    a, r = contact_attempt.c, provider_receipt.c
    owes = and_(loan_party.c.loan_id == a.loan_id, loan_party.c.person_id == a.person_id)
    return (
        select(a.loan_id, func.max(r.at).label("at"), a.id.label("ref"))
        .join(provider_receipt, r.provider_ref == any_(a.provider_refs))
        .join(loan_party, owes & loan_party.c.role.in_([PartyRole.BORROWER, PartyRole.JOINT]))
        .where(
            among_given(a.loan_id, loans), a.state == AttemptOutcome.SENT, r.state == DELIVERED, *_belongs()
        )
        .group_by(a.loan_id, a.id, a.provider_refs)
        .having(func.count(r.provider_ref.distinct()) >= func.cardinality(a.provider_refs))
    )


def _belongs() -> tuple[ColumnElement[bool], ...]:
    """A receipt is of the newest contact under its reference that was claimed before it came, and not long
    before. By the database's own clock: centres know no business time."""
    a, r, newer = contact_attempt.c, provider_receipt.c, contact_attempt.alias()
    replaced = (
        select(newer.c.id)
        .where(
            newer.c.provider_refs.contains(array([r.provider_ref])),
            newer.c.recorded_at > a.recorded_at,
            newer.c.recorded_at <= r.recorded_at,
        )
        .exists()
    )
    return r.recorded_at.between(a.recorded_at, a.recorded_at + RECEIPT_WITHIN), ~replaced
