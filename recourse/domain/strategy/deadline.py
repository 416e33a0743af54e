"""How long a written step gives the borrower: never less than the law, or than the ladder itself waits."""

from __future__ import annotations

from recourse.domain.law.rules import LawPack
from recourse.domain.situation import Channel
from recourse.domain.strategy.ladder import Step, Strategy

HOUSE_DAYS = 14
"""House rule, where neither the law nor the ladder waits for an answer."""


def days_to_answer(step: Step, strategy: Strategy, packs: tuple[LawPack, ...]) -> int:
    """The days after the one it is given on. The law's, where the step is the notice of a rule; and those of
    the steps that wait for it, or for what it stands in for. A letter gives the days in the post too."""
    mine = [rule for pack in packs for rule in pack.notices if rule.template == step.template]
    posted = step.channel is Channel.LETTER
    law = [rule.wait_days + (rule.post_days if posted else 0) for rule in mine if rule.wait_days]
    behind = {step.id, *(original for original, found in strategy.stand_ins().items() if step.id in found)}
    own = [other.wait_days for other in strategy.steps if behind & set(other.requires)]
    return max((*law, *own), default=0) or HOUSE_DAYS
