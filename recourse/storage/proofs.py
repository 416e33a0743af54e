"""What proves a demand or an acknowledgment of a loan, from all its cases; payments stand in the account."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from sqlalchemy import Label, Text, func, literal, select, union_all

from recourse.domain.ids import LoanId
from recourse.domain.proofs import Proof, ProofKind
from recourse.storage.attempts import delivered_of
from recourse.storage.database import ReadTx, Tx
from recourse.storage.sql import among
from recourse.storage.tables import agreement, installment, legal_action, legal_status, promise

SUED = ("filed", "suit_filed", "payment_order_requested", "arbitration_filed")
"""Statuses of the legal desk that say a court was asked. A file that only lies at the desk stops no clock."""


async def proofs_of(tx: Tx | ReadTx, loan_ids: Iterable[LoanId]) -> dict[LoanId, list[Proof]]:
    """Oldest first."""
    loans = list(loan_ids)
    delivered = delivered_of(loans).subquery()
    statement = union_all(
        select(
            _kind(ProofKind.ACKNOWLEDGED), promise.c.loan_id, promise.c.made_at.label("at"), promise.c.id
        ).where(among(promise.c.loan_id, loans)),
        select(_kind(ProofKind.ACKNOWLEDGED), agreement.c.loan_id, agreement.c.since, agreement.c.id).where(
            among(agreement.c.loan_id, loans), agreement.c.since.is_not(None)
        ),
        select(_kind(ProofKind.SUIT), legal_action.c.loan_id, legal_status.c.at, legal_status.c.status_id)
        .join(legal_action, legal_action.c.id == legal_status.c.action_id)
        .where(among(legal_action.c.loan_id, loans), legal_status.c.status.in_(SUED)),
        select(_kind(ProofKind.MESSAGE_DELIVERED), delivered.c.loan_id, delivered.c.at, delivered.c.ref),
    )
    found: dict[LoanId, list[Proof]] = defaultdict(list)
    for kind, loan_id, at, ref in await tx.execute(statement):
        found[LoanId(loan_id)].append(Proof(ProofKind(kind), at, ref))
    for proofs in found.values():
        proofs.sort(key=lambda proof: (proof.at, proof.kind, proof.ref))
    return found


async def last_due_of(tx: Tx | ReadTx, loan_ids: Iterable[LoanId]) -> dict[LoanId, date]:
    """The last due date that the schedule or a statement of the bank names."""
    rows = await tx.execute(
        select(installment.c.loan_id, func.max(installment.c.due_date))
        .where(among(installment.c.loan_id, loan_ids))
        .group_by(installment.c.loan_id)
    )
    return {LoanId(loan_id): on for loan_id, on in rows}


def _kind(kind: ProofKind) -> Label[str]:
    return literal(kind.value, Text).label("kind")
