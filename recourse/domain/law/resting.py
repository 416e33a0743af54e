"""Rules about days on which something rests: contacts at the person's place, work at the lender's."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from datetime import date, time

from recourse.domain.law.rule import Rule
from recourse.domain.situation import Channel


@dataclass(frozen=True, slots=True)
class RestDay:
    """provisional: it may still be moved (a date not announced yet, or one that the moon decides)."""

    on: date
    name: str
    provisional: bool = False


def _on(day: RestDay) -> date:
    return day.on


@dataclass(frozen=True, slots=True, kw_only=True)
class Resting(Rule):
    """Days on which something rests.

    calendar: a country of the `holidays` library, or country and subdivision (`DE-BY`); empty for none.
    weekdays: 1 Monday … 7 Sunday. provisional: the rule itself is not settled, so each of its days is.
    days, worked: what the loader found in calendar and overrides, for the years about the day in question, in
    order; `worked` are days that do not rest though their weekday does.
    """

    calendar: str = ""
    weekdays: frozenset[int] = frozenset()
    provisional: bool = False
    days: tuple[RestDay, ...] = ()
    worked: tuple[date, ...] = ()

    def rest_day(self, day: date) -> RestDay | None:
        """The day with its name, if it rests."""
        at = bisect_left(self.days, day, key=_on)
        if at < len(self.days) and self.days[at].on == day:
            named = self.days[at]
            return named if not self.provisional else replace(named, provisional=True)
        if day.isoweekday() in self.weekdays and day not in self.worked:
            return RestDay(day, f"{day:%A}", self.provisional)
        return None

    def rests_on(self, day: date) -> bool:
        return self.rest_day(day) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class RestDays(Resting):
    """No contact on these channels on such a day, at every place where the person may be."""

    channels: frozenset[Channel]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficeDays(Resting):
    """What people do, and what goes to lawyers, is due from `opens` on a day that does not rest, local time
    of the lender."""

    opens: time
