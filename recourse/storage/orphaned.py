"""Disputes that wait on loans whose case is closed: no decision opens their tasks there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, func, or_, select

from recourse.domain.alarms import dispute_alarm
from recourse.domain.disputes import (
    ACKNOWLEDGE_DISPUTE,
    ACKNOWLEDGEMENT_OVERDUE,
    ANSWER_DISPUTE,
    DISPUTE_OVERDUE,
)
from recourse.domain.ids import CaseId, LoanId
from recourse.domain.pending import DisputeDue
from recourse.storage.database import Tx
from recourse.storage.disputes import not_told_until
from recourse.storage.tables import agent_task, collection_case, dispute
from recourse.storage.tasks import ACTIVE

_KINDS = (ACKNOWLEDGE_DISPUTE, ACKNOWLEDGEMENT_OVERDUE, ANSWER_DISPUTE, DISPUTE_OVERDUE)


@dataclass(frozen=True, slots=True)
class Orphan:
    """case_id: the loan's newest case. there: kinds of its tasks that somebody has."""

    due: DisputeDue
    loan_id: LoanId
    case_id: CaseId
    there: frozenset[str]


def _has(task: str) -> ColumnElement[bool]:
    t = agent_task.c
    named = t.step_id == func.concat(dispute_alarm(task, ""), dispute.c.id)
    return exists().where(t.loan_id == dispute.c.loan_id, named, t.state.in_(ACTIVE))


async def lacking(tx: Tx, now: datetime, limit: int, dispute_id: str | None = None) -> list[Orphan]:
    """Those without a task that they should have at `now`; of one dispute, where it is named."""
    c, d = collection_case.c, dispute.c
    newest = select(func.max(c.episode)).where(c.loan_id == d.loan_id).correlate(dispute).scalar_subquery()
    until = not_told_until()
    has = {kind: _has(kind) for kind in _KINDS}
    wanted = or_(
        and_(until.is_not(None), ~has[ACKNOWLEDGE_DISPUTE]),
        and_(until <= now, ~has[ACKNOWLEDGEMENT_OVERDUE]),
        ~has[ANSWER_DISPUTE],
        and_(d.ends_at <= now, ~has[DISPUTE_OVERDUE]),
    )
    mine = (
        select(d.id, d.kind, d.opened_at, d.ends_at, until, d.loan_id, c.id.label("case_id"), *has.values())
        .join(collection_case, and_(c.loan_id == d.loan_id, c.episode == newest))
        .where(d.answered_at.is_(None), d.ends_at.is_not(None), c.closed_at.is_not(None))
        .where(wanted)
        .order_by(d.ends_at, d.id)
        .limit(limit)
    )
    if dispute_id is not None:
        mine = mine.where(d.id == dispute_id)
    found = []
    for key, kind, opened_at, ends_at, told_until, loan_id, case_id, *there in await tx.execute(mine):
        due = DisputeDue(key, kind, opened_at, ends_at, told_until)
        known = frozenset(name for name, is_there in zip(_KINDS, there, strict=True) if is_there)
        found.append(Orphan(due, loan_id, case_id, known))
    return found
