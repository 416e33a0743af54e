"""The collection dossier (车贷催收简历): six parts of one loan, as a JSON-able document.

It stands as evidence, so it shows what was recorded, with codes, rules and versions, and computes nothing
that is not a plain difference of dates. It holds personal data: hand it only to whom it concerns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from recourse.domain.ids import LoanId
from recourse.storage import facts, receipts
from recourse.storage.database import ReadTx, Tx
from recourse.storage.dossier_legal import legal_part
from recourse.storage.dossier_people import contacts, everybody, vehicle_of
from recourse.storage.dossier_rows import plain, rows
from recourse.storage.tables import (
    agent_task,
    agreement,
    api_token,
    collection_case,
    contact_attempt,
    dispute,
    document,
    hold,
    installment,
    loan,
    loan_party,
    location_fix,
    location_request,
    payment,
    promise,
    restriction,
    step,
)

WHERE_IT_WAS = frozenset({"latitude", "longitude", "speed_mps", "accuracy_m", "raw_sha256"})
"""Columns of readings of an older release: who needs the place asks for it, for a purpose."""
PARTS = ("borrower", "vehicle", "loan", "repayment", "contacts", "legal")


async def dossier_document(
    tx: Tx | ReadTx, loan_id: LoanId, limitation: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """The six parts. limitation: until when the claim can be enforced, by each rule of the law that says it
    (`recourse.service.limiting`); empty where it is not known. Raises LookupError for a loan nobody has
    heard of."""
    row = (await tx.execute(select(loan).where(loan.c.id == loan_id))).mappings().first()
    if row is None:
        raise LookupError(f"loan {loan_id}: there is none; list them with `recourse cases list`")
    return {
        "format": "recourse-dossier/1",
        "loan_id": loan_id,
        "borrower": await everybody(tx, loan_id),
        "vehicle": await _vehicle(tx, loan_id),
        "loan": _loan(dict(row)),
        "repayment": await _repayment(tx, loan_id, dict(row)),
        "contacts": await _contacts(tx, loan_id),
        "legal": await legal_part(tx, loan_id) | {"limitation": [plain(dict(one)) for one in limitation]},
    }


async def _vehicle(tx: Tx | ReadTx, loan_id: LoanId) -> dict[str, Any]:
    """Who was given leave to locate it, for what and why, and each reading; nowhere where it was."""
    asked = select(location_request).where(location_request.c.loan_id == loan_id)
    read = select(*[c for c in location_fix.c if c.name not in WHERE_IT_WAS])
    read = read.where(location_fix.c.loan_id == loan_id)
    return await vehicle_of(tx, loan_id) | {
        "location_requests": await rows(
            tx, asked.order_by(location_request.c.granted_at, location_request.c.id)
        ),
        "positions": await rows(tx, read.order_by(location_fix.c.read_at, location_fix.c.id)),
    }


def _loan(row: dict[str, Any]) -> dict[str, Any]:
    kept = ("lender", "region", "currency", "zone", "contract", "recorded_at", "master_at")
    return plain({name: row[name] for name in kept}) | {"status": _status(row)}


def _status(row: dict[str, Any]) -> str:
    account = row["account"]
    if account["ended"]:
        return str(account["ended"])
    if account["charged_off_on"]:
        return "charged_off"
    return "overdue" if row["unpaid_minor"] else "current"


async def _repayment(tx: Tx | ReadTx, loan_id: LoanId, row: dict[str, Any]) -> dict[str, Any]:
    cases_of = select(collection_case.c.episode).where(collection_case.c.loan_id == loan_id)
    return {
        "currency": row["currency"],
        "unpaid_minor": row["unpaid_minor"],
        "oldest_due": row["oldest_due"].isoformat() if row["oldest_due"] else "",
        "times_overdue": len((await tx.execute(cases_of)).all()),
        "installments": await rows(
            tx,
            select(installment).where(installment.c.loan_id == loan_id).order_by(installment.c.number),
        ),
        "payments": await rows(
            tx,
            select(payment)
            .where(payment.c.loan_id == loan_id)
            .order_by(payment.c.occurred_at, payment.c.payment_id),
        ),
    }


async def _contacts(tx: Tx | ReadTx, loan_id: LoanId) -> dict[str, Any]:
    """Each contact with content and receipt, each letter by its digest, each step with code, rule and
    versions, promises and holds."""
    attempts = await contacts(tx, select(contact_attempt).where(contact_attempt.c.loan_id == loan_id))
    told = await rows(tx, receipts.of_loan(loan_id))
    for attempt in attempts:
        attempt["receipts"] = [r for r in told if r["attempt_id"] == attempt["id"]]
    letters = await rows(
        tx,
        select(*[c for c in document.c if not c.name.startswith("content")])
        .where(document.c.loan_id == loan_id)
        .order_by(document.c.at, document.c.id),
    )
    diary = [column for column in step.c if column.name != "inputs"]
    people = select(loan_party.c.person_id).where(loan_party.c.loan_id == loan_id)
    named = list((await tx.execute(people.order_by(loan_party.c.person_id))).scalars())
    return {
        "cases": await rows(
            tx,
            select(*[c for c in collection_case.c if c.name != "plan"])
            .where(collection_case.c.loan_id == loan_id)
            .order_by(collection_case.c.episode),
        ),
        "attempts": attempts,
        "letters": letters,
        "steps": await rows(
            tx,
            # The person beside the actor: the document must say by itself whether two actors were one.
            select(*diary, api_token.c.person)
            .outerjoin(api_token, api_token.c.actor == step.c.actor)
            .where(step.c.loan_id == loan_id)
            .order_by(step.c.id),
        ),
        "tasks": await rows(
            tx,
            select(agent_task)
            .where(agent_task.c.loan_id == loan_id)
            .order_by(agent_task.c.opened_at, agent_task.c.id),
        ),
        "promises": await rows(
            tx, select(promise).where(promise.c.loan_id == loan_id).order_by(promise.c.made_at)
        ),
        "agreements": await rows(
            tx, select(agreement).where(agreement.c.loan_id == loan_id).order_by(agreement.c.proposed_at)
        ),
        "disputes": await rows(
            tx, select(dispute).where(dispute.c.loan_id == loan_id).order_by(dispute.c.opened_at)
        ),
        "holds": await rows(
            tx,
            select(hold)
            .where((hold.c.loan_id == loan_id) | hold.c.person_id.in_(people))
            .order_by(hold.c.since, hold.c.id),
        ),
        "ceases": [plain(row) for row in await facts.ceases_of(tx, named)],
        "restrictions": await rows(
            tx,
            select(restriction)
            .where(restriction.c.person_id.in_(named))
            .order_by(restriction.c.since, restriction.c.id),
        ),
    }
