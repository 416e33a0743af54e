"""What holds stop: several at once merge by "most protective wins"."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from recourse.domain.law.rules import LawPack
from recourse.domain.situation import Action, Hold

HOUSE = "house rule"
"""Source of refusals that no statute needs: they follow from the facts, or from a hold's own scope."""
Binding = tuple[Hold, str, str, str]
"""(the hold, code of the rule that makes it bind, name of its pack or empty, source)"""


def in_force(hold: Hold, now: datetime) -> bool:
    return hold.since <= now and (hold.until is None or now < hold.until)


def binding_rules(
    holds: Iterable[Hold], packs: tuple[LawPack, ...], action: Action, now: datetime
) -> Iterator[Binding]:
    """Every reason why the action is stopped now: a hold's own scope, and what each pack says of it."""
    for hold in holds:
        if not in_force(hold, now):
            continue
        if action in hold.stops:
            yield hold, "house_hold", "", HOUSE
        for pack in packs:
            for rule in pack.holds:
                if rule.reason is hold.reason and action in rule.stops:
                    yield hold, rule.code, pack.name, rule.source.title
