"""Append-only steps of a case: what was decided and done, from which inputs, by which rules, and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from recourse.domain.ids import CaseId, LoanId
from recourse.domain.situation import StepOutcome, StepRecord
from recourse.storage.database import ReadTx, Tx
from recourse.storage.sql import among
from recourse.storage.tables import api_token, rule_set, step


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a decision was made from. situation, rules: JSON; the digests tell them from others."""

    situation: Any
    rules: Any
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
    """In the order given, which is the order they are read in."""
    if rows:
        await _keep_rules(tx, [row.inputs for row in rows if row.inputs is not None])
        await tx.execute(insert(step), [_values(row) for row in rows])


async def _keep_rules(tx: Tx, inputs: Iterable[Inputs]) -> None:
    """Rules are the same for thousands of steps, so they are kept once and never changed."""
    used = {one.rules_digest: one.rules for one in inputs}
    if not used:
        return
    known = set((await tx.execute(select(rule_set.c.digest).where(among(rule_set.c.digest, used)))).scalars())
    fresh = [{"digest": digest, "rules": rules} for digest, rules in used.items() if digest not in known]
    if fresh:
        await tx.execute(upsert(rule_set).on_conflict_do_nothing(), fresh)


def _values(row: StepRow) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in StepRow.__dataclass_fields__ if name != "inputs"}
    inputs = row.inputs
    return values | {
        "packs": inputs.packs if inputs else "",
        "inputs": inputs.situation if inputs else None,
        "inputs_digest": inputs.situation_digest if inputs else None,
        "rules_digest": inputs.rules_digest if inputs else None,
    }


async def records(tx: Tx | ReadTx, case_ids: Iterable[CaseId]) -> dict[CaseId, list[StepRecord]]:
    """What became of the ladder's steps of each case, oldest first."""
    columns = (step.c.step_id, step.c.outcome, step.c.at, step.c.code, step.c.opens_at, step.c.actor)
    rows = await tx.execute(
        select(step.c.case_id, *columns, api_token.c.person)
        .outerjoin(api_token, api_token.c.actor == step.c.actor)
        .where(among(step.c.case_id, case_ids), step.c.event == "outcome")
        .order_by(step.c.id)
    )
    found: dict[CaseId, list[StepRecord]] = defaultdict(list)
    for case_id, step_id, outcome, *rest in rows:
        found[case_id].append(StepRecord(step_id, StepOutcome(outcome), *rest))
    return found
