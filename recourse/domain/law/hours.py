"""Permitted hours at the person's place, exact over daylight-saving edges.

A local wall time that does not exist (spring) or exists twice (autumn) is resolved to the stricter side:
windows open at the later and close at the earlier of the two readings.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from recourse.domain.law.rules import LawPack, PermittedHours
from recourse.domain.situation import Channel, PartyRole

Window = tuple[datetime, datetime]
"""Half-open interval of UTC instants."""

CLOSING_LEAD = timedelta(minutes=2)
"""House rule: no contact begins in the last two minutes of permitted hours. Waiting for locks and for the
provider takes up to a minute, and what was begun in time must not arrive after closing."""
HORIZON_DAYS = 14
"""How far ahead an opening is looked for."""
_NEAR_DAYS = 2
"""Nearly always the next window lies within them; all days at once take twice as long."""


@lru_cache(maxsize=16_384)
def _instants(day: date, at: time, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Both readings of a wall time. Kept, because a batch of cases asks for the same days over and over."""
    readings = [datetime.combine(day, at, zone).replace(fold=fold).astimezone(UTC) for fold in (0, 1)]
    return min(readings), max(readings)


def readings(day: date, at: time, zone: str) -> tuple[datetime, datetime]:
    """The earlier and the later instant that a local wall time may mean."""
    return _instants(day, at, ZoneInfo(zone))


def _window(rule: PermittedHours, day: date, zone: ZoneInfo) -> Window:
    return _instants(day, rule.opens, zone)[1], _instants(day, rule.closes, zone)[0]


@lru_cache(maxsize=4096)
def local_date(instant: datetime, zone: str) -> date:
    """Kept, because one decision asks for the same few dozens of times."""
    return instant.astimezone(ZoneInfo(zone)).date()


@lru_cache(maxsize=4096)
def start_of_day(day: date, zone: str) -> datetime:
    """First instant of a local day, in UTC; where the clocks skip midnight, the instant of the change."""
    early, late = _instants(day, time(0), ZoneInfo(zone))
    if local_date(early, zone) == day:
        return early
    while late - early > timedelta.resolution:
        middle = early + (late - early) / 2
        early, late = (middle, late) if local_date(middle, zone) < day else (early, middle)
    return late


def rules_for(
    packs: Iterable[LawPack], channel: Channel, role: PartyRole | None = None
) -> list[PermittedHours]:
    """role: whom the contact is with; None for rules of every party."""
    return [
        rule
        for pack in packs
        for rule in pack.hours
        if channel in rule.channels and rule.scope.covers_party(role)
    ]


def binding_closure(
    rules: Iterable[PermittedHours], zones: Iterable[str], instant: datetime
) -> PermittedHours | None:
    """The first rule that forbids the instant, or None when every rule permits it in every zone."""
    for rule in rules:
        for zone in zones:
            opens, closes = _window(rule, local_date(instant, zone), ZoneInfo(zone))
            if not opens <= instant < closes:
                return rule
    return None


def next_window(
    rules: list[PermittedHours], zones: tuple[str, ...], not_before: datetime, shut: Sequence[Window] = ()
) -> Window | None:
    """The next stretch in which every rule permits contact in every zone, cut to start at `not_before`.

    shut: what is taken away from it. Returns None when nothing is left within two weeks (zones too far
    apart).
    """
    for days in (_NEAR_DAYS, HORIZON_DAYS):
        found = _windows(rules, zones, not_before, shut, days)
        if found:
            return found[0]
    return None


def _windows(
    rules: list[PermittedHours],
    zones: tuple[str, ...],
    not_before: datetime,
    shut: Sequence[Window],
    days: int,
) -> list[Window]:
    """Of the hours of so many days; those of later days lie behind them and cannot come before."""
    bounded = bool(rules and zones) or bool(shut)
    common = [(not_before, not_before + timedelta(days=HORIZON_DAYS if bounded else 1))]
    for rule in rules:
        for zone in zones:
            first = local_date(not_before, zone) - timedelta(days=1)
            windows = [_window(rule, first + timedelta(days=n), ZoneInfo(zone)) for n in range(days + 2)]
            common = _intersect(common, windows)
    for closed in shut:
        common = _without(common, closed)
    return common


def contact_closure(
    rules: list[PermittedHours], zones: tuple[str, ...], instant: datetime
) -> PermittedHours | None:
    """The first rule that forbids a contact which begins at the instant, the closing lead counted in."""
    return binding_closure(rules, zones, instant) or binding_closure(rules, zones, instant + CLOSING_LEAD)


def contact_window(
    rules: list[PermittedHours], zones: tuple[str, ...], not_before: datetime, shut: Sequence[Window] = ()
) -> Window | None:
    """The next stretch in which a contact may begin; None as for `next_window`."""
    for days in (_NEAR_DAYS, HORIZON_DAYS):
        for opens, closes in _windows(rules, zones, not_before, shut, days):
            if closes - opens > CLOSING_LEAD:
                return opens, closes - CLOSING_LEAD
    return None


def _intersect(left: list[Window], right: list[Window]) -> list[Window]:
    pairs = ((max(a[0], b[0]), min(a[1], b[1])) for a in left for b in right)
    return sorted(pair for pair in pairs if pair[0] < pair[1])


def _without(windows: list[Window], shut: Window) -> list[Window]:
    """What is left of each, in order."""
    left = []
    for opens, closes in windows:
        pieces = ((opens, min(closes, shut[0])), (max(opens, shut[1]), closes))
        left += [piece for piece in pieces if piece[0] < piece[1]]
    return left
