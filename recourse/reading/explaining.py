"""Explaining a recorded decision: its inputs and rules as they were stored, and the answer made again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, assert_never

from sqlalchemy import RowMapping, case, or_, select

from recourse.domain.decide import Rules, decide
from recourse.domain.decision import Close, DoStep, Plan, Wait, WaitReason
from recourse.domain.explain import Explanation, explain
from recourse.domain.ids import CaseId
from recourse.domain.law.verdict import Effect, Refused
from recourse.domain.permits import told, verdict_on
from recourse.domain.situation import Situation, StepOutcome
from recourse.domain.strategy.progress import next_opening
from recourse.packs.record import (
    asking_from_json,
    digest_of,
    effect_from_json,
    rules_from_json,
    situation_from_json,
)
from recourse.storage import cases
from recourse.storage.database import ReadTx
from recourse.storage.tables import rule_set, step

CHECKED = "permit_checked"
REFUSALS = (
    "reservation_refused",
    "permit_refused",
    "acceleration_refused",
    "legal_move_refused",
    "location_refused",
)
"""Rows of the gate's no to what is no step that the system performs."""
ALLOWED = (
    "claimed",
    "reserved",
    "permit_issued",
    "acceleration_allowed",
    "legal_move",
    "location_requested",
    "location_asked",
    "location_shown",
)
"""Rows of its yes."""


class NothingToExplain(LookupError):
    """No such case, or no decision of it was recorded then; the text says where to look."""


@dataclass(frozen=True, slots=True)
class Explained:
    """number: of the step in the diary. recorded: the row as it was written.

    differs: how the answer made again differs from what was recorded; empty when it is the same.
    """

    number: int
    recorded: dict[str, Any]
    situation: Situation
    rules: Rules
    explanation: Explanation
    differs: list[str]


async def explained(
    tx: ReadTx, case_id: CaseId, *, number: int | None = None, at: datetime | None = None
) -> Explained:
    """The decision with this number, else the last one (at or before `at`). Raises NothingToExplain."""
    row = await _row(tx, case_id, number, at)
    recorded = {name: value for name, value in row.items() if name not in {"inputs", "rules"}}
    if row["rules"] is None:
        raise NothingToExplain(
            f"step {row['id']}: its rules were not kept; it was written by an older release"
        )
    situation, rules = situation_from_json(row["inputs"]), rules_from_json(row["rules"])
    tried = row["step_id"] if row["event"] not in ("planned", CHECKED) else None
    asked = effect_from_json(row["asked"]) if row["asked"] is not None else None
    explanation = explain(situation, rules, row["at"], tried, asked)
    differs = [*_tampered(row), *_differences(row, explanation, rules)]
    if row["event"] == CHECKED:
        differs += _check_differs(row, situation, rules, asked)
    return Explained(row["id"], recorded, situation, rules, explanation, differs)


async def decisions(tx: ReadTx) -> list[tuple[CaseId, int, str | None]]:
    """Every recorded decision: its case, its number, and the code where the gate refused."""
    said_no = or_(step.c.outcome == StepOutcome.REFUSED, step.c.event.in_(REFUSALS))
    refused = case((said_no, step.c.code))
    rows = await tx.execute(
        select(step.c.case_id, step.c.id, refused)
        .where(step.c.case_id.is_not(None), step.c.inputs.is_not(None))
        .order_by(step.c.id)
    )
    return [(CaseId(case_id), number, code) for case_id, number, code in rows]


async def _row(tx: ReadTx, case_id: CaseId, number: int | None, at: datetime | None) -> RowMapping:
    wanted = (
        select(step, rule_set.c.rules)
        .outerjoin(rule_set, rule_set.c.digest == step.c.rules_digest)
        .where(step.c.case_id == case_id, step.c.inputs.is_not(None))
    )
    if number is not None:
        wanted = wanted.where(step.c.id == number)
    if at is not None:
        wanted = wanted.where(step.c.at <= at)
    row = (await tx.execute(wanted.order_by(step.c.id.desc()).limit(1))).mappings().first()
    if row is None and await cases.get(tx, case_id) is None:
        raise NothingToExplain(f"case {case_id}: there is none; list them with `recourse cases list`")
    if row is None:
        raise NothingToExplain(
            f"case {case_id}: no such decision is recorded; its diary: `recourse cases show {case_id}`"
        )
    return row


def _tampered(row: RowMapping) -> list[str]:
    """Compared as it was stored: read as today's types it would have fields that nobody knew of then."""
    found = []
    if digest_of(row["inputs"]) != row["inputs_digest"]:
        found.append("inputs: they are not those of the recorded digest")
    if digest_of(row["rules"]) != row["rules_digest"]:
        found.append("rules: they are not those of the recorded digest")
    return found


def _differences(row: RowMapping, explanation: Explanation, rules: Rules) -> list[str]:
    match row["event"]:
        case "planned":
            why = row["reason"] if row["code"] in ("wait", "close") else ""
            kind, step_id, reason, until = _plan(explanation.decision.plan, rules)
            if why == WaitReason.LIMITATION and reason in _ONCE_LIMITATION:
                reason = WaitReason.LIMITATION.value
            then = (row["code"], row["step_id"], why, row["opens_at"])
            return _differ("plan", then, (kind, step_id, reason, until))
        case event if event in ALLOWED:
            if not isinstance(explanation.verdict, Refused):
                return []
            return [f"verdict: recorded allowed, made again {explanation.verdict.code}"]
        case event if event in REFUSALS or row["outcome"] == StepOutcome.REFUSED:
            no = explanation.verdict
            if no is None:
                return []
            if not isinstance(no, Refused):
                return [f"verdict: recorded {row['code']}, made again allowed"]
            opens = no.opens_at if event in REFUSALS else next_opening(no, row["at"])
            return _differ(
                "verdict", (row["code"], row["source"], row["opens_at"]), (no.code.value, no.source, opens)
            )
        case _:
            return []


_ONCE_LIMITATION = frozenset({WaitReason.LEGAL_DEADLINE, WaitReason.DISPUTE, WaitReason.AGREEMENT})
"""What older releases recorded as `limitation`: until whichever alarm was next."""


def _differ(what: str, then: tuple[Any, ...], now: tuple[Any, ...]) -> list[str]:
    return [] if then == now else [f"{what}: recorded {_told(then)}, made again {_told(now)}"]


def _check_differs(row: RowMapping, situation: Situation, rules: Rules, effect: Effect | None) -> list[str]:
    """Whether somebody would be told something else about the permit, from what was known then."""
    asked, then = asking_from_json(row["permit"])
    verdict = verdict_on(asked.standing.kind, effect, situation, rules.packs, row["at"])
    plan = decide(situation, rules, row["at"]).plan
    now = told(asked, verdict, plan, concluded=situation.legal_concluded, now=row["at"])
    if now == then:
        return []
    return [f"permit: recorded {then.answer} {then.code}, made again {now.answer} {now.code}"]


def _plan(plan: Plan, rules: Rules) -> tuple[str, str | None, str, datetime | None]:
    """kind, step, why where it is none, and when."""
    match plan:
        case DoStep(step_id=step_id, due_at=due_at):
            return rules.strategy.step(step_id).kind.value, step_id, "", due_at
        case Wait(reason=reason, until=until):
            return "wait", None, reason.value, until
        case Close(reason=closing):
            return "close", None, closing.value, None
        case _:
            assert_never(plan)


def _told(parts: tuple[Any, ...]) -> str:
    texts = (part.isoformat() if isinstance(part, datetime) else str(part) for part in parts if part)
    return ", ".join(texts)
