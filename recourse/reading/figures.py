"""The whole book in figures: cases, contacts, refusals, tasks. Counts only, so anyone may see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, select

from recourse.storage.database import ReadTx
from recourse.storage.permits import OWED
from recourse.storage.tables import (
    agent_task,
    collection_case,
    contact_attempt,
    dispute,
    fact,
    legal_action,
    loan,
    outbox,
    permit,
    promise,
    step,
)

Counts = dict[str, int]


@dataclass(frozen=True, slots=True)
class Figures:
    """Each mapping counts rows by a code. stages_reached: cases that ever stood there, by stage."""

    loans: int
    facts: Counts
    """By kind: the bank's, and our own (holds, legal statuses)."""
    cases: int
    episodes_most: int
    open_by_stage: Counts
    closed_by_reason: Counts
    stages_reached: Counts
    contacts: Counts
    """`channel state`, for example `sms sent`."""
    refusals: Counts
    """Contacts, locations and handovers that the gate refused, by code."""
    skipped: Counts
    """Steps that ended without being done, by code."""
    tasks: Counts
    """`team state`."""
    promises: Counts
    handovers: Counts
    permits: Counts
    """`kind state`."""
    recalls_owed: int
    """Recalls that nobody has acknowledged yet."""
    disputes: Counts
    """`kind state`: answered, waiting or overdue."""
    undelivered: int
    unpublished: int


async def figures(tx: ReadTx, now: datetime) -> Figures:
    """now: business time, by which an answer is overdue."""
    c, s, a, t = collection_case.c, step.c, contact_attempt.c, agent_task.c
    reached = await _counts(
        tx, select(s.code, func.count(s.case_id.distinct())).where(s.event == "stage").group_by(s.code)
    )
    cases = await _one(tx, select(func.count()).select_from(collection_case))
    closed = await _by(tx, c.closed_reason, c.closed_at.is_not(None))
    return Figures(
        loans=await _one(tx, select(func.count()).select_from(loan)),
        facts=await _by(tx, fact.c.kind),
        cases=cases,
        episodes_most=await _one(tx, select(func.coalesce(func.max(c.episode), 0))),
        open_by_stage=await _by(tx, c.stage, c.closed_at.is_(None)),
        closed_by_reason=closed,
        stages_reached={"reminder": cases} | reached | {"closed": sum(closed.values())},
        contacts=await _by(tx, a.channel + " " + a.state),
        refusals=await _by(tx, s.code, s.event == "outcome", s.outcome == "refused"),
        skipped=await _by(tx, s.code, s.event == "outcome", s.outcome == "unable"),
        tasks=await _by(tx, t.team + " " + t.state),
        promises=await _by(tx, promise.c.state),
        handovers=await _by(tx, legal_action.c.state),
        permits=await _by(tx, permit.c.kind + " " + permit.c.state),
        recalls_owed=await _one(tx, select(func.count()).select_from(permit).where(OWED)),
        disputes=await _by(tx, dispute.c.kind + " " + _state_at(now)),
        undelivered=await _one(
            tx, select(func.count()).select_from(collection_case).where(c.facts_due > c.facts_delivered)
        ),
        unpublished=await _one(
            tx, select(func.count()).select_from(outbox).where(outbox.c.published_at.is_(None))
        ),
    )


def _state_at(now: datetime) -> ColumnElement[str]:
    answered, over = dispute.c.answered_at.is_not(None), dispute.c.ends_at <= now
    return case((answered, "answered"), (over, "overdue"), else_="waiting")


async def _by(tx: ReadTx, code: ColumnElement[Any], *where: ColumnElement[bool]) -> Counts:
    return await _counts(tx, select(code, func.count()).where(*where).group_by(code).order_by(code))


async def _counts(tx: ReadTx, statement: Select[Any]) -> Counts:
    return {str(code): int(number) for code, number in await tx.execute(statement)}


async def _one(tx: ReadTx, statement: Select[Any]) -> int:
    return int((await tx.execute(statement)).scalar_one())
