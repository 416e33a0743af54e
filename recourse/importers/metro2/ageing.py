"""From a standing a month to the oldest unpaid due date of each month. Pure.

The file states no due dates. They are put on one day of each month such that every digit of the profile can
be true of them; an index counts months since year 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise

from recourse.importers.metro2.profile import WORST, Month, Standing


def in_bucket(days: int, bucket: int) -> bool:
    """Whether days past due are what a digit says."""
    return 30 * bucket <= days and (bucket == WORST or days < 30 * (bucket + 1))


def due_date(index: int, day: int) -> date:
    """The due date of a month. day: 1 to 28."""
    return date(index // 12, index % 12 + 1, day)


def due_by(on: date, day: int) -> int:
    """Index of the last due date on or before a day."""
    return on.year * 12 + on.month - 1 - (on.day < day)


def last_due(on: date, day: int) -> int:
    """Index of the last due date that has passed, which is one before `on`."""
    return due_by(on - timedelta(days=1), day)


def reaching(month: Month, day: int) -> int:
    """Index of the newest due date that is far enough back for a delinquent month's bucket."""
    return due_by(month.end - timedelta(days=30 * month.bucket), day)


def due_day(preferred: int, months: Sequence[Month]) -> int:
    """The day of the month for which every month's digit can be true, with the fewest jumps between months;
    among several the one nearest to the preferred day.

    Days 5 to 25 fit every report at a month's end; a report within a month rules out the few about its own.
    """
    fitting = [day for day in range(5, 26) if all(_fits(month, day) for month in months)]
    return min(fitting or [15], key=lambda day: (_jumps(months, day), abs(day - preferred), day))


def _jumps(months: Sequence[Month], day: int) -> int:
    return sum(newer < older for older, newer in pairwise(oldest_unpaid(months, day)))


def _fits(month: Month, day: int) -> bool:
    if not month.tells_days:
        return True
    index = reaching(month, day) if month.bucket else last_due(month.end, day)
    return in_bucket((month.end - due_date(index, day)).days, month.bucket)


def oldest_unpaid(months: Sequence[Month], day: int) -> tuple[int, ...]:
    """For each month, the index of the oldest due date that is unpaid at its end.

    One past the last due date means that nothing is. Money is applied to the oldest installment, so the index
    rises from month to month; it falls only where the tape itself jumps ahead (0 to 2, say).
    """
    latest = _latest(months, day)
    result: list[int] = []
    for month, bound in zip(months, latest, strict=True):
        index, before = bound, result[-1] if result else bound
        match month.standing:
            case Standing.DEROGATORY | Standing.WRITTEN_OFF:
                index = min(before, bound)
            case Standing.UNREPORTED:
                index = min(before + 1, bound)  # taken to be as late as the month before
            case Standing.DELINQUENT if month.bucket == WORST:
                index = min(before, bound)  # 180 days and more: it ages, nothing need be paid
            case _:
                pass
        result.append(index)
    return tuple(result)


def _latest(months: Sequence[Month], day: int) -> list[int]:
    """The newest index each month allows, so that the months after it can still be reached."""
    result: list[int] = []
    for month in reversed(months):
        passed = last_due(month.end, day)
        following = result[-1] if result else passed + 1
        match month.standing:
            case Standing.DELINQUENT:
                index = reaching(month, day)
            case Standing.CURRENT:
                index = passed if following <= passed else passed + 1
            case Standing.CLOSED:
                index = passed + 1
            case _:
                index = min(following, passed + 1)
        result.append(index)
    result.reverse()
    return result
