"""How long a written step gives the borrower: never less than the law, or than the ladder itself waits."""

from __future__ import annotations

from recourse.domain.law.rules import LawPack
from recourse.domain.strategy.ladder import Step, Strategy

HOUSE_DAYS = 14
"""House rule, where neither the law nor the ladder waits for an answer."""


def days_to_answer(step: Step, strategy: Strategy, packs: tuple[LawPack, ...]) -> int:
    """The days after the one it is given on. The law's, where the step is the notice of a rule; and those of
    the steps that wait for it, or for what it stands in for."""
    law = [rule.wait_days for pack in packs for rule in pack.notices if rule.template == step.template]
    behind = {step.id, step.fallback_for}
    own = [other.wait_days for other in strategy.steps if behind & set(other.requires)]
    return max((*law, *own), default=0) or HOUSE_DAYS
