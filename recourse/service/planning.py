"""The plan as it is stored and as the case's run sees it: codes and instants only."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Protocol, assert_never

from recourse.contracts.messages import PlanData, PlanKind
from recourse.domain.decide import Rules
from recourse.domain.decision import Close, Decision, DoStep, Plan, Wait
from recourse.storage.situation import Gathered


class Deliberated(Protocol):
    """What a plan is made from: a `recourse.service.deciding.Deliberation`."""

    @property
    def gathered(self) -> Gathered: ...

    @property
    def rules(self) -> Rules: ...

    @property
    def decision(self) -> Decision: ...


def same(stored: PlanData, fresh: PlanData, now: datetime) -> bool:
    """A late step is due "now" at each asking; as long as it is the same step, that is the same plan. By
    another strategy it is another one, though it says the same."""
    if stored.strategy != fresh.strategy:
        return False
    if (stored.kind, stored.step_id, stored.reason) != (fresh.kind, fresh.step_id, fresh.reason):
        return False
    late = stored.due_at is not None and fresh.due_at is not None and stored.due_at <= fresh.due_at <= now
    return stored.due_at == fresh.due_at or late


def seen(stored: PlanData, fresh: PlanData) -> PlanData:
    return replace(stored, facts_seen=fresh.facts_seen, stage=fresh.stage, bucket=fresh.bucket, dpd=fresh.dpd)


def plan_data(d: Deliberated, number: int) -> PlanData:
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


def _shape(plan: Plan, d: Deliberated) -> tuple[PlanKind, str | None, datetime | None, str, str]:
    match plan:
        case DoStep(step_id=step_id, due_at=due_at):
            step = d.rules.strategy.step(step_id)
            moved = dict(d.decision.moved).get(step_id)
            asked = f"asked for by {step.errand.asked_by}" if step.errand is not None else ""
            reason = asked or f"day {step.day} of the ladder" + (f", {moved}" if moved is not None else "")
            return step.kind.value, step_id, due_at, reason, step.team or ""
        case Wait(reason=reason, until=until):
            return "wait", None, until, reason.value, ""
        case Close(reason=closing):
            return "close", None, None, closing.value, ""
        case _:
            assert_never(plan)
