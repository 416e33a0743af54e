"""What holds stop and for how long: several at once merge by "most protective wins"."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from recourse.domain.law.hours import local_date, start_of_day
from recourse.domain.law.rule import Mark, Source
from recourse.domain.law.rules import LawPack
from recourse.domain.situation import Action, Hold, HoldReason

HOUSE = "house rule"
"""Source of refusals that no statute needs: they follow from the facts, or from a hold's own scope."""
HOUSE_SOURCE = Source(HOUSE, Mark.HOUSE)
Binding = tuple[Hold, str, str, Source]
"""(the hold, code of the rule that makes it bind, name of its pack or empty, source)"""
_FOR_EVER = datetime.max.replace(tzinfo=UTC)


def in_force(hold: Hold, now: datetime) -> bool:
    """One that can be read is in force from the start. It was written under the same locks; whoever read his
    clock before he waited for them must not find that it begins a moment later."""
    return hold.until is None or now < hold.until


def binding_rules(
    holds: Iterable[Hold], packs: tuple[LawPack, ...], action: Action, now: datetime
) -> Iterator[Binding]:
    """Every reason why the action is stopped now: a hold's own scope, and what each pack says of it."""
    for hold in holds:
        if not in_force(hold, now):
            continue
        if action in hold.stops:
            yield hold, "house_hold", "", HOUSE_SOURCE
        for pack in packs:
            for rule in pack.holds:
                if rule.reason is hold.reason and action in rule.stops:
                    yield hold, rule.code, pack.name, rule.source


def stopped(
    holds: tuple[Hold, ...], packs: tuple[LawPack, ...], action: Action, now: datetime
) -> tuple[bool, datetime | None]:
    """Whether the action is stopped now, and when the last of its holds ends; None for until lifted.

    The most protective wins: one more hold or pack never frees an action, and never frees it sooner.
    """
    ends = [hold.until for hold, *_ in binding_rules(holds, packs, action, now)]
    known = [end for end in ends if end is not None]
    return bool(ends), max(known, default=None) if len(known) == len(ends) else None


def scope(hold: Hold, packs: Collection[LawPack]) -> frozenset[Action]:
    """Everything that a hold in force stops: what was named when it was placed, and what each pack says of
    its reason. So who places one can widen what the law stops, and never narrow it.

    Where the law is not known (no packs) everything, as the gate refuses everything there.
    """
    if not packs:
        return frozenset(Action)
    lawful = (rule.stops for pack in packs for rule in pack.holds if rule.reason is hold.reason)
    return hold.stops.union(*lawful)


@dataclass(frozen=True, slots=True)
class Term:
    """How long the law protects. until: None for until lifted. rule, pack, source: who says so; empty where
    no pack speaks of the reason. once_in_months: how often the law gives it."""

    until: datetime | None = None
    rule: str = ""
    pack: str = ""
    source: str = HOUSE
    once_in_months: int | None = None


def term(
    reason: HoldReason, packs: Iterable[LawPack], since: datetime, zone: str, named: datetime | None = None
) -> Term:
    """The term of a hold that is placed at `since`. named: the end that whoever places it wants, if any.

    A number of days is counted from the day after, in `zone`, so that the last of them is whole. The longest
    wins, and a rule without a number wins over each. A named end never shortens a number of days; to a rule
    without one it is left when the protection ends.
    """
    terms = [
        Term(
            None if rule.days is None else _end(since, rule.days, zone),
            rule.code,
            pack.name,
            rule.source.title,
            rule.once_in_months,
        )
        for pack in packs
        for rule in pack.holds
        if rule.reason is reason
    ]
    if named is not None:
        terms = [Term(named), *(one for one in terms if one.until is not None)]
    return most_protective(terms)


def most_protective(terms: Iterable[Term]) -> Term:
    """The one that ends last, the first of equals; without any, until lifted."""
    return max(terms, key=lambda one: one.until or _FOR_EVER, default=Term())


def _end(since: datetime, days: int, zone: str) -> datetime:
    return start_of_day(local_date(since, zone) + timedelta(days=days + 1), zone)
