"""What proves a demand or an acknowledgment of a loan, and which notices its earlier cases gave; payments
stand in the account."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Label, RowMapping, Text, func, insert, literal, select, union_all, update

from recourse.domain.ids import CaseId, LoanId
from recourse.domain.law.hours import local_date
from recourse.domain.legal.procedure import Meaning
from recourse.domain.proofs import Proof, ProofKind
from recourse.domain.situation import AttemptOutcome, Channel, Notice
from recourse.storage.cases import CaseRow
from recourse.storage.database import ReadTx, Tx
from recourse.storage.receipts import delivered_of
from recourse.storage.sql import among, among_given
from recourse.storage.tables import (
    agreement,
    collection_case,
    contact_attempt,
    installment,
    legal_action,
    legal_move,
    legal_status,
    promise,
    proof,
)
from recourse.storage.together import Part

SUED = ("filed", "suit_filed", "payment_order_requested", "arbitration_filed")
"""Statuses of older releases that say a court was asked; today the procedure says which move does. A file
that only lies at the desk stops no clock."""
REMEMBERED = timedelta(days=1100)
"""How far back notices of earlier cases are looked for: longer than any `once_in_months` of a pack."""


@dataclass(frozen=True, slots=True)
class ProofRow:
    """One that a person recorded. at: the first instant of its day at the lender's place. evidence: the id of
    the paper. noted_at: business time. document_id: the letter of ours that it is about."""

    id: str
    loan_id: LoanId
    kind: ProofKind
    at: datetime
    evidence: str
    noted_at: datetime
    noted_by: str
    withdrawn_at: datetime | None = None
    withdrawn_by: str | None = None
    withdrawn_source: str | None = None
    document_id: str | None = None


_COLUMNS = [proof.c[name] for name in ProofRow.__dataclass_fields__]


def _row(mapping: RowMapping) -> ProofRow:
    values = dict(mapping)
    return ProofRow(**values | {"kind": ProofKind(values["kind"])})


async def add(tx: Tx, row: ProofRow) -> None:
    await tx.execute(
        insert(proof).values({name: getattr(row, name) for name in ProofRow.__dataclass_fields__})
    )


async def get(tx: Tx | ReadTx, key: str) -> ProofRow | None:
    row = (await tx.execute(select(*_COLUMNS).where(proof.c.id == key))).mappings().first()
    return _row(row) if row else None


async def of_loan(tx: Tx | ReadTx, loan_id: LoanId) -> list[ProofRow]:
    """Oldest first, those that were withdrawn too."""
    mine = select(*_COLUMNS).where(proof.c.loan_id == loan_id)
    return [_row(row) for row in (await tx.execute(mine.order_by(proof.c.at, proof.c.id))).mappings()]


async def withdraw(tx: Tx, key: str, *, at: datetime, by: str, source: str) -> bool:
    """False when it was withdrawn before."""
    values = {"withdrawn_at": at, "withdrawn_by": by, "withdrawn_source": source}
    mine = update(proof).where(proof.c.id == key, proof.c.withdrawn_at.is_(None)).values(values)
    return (await tx.execute(mine.returning(proof.c.id))).first() is not None


def _kind(kind: ProofKind) -> Label[str]:
    return literal(kind.value, Text).label("kind")


_DELIVERED = delivered_of("loans").subquery()
_ALL = union_all(
    select(
        _kind(ProofKind.ACKNOWLEDGED), promise.c.loan_id, promise.c.made_at.label("at"), promise.c.id
    ).where(among_given(promise.c.loan_id, "loans")),
    select(_kind(ProofKind.ACKNOWLEDGED), agreement.c.loan_id, agreement.c.since, agreement.c.id).where(
        among_given(agreement.c.loan_id, "loans"), agreement.c.since.is_not(None)
    ),
    select(_kind(ProofKind.SUIT), legal_action.c.loan_id, legal_status.c.at, legal_status.c.status_id)
    .join(legal_action, legal_action.c.id == legal_status.c.action_id)
    .where(among_given(legal_action.c.loan_id, "loans"), legal_status.c.status.in_(SUED))
    .where(legal_status.c.became.is_(None)),
    select(_kind(ProofKind.SUIT), legal_move.c.loan_id, legal_move.c.occurred_at, legal_move.c.id).where(
        among_given(legal_move.c.loan_id, "loans"), legal_move.c.means == Meaning.SUIT
    ),
    select(proof.c.kind, proof.c.loan_id, proof.c.at, proof.c.id).where(
        among_given(proof.c.loan_id, "loans"), proof.c.withdrawn_at.is_(None)
    ),
    select(_kind(ProofKind.MESSAGE_DELIVERED), _DELIVERED.c.loan_id, _DELIVERED.c.at, _DELIVERED.c.ref),
)


def _proofs(rows: Iterable[Any]) -> dict[LoanId, list[Proof]]:
    found: dict[LoanId, list[Proof]] = defaultdict(list)
    for kind, loan_id, at, ref in rows:
        found[LoanId(loan_id)].append(Proof(ProofKind(kind), at, ref))
    for proofs in found.values():
        proofs.sort(key=lambda proof: (proof.at, proof.kind, proof.ref))
    return found


PROOFS = Part(_ALL, _proofs)
"""Of each of `loans`, the oldest first."""
LAST_DUE = Part(
    select(installment.c.loan_id, func.max(installment.c.due_date))
    .where(among_given(installment.c.loan_id, "loans"))
    .group_by(installment.c.loan_id),
    lambda rows: {LoanId(loan_id): on for loan_id, on in rows},
)
"""Of each of `loans`, the last due date that the schedule or a statement of the bank names."""


async def earlier_notices_of(
    tx: Tx | ReadTx, rows: Iterable[CaseRow], zones: Mapping[LoanId, str], now: datetime
) -> dict[CaseId, list[Notice]]:
    """Written messages that left in the loan's cases before each of these, oldest first. First episodes cost
    nothing. zones: the lenders'. A case is opened on its first day past due at the earliest, so the days
    since then are what the debt was late at least."""
    repeated: dict[LoanId, list[CaseRow]] = defaultdict(list)
    for row in rows:
        if row.episode > 1:
            repeated[row.loan_id].append(row)
    if not repeated:
        return {}
    c, before = contact_attempt.c, collection_case.c
    statement = (
        select(c.loan_id, before.episode, before.opened_at, c.template, c.at, c.channel)
        .join(collection_case, before.id == c.case_id)
        .where(among(c.loan_id, repeated), c.template.is_not(None), c.state == AttemptOutcome.SENT)
        .where(c.at > now - REMEMBERED)
        .order_by(c.at, c.id)
    )
    found: dict[CaseId, list[Notice]] = defaultdict(list)
    for loan_key, episode, opened_at, template, at, channel in await tx.execute(statement):
        zone = zones[LoanId(loan_key)]
        late = (local_date(at, zone) - local_date(opened_at, zone)).days + 1
        for row in repeated[LoanId(loan_key)]:
            if episode < row.episode:
                by_post = channel == Channel.LETTER
                found[row.id].append(Notice(template, at, late, earlier=True, by_post=by_post))
    return found
