"""Append-only steps of a case: what was decided and done, from which inputs, by which rules, and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from recourse.domain.ids import CaseId, LoanId
from recourse.domain.situation import StepOutcome, StepRecord
from recourse.storage.database import ReadTx, Tx
from recourse.storage.sql import among, among_given
from recourse.storage.tables import api_token, rule_set, step
from recourse.storage.together import Part

MOVED = "migrated"
"""The event of a case's move to another strategy."""
CLAIM_LIVES = timedelta(hours=1)
"""Of real time. Whoever claimed an effect has by then said what became of it, or given up: effects are tried
for half an hour. A claim that a payment overtook between two tries never gets an outcome."""


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
    moved: dict[str, Any] | None = None
    """Of a move: from, to, digest, and under `renamed` the old step id -> the new one."""
    asked: dict[str, Any] | None = None
    permit: dict[str, Any] | None = None


_APPEND = insert(step)
_KNOWN_RULES = select(rule_set.c.digest).where(among_given(rule_set.c.digest, "digests"))


def _records(rows: Iterable[Any]) -> dict[CaseId, list[StepRecord]]:
    found: dict[CaseId, list[StepRecord]] = defaultdict(list)
    for case_id, moved, step_id, outcome, *rest in rows:
        if moved is None:
            found[case_id].append(StepRecord(step_id, StepOutcome(outcome), *rest))
        elif names := moved["renamed"]:
            found[case_id] = [replace(r, step_id=names.get(r.step_id, r.step_id)) for r in found[case_id]]
    return found


RECORDS = Part(
    select(
        step.c.case_id,
        step.c.moved,
        step.c.step_id,
        step.c.outcome,
        step.c.at,
        step.c.code,
        step.c.opens_at,
        step.c.actor,
        api_token.c.person,
    )
    .outerjoin(api_token, api_token.c.actor == step.c.actor)
    .where(among_given(step.c.case_id, "cases"), step.c.event.in_(("outcome", MOVED)))
    .order_by(step.c.id),
    _records,
)
"""What became of the ladder's steps of each of `cases`, oldest first, under the ids of the ladder it is on
now: a move of the case has renamed what was recorded before it."""


async def append(tx: Tx, *rows: StepRow) -> None:
    """In the order given, which is the order they are read in."""
    if rows:
        await _keep_rules(tx, [row.inputs for row in rows if row.inputs is not None])
        await tx.execute(_APPEND, [_values(row) for row in rows])


async def append_one(tx: Tx, row: StepRow) -> int:
    """Its number, by which it is explained."""
    await _keep_rules(tx, [row.inputs] if row.inputs is not None else [])
    number: int = (await tx.execute(_APPEND.returning(step.c.id), _values(row))).scalar_one()
    return number


async def _keep_rules(tx: Tx, inputs: Iterable[Inputs]) -> None:
    """Rules are the same for thousands of steps, so they are kept once and never changed."""
    used = {one.rules_digest: one.rules for one in inputs}
    if not used:
        return
    known = set((await tx.execute(_KNOWN_RULES, {"digests": list(used)})).scalars())
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


async def refused_before(tx: Tx | ReadTx, row: StepRow) -> bool:
    """Whether the diary says so already: the same question with the same answer. Who asks again and again
    would fill it otherwise."""
    c = step.c
    same = [c.case_id == row.case_id, c.event == row.event, c.code == row.code, c.asked == row.asked]
    found = select(c.id).where(*same, c.opens_at.is_not_distinct_from(row.opens_at)).limit(1)
    return (await tx.execute(found)).first() is not None


@dataclass(frozen=True, slots=True)
class Moves:
    """What a case's diary says that bears on moving it. digests: of the moves it made. retired: step ids that
    they renamed. claimed: steps that were claimed and have no outcome since -> whether within CLAIM_LIVES."""

    digests: frozenset[str] = frozenset()
    retired: frozenset[str] = frozenset()
    claimed: Mapping[str, bool] = field(default_factory=dict)


async def moves(tx: Tx | ReadTx, case_ids: Iterable[CaseId]) -> dict[CaseId, Moves]:
    events = (MOVED, "claimed", "outcome")
    rows = await tx.execute(
        select(
            step.c.case_id,
            step.c.event,
            step.c.step_id,
            step.c.moved,
            step.c.recorded_at > func.now() - CLAIM_LIVES,
        )
        .where(among(step.c.case_id, case_ids), step.c.event.in_(events))
        .order_by(step.c.id)
    )
    found: dict[CaseId, Moves] = {}
    for case_id, event, step_id, moved, recent in rows:
        known = found.get(case_id, Moves())
        if moved is not None:
            names = frozenset(moved["renamed"])
            known = replace(known, digests=known.digests | {moved["digest"]}, retired=known.retired | names)
        elif event == "claimed":
            known = replace(known, claimed={**known.claimed, step_id: recent})
        else:
            known = replace(known, claimed={k: v for k, v in known.claimed.items() if k != step_id})
        found[case_id] = known
    return found
