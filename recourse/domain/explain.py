"""Why a decision was what it was: made again from what was known then, and asked of every rule."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from recourse.domain.decide import Rules, decide
from recourse.domain.decision import Decision, DoStep
from recourse.domain.law.gate import examine, gate
from recourse.domain.law.verdict import Check, Effect, Verdict
from recourse.domain.situation import Situation
from recourse.domain.strategy.address import effect_of
from recourse.domain.strategy.progress import progress


@dataclass(frozen=True, slots=True)
class Explanation:
    """decision: made again, as of the recorded moment; its `skipped` are the steps not taken.

    verdict, checks: what the gate says of the step, at `asked_at`; None and empty where it is not asked.
    """

    decision: Decision
    asked_at: datetime
    verdict: Verdict | None = None
    checks: tuple[Check, ...] = ()


def explain(
    situation: Situation,
    rules: Rules,
    at: datetime,
    step_id: str | None = None,
    asked: Effect | None = None,
) -> Explanation:
    """step_id: the step that was tried at the moment; None for the one that the decision plans, which is
    asked about for its own time. asked: what the gate was asked for instead of a step."""
    decision = decide(situation, rules, at)
    if asked is not None:
        return _asked(decision, asked, situation, rules, at)
    asked_at = at
    if step_id is None and isinstance(decision.plan, DoStep):
        step_id, asked_at = decision.plan.step_id, max(decision.plan.due_at, at)
    if step_id is None:
        return Explanation(decision, at)
    done = progress(situation, rules.strategy)
    effect = effect_of(rules.strategy.step(step_id), situation, done)
    if effect is None:
        return Explanation(decision, asked_at)
    return _asked(decision, effect, situation, rules, asked_at)


def _asked(
    decision: Decision, effect: Effect, situation: Situation, rules: Rules, at: datetime
) -> Explanation:
    verdict = gate(effect, situation, rules.packs, at)
    return Explanation(decision, at, verdict, examine(effect, situation, rules.packs, at))
