"""The common frame of a step that leaves the building: is it still due, and what its end means."""

from __future__ import annotations

from recourse.contracts.messages import StepCommand, StepResult
from recourse.domain.decision import DoStep
from recourse.domain.law.verdict import Refused
from recourse.domain.situation import StepOutcome
from recourse.domain.strategy.ladder import Step
from recourse.domain.strategy.progress import next_opening, progress
from recourse.service.context import Unit
from recourse.service.deciding import Deliberation, decide_case, deliberate, locked, settle
from recourse.storage import outbox, steps


async def still_due(
    unit: Unit, command: StepCommand, *, contacting: bool = False
) -> tuple[Deliberation, Step] | StepResult:
    """Decide again under the locks. The step goes on only if this decision says it is due now."""
    d = deliberate(unit, await locked(unit, command.case_id, contacting=contacting))
    plan = d.decision.plan
    if isinstance(plan, DoStep) and plan.step_id == command.step_id and plan.due_at <= unit.now:
        return d, d.rules.strategy.step(command.step_id)
    return StepResult("stale", await settle(unit, d), code="plan_changed")


def try_number(d: Deliberation, step: Step) -> int:
    """How many tries of the step are behind us; part of every idempotency key."""
    return progress(d.gathered.situation, d.rules.strategy).state(step.id).tries


async def finish(
    unit: Unit,
    d: Deliberation,
    step_id: str,
    outcome: StepOutcome,
    reason: str,
    *,
    code: str | None = None,
    actor: str | None = None,
) -> StepResult:
    """Record what became of the step and answer with the next plan."""
    row = d.row("outcome", unit.now, reason, step_id=step_id, outcome=outcome, code=code, actor=actor)
    await steps.append(unit.tx, row)
    return StepResult(outcome.value, await decide_case(unit, d.gathered.case.id), code or "")


async def too_late(unit: Unit, d: Deliberation) -> StepResult:
    """A later try, or the sweep, has ended the step; this try's answer may not end it a second time, with
    another message to the bank, or a fallback for what was done."""
    return StepResult("stale", await settle(unit, d), code="answered_late")


def ended(d: Deliberation, step_id: str) -> bool:
    strategy = d.rules.strategy
    return progress(d.gathered.situation, strategy).finished(strategy.step(step_id))


async def refuse(unit: Unit, d: Deliberation, step: Step, refusal: Refused, channel: str = "") -> StepResult:
    """Record the gate's no with its code, source and next opening; nothing leaves."""
    opens_at = next_opening(refusal, unit.now)
    row = d.row(
        "outcome",
        unit.now,
        f"refused: {refusal.code}" + (f" ({refusal.detail})" if refusal.detail else ""),
        step_id=step.id,
        outcome=StepOutcome.REFUSED,
        code=refusal.code.value,
        source=refusal.source,
        opens_at=opens_at,
        inputs=d.inputs,
    )
    await steps.append(unit.tx, row)
    case = d.gathered.case
    if channel:
        data = {
            "loan_id": case.loan_id,
            "episode": case.episode,
            "step": step.id,
            "channel": channel,
            "code": refusal.code.value,
        }
        await outbox.put(unit.tx, case.loan_id, "recourse.contact.refused.v1", unit.now, data)
    return StepResult("refused", await decide_case(unit, case.id), refusal.code.value)
