"""Part 6 of the dossier: the file and what the desk said of it, moves with their rules, what ran out,
amounts, proofs."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from recourse.domain.ids import LoanId
from recourse.domain.legal.amounts import Entry, EntryKind, totals
from recourse.storage.database import ReadTx, Tx
from recourse.storage.dossier_rows import rows
from recourse.storage.tables import (
    agent_task,
    api_token,
    legal_action,
    legal_deadline,
    legal_entry,
    legal_move,
    legal_status,
    proof,
)


async def legal_part(tx: Tx | ReadTx, loan_id: LoanId) -> dict[str, Any]:
    actions = await rows(
        tx,
        select(*[c for c in legal_action.c if c.name not in {"document", "document_sealed"}])
        .where(legal_action.c.loan_id == loan_id)
        .order_by(legal_action.c.at),
    )
    statuses = await rows(
        tx,
        select(legal_status)
        .join(legal_action, legal_action.c.id == legal_status.c.action_id)
        .where(legal_action.c.loan_id == loan_id)
        .order_by(legal_status.c.at, legal_status.c.status_id),
    )
    reviews = await rows(
        tx,
        select(
            agent_task.c.id,
            agent_task.c.case_id,
            agent_task.c.outcome,
            agent_task.c.completed_by,
            api_token.c.person,
            agent_task.c.completed_at,
        )
        .outerjoin(api_token, api_token.c.actor == agent_task.c.completed_by)
        .where(
            agent_task.c.loan_id == loan_id,
            agent_task.c.kind == "acceleration_review",
            agent_task.c.state == "done",
        )
        .order_by(agent_task.c.completed_at, agent_task.c.id),
    )
    papers = await rows(tx, select(proof).where(proof.c.loan_id == loan_id).order_by(proof.c.at, proof.c.id))
    return {
        "actions": actions,
        "statuses": statuses,
        "accelerations": reviews,
        "proofs": papers,
        **await _pursued(tx, loan_id),
    }


async def _pursued(tx: Tx | ReadTx, loan_id: LoanId) -> dict[str, Any]:
    """Each move with its papers and its rule, what ran out when, what it cost and brought, and the sums."""
    moves = await rows(
        tx,
        select(*[c for c in legal_move.c if c.name != "request_id"])
        .where(legal_move.c.loan_id == loan_id)
        .order_by(legal_move.c.case_id, legal_move.c.number),
    )
    deadlines = await rows(
        tx,
        select(legal_deadline)
        .where(legal_deadline.c.loan_id == loan_id)
        .order_by(legal_deadline.c.case_id, legal_deadline.c.number, legal_deadline.c.code),
    )
    entries = await rows(
        tx,
        select(legal_entry)
        .where(legal_entry.c.loan_id == loan_id)
        .order_by(legal_entry.c.recorded_at, legal_entry.c.id),
    )
    found: dict[str, Any] = {"moves": moves, "deadlines": deadlines, "amounts": entries}
    if entries:
        lines = [
            Entry(row["id"], EntryKind(row["kind"]), row["amount_minor"], row.get("reverses"))
            for row in entries
        ]
        sums = totals(lines)
        net = {"net_minor": sums.net_minor, "currency": entries[0]["currency"]}
        found["totals"] = {"costs_minor": sums.costs_minor, "recovered_minor": sums.recovered_minor} | net
    return found
