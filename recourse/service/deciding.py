"""Decide a case under its locks and write what follows: promises, tasks, stage, plan, closing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, assert_never

from recourse.contracts.messages import PlanData, PlanKind
from recourse.domain.decide import Rules, decide
from recourse.domain.decision import Close, Decision, DoStep, Plan, Wait
from recourse.domain.ids import CaseId, TaskId
from recourse.domain.situation import PromiseState, StepOutcome
from recourse.packs.record import rules_digest, situation_digest
from recourse.packs.record import situation_to_json as to_json
from recourse.service.context import Unit
from recourse.storage import agreements, attempts, cases, outbox, steps, tasks
from recourse.storage.codec import plan_from_json, plan_to_json
from recourse.storage.locks import lock_loans
from recourse.storage.situation import Gathered, gather
from recourse.storage.steps import Inputs, StepRow


@dataclass(frozen=True, slots=True)
class Deliberation:
    """A gathered case, the rules that apply to it, and the decision as of the unit's now."""

    gathered: Gathered
    rules: Rules
    decision: Decision

    @property
    def inputs(self) -> Inputs:
        situation = self.gathered.situation
        return Inputs(
            situation=to_json(situation),
            situation_digest=situation_digest(situation),
            rules_digest=rules_digest(self.rules),
            packs=", ".join(pack.name for pack in self.rules.packs),
        )

    def row(self, event: str, at: datetime, reason: str, **values: Any) -> StepRow:
        case = self.gathered.case
        base = StepRow(case.loan_id, case.id, case.decision, event, at, reason, case.strategy)
        return replace(base, **values)


async def locked(unit: Unit, key: str) -> Gathered:
    """Take the case's locks and gather its situation. Raises LookupError for an unknown case."""
    case_id = CaseId(key)
    case = await cases.get(unit.tx, case_id)
    if case is None:
        raise LookupError(f"case {case_id}: there is none; list them with `recourse cases list`")
    await lock_loans(unit.tx, [case.loan_id])
    return await gather(unit.tx, case_id, unit.now)


def deliberate(unit: Unit, gathered: Gathered) -> Deliberation:
    packs = unit.book.packs_for(gathered.borrower_region, gathered.loan.region)
    rules = Rules(unit.book.strategy(gathered.case.strategy), packs)
    return Deliberation(gathered, rules, decide(gathered.situation, rules, unit.now))


async def decide_case(unit: Unit, case_id: str) -> PlanData:
    """The plan in force after everything known now. Repeating it writes nothing new."""
    return await settle(unit, deliberate(unit, await locked(unit, case_id)))


async def settle(unit: Unit, d: Deliberation) -> PlanData:
    """Write what the decision says, and the plan if it changed."""
    await _judge_promises(unit, d)
    await _expire_tasks(unit, d)
    await _move_stage(unit, d)
    plan = await _keep_plan(unit, d)
    if isinstance(d.decision.plan, Close) and d.gathered.case.closed_at is None:
        await _close(unit, d, d.decision.plan)
    return plan


async def _judge_promises(unit: Unit, d: Deliberation) -> None:
    case = d.gathered.case
    for verdict in d.decision.promises:
        await agreements.judge_promise(unit.tx, verdict.promise_id, verdict.state, unit.now)
        await steps.append(
            unit.tx, d.row("promise", unit.now, f"promise {verdict.state}", code=verdict.state.value)
        )
        kind = "kept" if verdict.state is PromiseState.KEPT else "broken"
        data = {"loan_id": case.loan_id, "episode": case.episode, "promise_id": verdict.promise_id}
        await outbox.put(unit.tx, case.loan_id, f"recourse.promise.{kind}.v1", unit.now, data)


async def _expire_tasks(unit: Unit, d: Deliberation) -> None:
    if not d.decision.expired_tasks:
        return
    await _end_tasks(unit, d.decision.expired_tasks, "expired")
    for task in d.gathered.situation.tasks:
        if task.id in d.decision.expired_tasks:
            row = d.row(
                "outcome",
                unit.now,
                "nobody answered in time",
                step_id=task.step_id,
                outcome=StepOutcome.UNABLE,
                code="expired",
            )
            await steps.append(unit.tx, row)


