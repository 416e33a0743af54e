"""Whether the borrower can be reached himself; only when not may anybody else be asked where he is."""

from __future__ import annotations

from recourse.domain.situation import Attempt, AttemptOutcome, Channel, Situation

FAILED_IN_A_ROW = 3
"""CBA guideline (second hand): the number is dead, or three contacts in a row have failed."""
PHONES = ("mobile", "landline", "phone")
"""Kinds of contact points that can be called."""
_TRIED = frozenset({Channel.CALL, Channel.VISIT})


def number_dead(situation: Situation) -> bool:
    """He had numbers, and none of them is usable any more."""
    borrower = situation.borrower()
    points = borrower.contact_points if borrower is not None else ()
    numbers = [point.usable for point in points if point.kind in PHONES]
    return bool(numbers) and not any(numbers)


def unreachable(situation: Situation) -> bool:
    """No number of his is usable, or his last three calls and visits reached nobody."""
    borrower = situation.borrower()
    if borrower is None:
        return False
    if not any(point.usable for point in borrower.contact_points):
        return True
    mine = [a for a in situation.attempts if a.person_id == borrower.person_id and a.channel in _TRIED]
    last = sorted(mine, key=lambda attempt: attempt.at)[-FAILED_IN_A_ROW:]
    return len(last) == FAILED_IN_A_ROW and all(map(_failed, last))


def _failed(attempt: Attempt) -> bool:
    return attempt.outcome is AttemptOutcome.NOT_CONNECTED
