"""What a person told us about being contacted, besides what he asked us to stop for good."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import time
from enum import StrEnum
from typing import assert_never

from recourse.domain.ids import ContactPointId, PersonId


class Whereabouts(StrEnum):
    """What a contact point is to the person."""

    HOME = "home"
    WORK = "work"


@dataclass(frozen=True, slots=True)
class InconvenientTime:
    """From `begins` (inclusive) to `ends` (exclusive), local time at every place where the person may be, on
    these days of the week (1 Monday … 7 Sunday). An end that is not after the begin lies on the next day."""

    weekdays: frozenset[int]
    begins: time
    ends: time


@dataclass(frozen=True, slots=True)
class InconvenientPlace:
    """One contact point, or every one that is such a place to the person. Exactly one of the two is named."""

    contact_point_id: ContactPointId | None = None
    whereabouts: Whereabouts | None = None


@dataclass(frozen=True, slots=True)
class Represented:
    """An attorney speaks for the person, who is left alone. attorney: who it is, where we know him."""

    attorney: PersonId | None = None


Restriction = InconvenientTime | InconvenientPlace | Represented


@dataclass(frozen=True, slots=True)
class Restrictions:
    """All that are in force for one person."""

    times: tuple[InconvenientTime, ...] = ()
    places: tuple[InconvenientPlace, ...] = ()
    represented: bool = False

    def bars(self, point_id: ContactPointId, whereabouts: Whereabouts | None) -> bool:
        """Whether a contact there would be at a place that was named as inconvenient."""
        return any(
            place.contact_point_id == point_id
            or (place.whereabouts is not None and place.whereabouts is whereabouts)
            for place in self.places
        )


def together(several: Iterable[Restriction]) -> Restrictions:
    """In the order given, which is that in which a situation is recorded."""
    times: list[InconvenientTime] = []
    places: list[InconvenientPlace] = []
    represented = False
    for one in several:
        match one:
            case InconvenientTime():
                times.append(one)
            case InconvenientPlace():
                places.append(one)
            case Represented():
                represented = True
            case _:
                assert_never(one)
    return Restrictions(tuple(times), tuple(places), represented)


def leaves_time(times: Iterable[InconvenientTime]) -> bool:
    """Whether a minute of the week is left."""
    taken: set[int] = set()
    for one in times:
        begins, ends = (at.hour * 60 + at.minute for at in (one.begins, one.ends))
        lasts = (ends - begins - 1) % _DAY + 1
        for weekday in one.weekdays:
            first = (weekday - 1) * _DAY + begins
            taken |= {minute % (7 * _DAY) for minute in range(first, first + lasts)}
    return len(taken) < 7 * _DAY


_DAY = 24 * 60
NO_RESTRICTIONS = Restrictions()
