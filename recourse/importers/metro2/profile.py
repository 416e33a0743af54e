"""The 24-month payment history profile and the account status, as one standing a month. Pure.

CRRG, Field 18: the profile holds the 24 reporting periods *prior to* the date of account information
(Field 24), the newest first; the newest month of all is told by the account status (Field 17A). So a full
record tells 25 months. One digit means days past due at the month's end: 0 is 0 to 29, n is 30n to 30n+29,
6 is 180 and more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Final

PROFILE_MONTHS: Final = 24
WORST: Final = 6
"""Bucket of 180 days and more; it has no upper edge."""


class Standing(StrEnum):
    CURRENT = "current"
    DELINQUENT = "delinquent"
    DEROGATORY = "derogatory"
    """Collection, surrender, repossession, foreclosure, transfer: days past due are not told."""
    WRITTEN_OFF = "written_off"
    UNREPORTED = "unreported"
    CLOSED = "closed"
    """Paid to zero and closed."""


@dataclass(frozen=True, slots=True)
class Month:
    """One reporting period. start: the day before its first day. end: the day the standing is stated for.

    bucket: whole periods of 30 days past due at `end`; 1 to 6 for DELINQUENT, else 0.
    """

    start: date
    end: date
    standing: Standing
    bucket: int = 0

    @property
    def tells_days(self) -> bool:
        return self.standing in (Standing.CURRENT, Standing.DELINQUENT)


_Told = tuple[Standing, int]
_CODES: Final[dict[str, _Told]] = {
    "0": (Standing.CURRENT, 0),
    "E": (Standing.CURRENT, 0),
    **{str(n): (Standing.DELINQUENT, n) for n in range(1, WORST + 1)},
    **dict.fromkeys("GHJK", (Standing.DEROGATORY, 0)),
    "L": (Standing.WRITTEN_OFF, 0),
    **dict.fromkeys("BD ", (Standing.UNREPORTED, 0)),
}
PROFILE_CODES: Final = frozenset(_CODES)
DELETED: Final = frozenset({"DA", "DF"})
"""Field 17A: the sender asks for the account to be deleted."""
STATUSES: Final[dict[str, _Told]] = {
    "11": (Standing.CURRENT, 0),
    **{code: (Standing.DELINQUENT, n) for n, code in enumerate(("71", "78", "80", "82", "83", "84"), 1)},
    **dict.fromkeys(("13", "61", "62", "63", "64", "65"), (Standing.CLOSED, 0)),
    **dict.fromkeys(("05", "88", "89", "93", "94", "95", "96"), (Standing.DEROGATORY, 0)),
    "97": (Standing.WRITTEN_OFF, 0),
    **dict.fromkeys(DELETED, (Standing.UNREPORTED, 0)),
}


def history(status: str, rating: str, profile: str, as_of: date) -> tuple[Month, ...]:
    """The months from the first that tells days past due, oldest first; empty when none does.

    status, rating, profile, as_of: Fields 17A, 17B, 18 and 24. The rating of a closed account, its standing
    just before it was paid, stands as a month of its own ending on the same day.
    """
    told = [_CODES.get(code, (Standing.UNREPORTED, 0)) for code in reversed(profile.ljust(PROFILE_MONTHS))]
    edges = [as_of]
    for _ in range(PROFILE_MONTHS + 1):
        edges.append(edges[-1].replace(day=1) - timedelta(days=1))
    edges.reverse()
    months = [
        Month(a, b, *known) for (a, b), known in zip(pairwise(edges), [*told, STATUSES[status]], strict=True)
    ]
    if months[-1].standing is Standing.CLOSED and rating in _CODES and _CODES[rating][1]:
        months.insert(-1, replace(months[-1], standing=Standing.DELINQUENT, bucket=int(rating)))
        months[-1] = replace(months[-1], start=as_of)
    return _settled(_from_first_telling(months))


def _from_first_telling(months: list[Month]) -> list[Month]:
    first = next((at for at, month in enumerate(months) if month.tells_days), len(months))
    return months[first:]


def _settled(months: list[Month]) -> tuple[Month, ...]:
    """A charge-off that a later month takes back was none; what follows a repossession unreported is one."""
    last_telling = max((at for at, month in enumerate(months) if month.tells_days), default=-1)
    result: list[Month] = []
    for at, month in enumerate(months):
        standing = month.standing
        if standing is Standing.WRITTEN_OFF and at < last_telling:
            standing = Standing.UNREPORTED
        if standing is Standing.UNREPORTED and result and result[-1].standing is Standing.DEROGATORY:
            standing = Standing.DEROGATORY
        result.append(replace(month, standing=standing))
    return tuple(result)
