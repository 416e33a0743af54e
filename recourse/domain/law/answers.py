"""By when a dispute has to be acknowledged and answered: of all the law packs that apply, what ends first.

Days are whole days after the day it came in, at the lender's place; a last day that rests is not put off, so
that the answer rather comes too soon.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from recourse.domain.calendar import months_before
from recourse.domain.disputes import DisputeAnswer, DisputeKind
from recourse.domain.law.hours import local_date, start_of_day
from recourse.domain.law.rule import Mark, Source
from recourse.domain.law.rules import AnswerRule, LawPack

HOUSE_ANSWER: Final = AnswerRule(
    code="house_answer",
    source=Source("house rule: thirty days where no law names any", Mark.HOUSE),
    kinds=frozenset(DisputeKind),
    days=30,
)


@dataclass(frozen=True, slots=True)
class AnswerTerm:
    """answer_by: the last day. ends_at: the first moment after it. pack: empty for the house's own days."""

    answer_by: date
    ends_at: datetime
    rule: str
    pack: str
    source: Source


def term(kind: DisputeKind, packs: Iterable[LawPack], since: datetime, zone: str) -> AnswerTerm:
    """Of a dispute that came in at `since`, at a lender in `zone`. One more pack that has a rule never gives
    more time; the house's days stand only where none has."""
    on = local_date(since, zone)
    rules = _rules(kind, packs) or [("", HOUSE_ANSWER)]
    ends, pack, rule = min(
        ((last_day(rule, on), pack, rule) for pack, rule in rules), key=lambda one: (one[0], one[1])
    )
    return AnswerTerm(ends, start_of_day(ends + timedelta(days=1), zone), rule.code, pack, rule.source)


def acknowledgement(
    kind: DisputeKind, packs: Iterable[LawPack], since: datetime, zone: str
) -> AnswerTerm | None:
    """By when who disputes is to be told that it came in. None where no pack wants it told."""
    on = local_date(since, zone)
    found = [
        (on + timedelta(days=rule.days), pack.name, rule)
        for pack in packs
        for rule in pack.acknowledgements
        if kind in rule.kinds
    ]
    if not found:
        return None
    ends, pack, rule = min(found, key=lambda one: (one[0], one[1]))
    return AnswerTerm(ends, start_of_day(ends + timedelta(days=1), zone), rule.code, pack, rule.source)


def keeps_hold(kind: DisputeKind, answer: DisputeAnswer, packs: Iterable[LawPack]) -> bool:
    """Whether any of the packs leaves the hold in force after such an answer."""
    return any(answer in rule.keeps_hold for _, rule in _rules(kind, packs))


def last_day(rule: AnswerRule, on: date) -> date:
    """The day of the same number where the law counts in months, the last one of a shorter month."""
    return months_before(on, -rule.months) + timedelta(days=rule.days)


def _rules(kind: DisputeKind, packs: Iterable[LawPack]) -> list[tuple[str, AnswerRule]]:
    return [(pack.name, rule) for pack in packs for rule in pack.answers if kind in rule.kinds]