async def _end_tasks(unit: Unit, keys: Sequence[TaskId], state: str) -> None:
    await attempts.leave_unknown(unit.tx, keys)
    await tasks.end(unit.tx, keys, state)


async def _move_stage(unit: Unit, d: Deliberation) -> None:
    case, stage = d.gathered.case, d.decision.stage
    if stage.value == case.stage or isinstance(d.decision.plan, Close):
        return
    await steps.append(unit.tx, d.row("stage", unit.now, f"{case.stage} → {stage}", code=stage.value))
    data = {"loan_id": case.loan_id, "episode": case.episode, "stage": stage.value, "was": case.stage}
    await outbox.put(unit.tx, case.loan_id, "recourse.case.stage_changed.v1", unit.now, data)


async def _close(unit: Unit, d: Deliberation, plan: Close) -> None:
    case = d.gathered.case
    await cases.close(unit.tx, case.id, plan.reason.value, unit.now)
    await _end_tasks(unit, [t.id for t in d.gathered.situation.tasks], "cancelled")
    await steps.append(unit.tx, d.row("closed", unit.now, plan.reason.value, code=plan.reason.value))
    data = {"loan_id": case.loan_id, "episode": case.episode, "reason": plan.reason.value}
    await outbox.put(unit.tx, case.loan_id, "recourse.case.closed.v1", unit.now, data)


async def _keep_plan(unit: Unit, d: Deliberation) -> PlanData:
    """Number and store the plan if it says something new; else the one in force, with fresh facts seen."""
    case = d.gathered.case
    fresh = plan_data(d, case.decision + 1)
    stored = plan_from_json(case.plan) if case.plan is not None else None
    if stored is not None and _same(stored, fresh, unit.now):
        kept = _seen(stored, fresh)
        if kept != stored:
            await cases.save_plan(unit.tx, case.id, kept, plan_to_json(kept))
        return kept
    await cases.save_plan(unit.tx, case.id, fresh, plan_to_json(fresh))
    row = d.row(
        "planned",
        unit.now,
        fresh.reason,
        decision=fresh.number,
        step_id=fresh.step_id,
        code=fresh.kind,
        opens_at=fresh.due_at,
        inputs=d.inputs,
    )
    await steps.append(unit.tx, row)
    return fresh


def _same(stored: PlanData, fresh: PlanData, now: datetime) -> bool:
    """A late step is due "now" at each asking; as long as it is the same step, that is the same plan."""
    if (stored.kind, stored.step_id, stored.reason) != (fresh.kind, fresh.step_id, fresh.reason):
        return False
    late = stored.due_at is not None and fresh.due_at is not None and stored.due_at <= fresh.due_at <= now
    return stored.due_at == fresh.due_at or late


def _seen(stored: PlanData, fresh: PlanData) -> PlanData:
    return replace(stored, facts_seen=fresh.facts_seen, stage=fresh.stage, bucket=fresh.bucket, dpd=fresh.dpd)


def plan_data(d: Deliberation, number: int) -> PlanData:
    """The decision as the workflow sees it: codes and instants only."""
    case, decision = d.gathered.case, d.decision
    kind, step_id, due_at, reason, team = _shape(decision.plan, d)
    return PlanData(
        number=number,
        kind=kind,
        facts_seen=d.gathered.situation.facts_seen,
        due_at=due_at,
        step_id=step_id,
        reason=reason,
        stage=decision.stage.value,
        bucket=decision.bucket,
        team=team,
        strategy=case.strategy,
        dpd=decision.dpd,
    )


def _shape(plan: Plan, d: Deliberation) -> tuple[PlanKind, str | None, datetime | None, str, str]:
    match plan:
        case DoStep(step_id=step_id, due_at=due_at):
            step = d.rules.strategy.step(step_id)
            return step.kind.value, step_id, due_at, f"day {step.day} of the ladder", step.team or ""
        case Wait(reason=reason, until=until):
            return "wait", None, until, reason.value, ""
        case Close(reason=closing):
            return "close", None, None, closing.value, ""
        case _:
            assert_never(plan)
