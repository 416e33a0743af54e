"""Where a person can be reached, and whether the borrower can be himself; only when not may anybody else be
asked where he is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from recourse.domain.situation import AttemptOutcome, Channel, Situation

PHONES = ("mobile", "landline", "phone")
"""Kinds of contact points that can be called."""
POINT_KINDS: Mapping[Channel, tuple[str, ...]] = {
    Channel.EMAIL: ("email",),
    Channel.SMS: ("mobile",),
    Channel.CALL: PHONES,
    Channel.VISIT: ("address",),
    Channel.LETTER: ("address",),
}
"""Where each channel leads to. A call under the id of an e-mail address would be counted for no number."""


@dataclass(frozen=True, slots=True)
class Unreachable:
    """So many contacts in a row, on these channels, reached nobody."""

    failed_in_a_row: int = 3
    channels: frozenset[Channel] = frozenset({Channel.CALL, Channel.VISIT})


HOUSE_UNREACHABLE = Unreachable()
"""The house rule: a pack may state its own, and ladders go by this one."""


def number_dead(situation: Situation) -> bool:
    """He had numbers, and none of them is usable any more."""
    borrower = situation.borrower()
    points = borrower.contact_points if borrower is not None else ()
    numbers = [point.usable for point in points if point.kind in PHONES]
    return bool(numbers) and not any(numbers)


def unreachable(situation: Situation, rule: Unreachable = HOUSE_UNREACHABLE) -> bool:
    """No contact point of his is usable, or his last contacts reached nobody."""
    borrower = situation.borrower()
    if borrower is None:
        return False
    if not any(point.usable for point in borrower.contact_points):
        return True
    mine = [a for a in situation.attempts if a.person_id == borrower.person_id and a.channel in rule.channels]
    last = sorted(mine, key=lambda attempt: attempt.at)[-rule.failed_in_a_row :]
    return len(last) == rule.failed_in_a_row and all(
        attempt.outcome is AttemptOutcome.NOT_CONNECTED for attempt in last
    )
