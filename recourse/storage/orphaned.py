"""Disputes that wait for an answer on loans whose case is closed: no decision opens their tasks there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, func, or_, select

from recourse.domain.alarms import dispute_alarm
from recourse.domain.disputes import ANSWER_DISPUTE, DISPUTE_OVERDUE
from recourse.domain.ids import CaseId, LoanId
from recourse.storage.database import Tx
from recourse.storage.tables import agent_task, collection_case, dispute
from recourse.storage.tasks import ACTIVE


@dataclass(frozen=True, slots=True)
class Orphan:
    """case_id: the loan's newest case. asked, escalated: whether there is such a task."""

    id: str
    loan_id: LoanId
    case_id: CaseId
    ends_at: datetime
    asked: bool
    escalated: bool


def _has(task: str) -> ColumnElement[bool]:
    t = agent_task.c
    named = t.step_id == func.concat(dispute_alarm(task, ""), dispute.c.id)
    return exists().where(t.loan_id == dispute.c.loan_id, named, t.state.in_(ACTIVE))


async def lacking(tx: Tx, now: datetime, limit: int, dispute_id: str | None = None) -> list[Orphan]:
    """Those without the task that they should have at `now`; of one dispute, where it is named."""
    c, d = collection_case.c, dispute.c
    newest = select(func.max(c.episode)).where(c.loan_id == d.loan_id).correlate(dispute).scalar_subquery()
    asked, escalated = _has(ANSWER_DISPUTE), _has(DISPUTE_OVERDUE)
    mine = (
        select(d.id, d.loan_id, c.id.label("case_id"), d.ends_at, asked, escalated)
        .join(collection_case, and_(c.loan_id == d.loan_id, c.episode == newest))
        .where(d.answered_at.is_(None), d.ends_at.is_not(None), c.closed_at.is_not(None))
        .where(or_(~asked, and_(d.ends_at <= now, ~escalated)))
        .order_by(d.ends_at, d.id)
        .limit(limit)
    )
    if dispute_id is not None:
        mine = mine.where(d.id == dispute_id)
    return [Orphan(*row) for row in await tx.execute(mine)]
