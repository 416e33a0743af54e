"""The gate's questions about when: permitted hours, rest days, and times that the person named."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache

from recourse.domain.law import hours, openings
from recourse.domain.law.holds import HOUSE
from recourse.domain.law.resting import RestDays
from recourse.domain.law.rule import Rule
from recourse.domain.law.rules import LawPack
from recourse.domain.law.verdict import RefusalCode, Refused
from recourse.domain.situation import Channel, Party

Answers = Iterator[tuple[LawPack, Rule, Refused | None]]


class Times:
    """The rules about when. The opening is looked for only when it is needed: most contacts are asked about
    at times that are permitted."""

    def __init__(self, party: Party, channel: Channel, packs: tuple[LawPack, ...], now: datetime) -> None:
        self._party, self._channel, self._packs, self._now = party, channel, packs, now
        self._opens = cache(self._opening)

    def hours(self) -> Answers:
        zones, now = self._party.zones, self._now
        for pack in self._packs:
            for rule in hours.rules_for([pack], self._channel, self._party.role):
                shut = hours.contact_closure([rule], zones, now) is not None
                yield pack, rule, self._no(RefusalCode.OUTSIDE_HOURS, rule.source.title) if shut else None

    def rest_days(self) -> Answers:
        for pack, rule in openings.rest_days(self._packs, self._channel, self._party):
            if not openings.shuts(rule, self._party.zones, self._now):
                yield pack, rule, None
                continue
            yield pack, rule, self._no(RefusalCode.REST_DAY, rule.source.title, self._resting(rule))

    def inconvenient(self) -> Refused | None:
        named = self._party.restrictions.times
        if any(openings.shuts(time, self._party.zones, self._now) for time in named):
            return self._no(RefusalCode.INCONVENIENT_TIME, HOUSE)
        return None

    def _resting(self, rule: RestDays) -> str:
        """Which day it is, wherever it is one or is about to be; and that it may yet be moved."""
        dates = {hours.local_date(self._now + ahead, z) for z in self._party.zones for ahead in _AT_ONCE}
        days = [day for date in sorted(dates) if (day := rule.rest_day(date)) is not None]
        return ", ".join(f"{day.name} (provisional)" if day.provisional else day.name for day in days)

    def _no(self, code: RefusalCode, source: str, detail: str = "") -> Refused:
        return Refused(code, source, self._opens(), detail)

    def _opening(self) -> datetime | None:
        window = openings.openings(self._packs, self._channel, self._party).window(self._now)
        return window[0] if window else None


_AT_ONCE = (timedelta(0), hours.CLOSING_LEAD)
