"""When a contact may begin: in permitted hours, on no rest day, at no time that the person named."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import assert_never

from recourse.domain.law import hours
from recourse.domain.law.hours import CLOSING_LEAD, HORIZON_DAYS, Window, local_date
from recourse.domain.law.resting import RestDays
from recourse.domain.law.rules import LawPack, PermittedHours
from recourse.domain.restrictions import InconvenientTime
from recourse.domain.situation import Channel, Party

Shut = RestDays | InconvenientTime


def shut_on(what: Shut, day: date, zone: str) -> Window | None:
    """What it shuts of the contacts that begin on a local day; None for nothing."""
    match what:
        case RestDays():
            if not what.rests_on(day):
                return None
            return hours.start_of_day(day, zone), hours.start_of_day(day + timedelta(days=1), zone)
        case InconvenientTime():
            if day.isoweekday() not in what.weekdays:
                return None
            last = day if what.begins < what.ends else day + timedelta(days=1)
            return hours.readings(day, what.begins, zone)[0], hours.readings(last, what.ends, zone)[1]
        case _:
            assert_never(what)


def shuts(what: Shut, zones: Iterable[str], instant: datetime) -> bool:
    """Whether a contact that begins at the instant falls into it in any zone, the closing lead counted in."""
    for zone in zones:
        today = local_date(instant, zone)
        for day in (today - timedelta(days=1), today, today + timedelta(days=1)):
            window = shut_on(what, day, zone)
            if window is not None and window[0] - CLOSING_LEAD <= instant < window[1]:
                return True
    return False


@dataclass(frozen=True, slots=True)
class Openings:
    """Of one channel with one person."""

    hours: tuple[PermittedHours, ...]
    shut: tuple[Shut, ...]
    zones: tuple[str, ...]

    def window(self, not_before: datetime) -> Window | None:
        """The next stretch in which a contact may begin; None when there is none within two weeks."""
        shut = list(self._shut(not_before))
        return hours.contact_window(list(self.hours), self.zones, not_before, shut)

    def _shut(self, not_before: datetime) -> Iterator[Window]:
        for what in self.shut:
            for zone in self.zones:
                first = local_date(not_before, zone) - timedelta(days=1)
                for number in range(HORIZON_DAYS + 3):
                    window = shut_on(what, first + timedelta(days=number), zone)
                    if window is not None:
                        yield window


def openings(packs: Iterable[LawPack], channel: Channel, party: Party) -> Openings:
    laws = tuple(packs)
    return Openings(
        tuple(hours.rules_for(laws, channel, party.role)),
        (*(rule for _, rule in rest_days(laws, channel, party)), *party.restrictions.times),
        party.zones,
    )


def rest_days(packs: Iterable[LawPack], channel: Channel, party: Party) -> list[tuple[LawPack, RestDays]]:
    """The rules about rest days that this contact falls under."""
    return [
        (pack, rule)
        for pack in packs
        for rule in pack.rest_days
        if channel in rule.channels and rule.scope.covers_party(party.role)
    ]
