"""Append-only steps of a case: what was decided and done, from which inputs, by which rules, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select

from recourse.domain.ids import CaseId, LoanId
from recourse.domain.situation import StepOutcome, StepRecord
from recourse.storage.database import ReadTx, Tx
from recourse.storage.tables import step


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a decision was made from. situation: JSON; the digests are what `explain` recomputes."""

    situation: Any
    situation_digest: str
    rules_digest: str
    packs: str


@dataclass(frozen=True, slots=True)
class StepRow:
    """One line of the case's diary. event: opened, planned, claimed, outcome, promise, stage, closed ..."""

    loan_id: LoanId
    case_id: CaseId | None
    decision: int
    event: str
    at: datetime
    reason: str
    strategy: str
    step_id: str | None = None
    outcome: StepOutcome | None = None
    code: str | None = None
    source: str | None = None
    opens_at: datetime | None = None
    actor: str | None = None
    inputs: Inputs | None = None


async def append(tx: Tx, *rows: StepRow) -> None:
    for row in rows:
        inputs = row.inputs
        await tx.execute(
            insert(step).values(
                loan_id=row.loan_id,
                case_id=row.case_id,
                decision=row.decision,
                event=row.event,
                at=row.at,
                reason=row.reason,
                strategy=row.strategy,
                step_id=row.step_id,
                outcome=row.outcome,
                code=row.code,
                source=row.source,
                opens_at=row.opens_at,
                actor=row.actor,
                packs=inputs.packs if inputs else "",
                inputs=inputs.situation if inputs else None,
                inputs_digest=inputs.situation_digest if inputs else None,
                rules_digest=inputs.rules_digest if inputs else None,
            )
        )


async def records(tx: Tx | ReadTx, case_id: CaseId) -> tuple[StepRecord, ...]:
    """What became of the ladder's steps, oldest first."""
    rows = await tx.execute(
        select(step.c.step_id, step.c.outcome, step.c.at, step.c.code, step.c.opens_at, step.c.actor)
        .where(step.c.case_id == case_id, step.c.event == "outcome")
        .order_by(step.c.id)
    )
    return tuple(StepRecord(r[0], StepOutcome(r[1]), *r[2:]) for r in rows)
