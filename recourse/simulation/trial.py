"""A strategy that is tried, where, and for which days."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from recourse.domain.decide import Rules
from recourse.domain.law.hours import start_of_day
from recourse.domain.strategy.ladder import Strategy
from recourse.packs.loader import PackBook, Place


@dataclass(frozen=True, slots=True)
class Trial:
    """book: has the strategy under its name, and the installed law."""

    strategy: Strategy
    place: Place
    book: PackBook

    @staticmethod
    def of(strategy: Strategy, place: Place, installed: PackBook) -> Trial:
        """Two files may give the same name to different ladders, so each trial has a book of its own."""
        return Trial(strategy, place, replace(installed, strategies={strategy.name: strategy}))

    def rules(self, on: date) -> Rules:
        """As production has them on that day."""
        return self.book.rules(self.strategy.name, self.place, on)


@dataclass(frozen=True, slots=True)
class Window:
    """first, last: the days that are simulated, both included, at the lender's place."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    def begins(self, zone: str) -> datetime:
        return start_of_day(self.first, zone)

    def ends(self, zone: str) -> datetime:
        """The first instant that is simulated no more."""
        return start_of_day(self.last + timedelta(days=1), zone)
