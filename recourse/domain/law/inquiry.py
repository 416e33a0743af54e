"""What the gate asks with, and how one of its questions is answered: rule by rule, each with its source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from recourse.domain.law.holds import HOUSE, HOUSE_SOURCE
from recourse.domain.law.rule import Rule
from recourse.domain.law.rules import LawPack, Restricts
from recourse.domain.law.verdict import Check, Refused
from recourse.domain.situation import Situation, StepOutcome, StepRecord

Packs = tuple[LawPack, ...]
Answers = Iterator[tuple[LawPack, Rule, Refused | None]]
"""(the pack, the rule in it that was asked, its no or None)"""


@dataclass(frozen=True, slots=True)
class Inquiry:
    situation: Situation
    packs: Packs
    now: datetime

    def done(self) -> dict[str, StepRecord]:
        return {r.step_id: r for r in self.situation.steps if r.outcome is StepOutcome.DONE}


@dataclass(frozen=True, slots=True)
class Question:
    name: str
    checks: tuple[Check, ...]


def house(name: str, refusal: Refused | None) -> Question:
    """A question that no pack has a rule for."""
    return Question(name, (Check(name, f"house_{name}", "", HOUSE, refusal, HOUSE_SOURCE.mark),))


def lawful(name: str, answers: Iterable[tuple[LawPack, Rule, Refused | None]]) -> Question:
    return Question(
        name,
        tuple(
            Check(name, rule.code, pack.name, rule.source.title, refusal, rule.source.mark)
            for pack, rule, refusal in answers
        ),
    )


def heeded(what: Restricts, refusal: Refused | None, q: Inquiry) -> Question:
    """What the person told us is heeded everywhere; a pack may say that the law wants it so."""
    rules = [(pack, rule) for pack in q.packs for rule in pack.restrictions if rule.heeds is what]
    if not rules:
        return house(what.value, refusal)
    return lawful(
        what.value,
        ((pack, rule, refusal and replace(refusal, source=rule.source.title)) for pack, rule in rules),
    )
