"""The numbers of the law typed once more, and counted by hand: a checker that shares no code with the gate.

Deliberately naive: local clocks are compared as text, windows are walked attempt by attempt. It says what is
forbidden, never what is wise, so whatever it forbids the gate must have refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from recourse.domain.situation import Attempt

HOURS = {
    "CN": ("08:00", "22:00"),
    "DE": ("08:00", "20:00"),
    "IN": ("08:00", "19:00"),
    "UK": ("08:00", "21:00"),
    "US": ("08:00", "21:00"),
    "US-CO": ("08:00", "21:00"),
    "US-MA": ("08:00", "21:00"),
    "US-WI": ("08:00", "21:00"),
}
CALLS_A_DAY = {"DE": 2, "IN": 3, "UK": 2}
"""Attempts, not conversations."""
PERHAPS_TALKED = {"connected", "claimed", "unknown"}


def breaches(
    place: str,
    channel: str,
    number: str,
    zones: Sequence[str],
    history: Sequence[Attempt],
    now: datetime,
    away: frozenset[str] = frozenset(),
) -> list[str]:
    """What one more contact with the borrower of L-1, now, on this number, would break. away: the numbers
    that are not known to be his home or his own mobile."""
    found = [f"hours in {zone}" for zone in zones if not _open(HOURS[place], zone, now)]
    made = [a for a in history if a.outcome.value != "not_sent" and not a.inbound]
    mine = [a for a in made if a.person_id == "borrower"]
    if (
        channel in {"sms", "email"}
        and _most_on_a_day([a for a in mine if a.channel in ("sms", "email")], zones, now) >= 2
    ):
        found.append("two messages a day")
    calls = [a for a in mine if a.channel.value == "call"]
    if channel == "call" and place in CALLS_A_DAY and _most_on_a_day(calls, zones, now) >= CALLS_A_DAY[place]:
        found.append("calls a day")
    if place == "CN" and channel == "call":
        if _most_on_a_day([a for a in calls if a.outcome.value in PERHAPS_TALKED], zones, now) >= 3:
            found.append("three conversations a day")
        dialled = [a for a in made if a.channel.value == "call" and a.contact_point_id == number]
        if _most_on_a_day(dialled, zones, now) >= 6:
            found.append("six dials a day")
    if place.startswith("US") and channel == "call":
        found += _regulation_f(zones, history, [a for a in calls if a.loan_id == "L-1"], now)
    if place == "US-MA":
        found += _massachusetts(channel, number in away, [a for a in mine if a.loan_id == "L-1"], away, now)
    return found


def _regulation_f(
    zones: Sequence[str], history: Sequence[Attempt], calls: Sequence[Attempt], now: datetime
) -> list[str]:
    """calls: made by us about the debt. Where the last call ended with his asking for this one, it may be
    made."""
    touched = [
        a
        for a in history
        if a.channel.value == "call"
        and a.outcome.value != "not_sent"
        and a.person_id == "borrower"
        and a.loan_id == "L-1"
    ]
    if _asked_for(touched, now):
        return []
    found = []
    uninvited = [a for a in calls if not _asked_for(touched, a.at)]
    if len([a for a in uninvited if now - a.at < timedelta(days=7)]) >= 7:
        found.append("seven calls in seven days")
    talks = [a.at for a in touched if a.outcome.value in PERHAPS_TALKED]
    if any((_day(now, zone) - _day(talk, zone)).days < 7 for talk in talks for zone in zones):
        found.append("seven days after a conversation")
    return found


def _asked_for(touched: Sequence[Attempt], at: datetime) -> bool:
    before = [a for a in touched if a.at < at]
    last = None
    for attempt in before:
        if last is None or attempt.at > last.at:
            last = attempt
    return last is not None and last.asked_back and at - last.at <= timedelta(days=7)


def _massachusetts(
    channel: str, is_away: bool, about: Sequence[Attempt], away: frozenset[str], now: datetime
) -> list[str]:
    found = []
    rung = [a for a in about if a.channel.value in {"call", "sms"}]
    if channel in {"call", "sms"}:
        if len([a for a in rung if now - a.at < timedelta(days=7)]) >= 2:
            found.append("two calls or texts in seven days")
        elsewhere = [a for a in rung if a.contact_point_id in away]
        if is_away and len([a for a in elsewhere if now - a.at < timedelta(days=30)]) >= 2:
            found.append("two calls or texts elsewhere in thirty days")
    visits = [a for a in about if a.channel.value == "visit"]
    if channel == "visit" and [a for a in visits if now - a.at < timedelta(days=30)]:
        found.append("a visit in thirty days")
    return found


VISITS_REST = {
    "CN": "2026-10-01 2026-10-02 2026-10-03 2026-10-04 2026-10-05 2026-10-06 2026-10-07",
    "DE": "2026-10-03 2026-12-25 2026-12-26",
    "IN": "2026-10-02 2026-10-20 2026-11-08 2026-11-24 2026-12-25",
}
"""Of the last quarter of 2026; elsewhere none."""


def bad_times(
    place: str, channel: str, zones: Sequence[str], told: Sequence[tuple[str, str, str]], now: datetime
) -> list[str]:
    """What the time of a contact in the last quarter of 2026 would break. told: weekday, from, to."""
    found = [f"hours in {zone}" for zone in zones if not _open(HOURS[place], zone, now)]
    for zone in zones:
        local = now.astimezone(ZoneInfo(zone))
        rests = f"{local:%Y-%m-%d}" in VISITS_REST.get(place, "").split() or (
            place == "DE" and f"{local:%a}" == "Sun"
        )
        if rests and (channel == "visit" or (channel == "call" and place in {"DE", "IN"})):
            found.append(f"rest day in {zone}")
        yesterday = local - timedelta(days=1)
        for day, begins, ends in told:
            overnight = ends <= begins
            if f"{local:%a}" == day and begins <= f"{local:%H:%M}" and (overnight or f"{local:%H:%M}" < ends):
                found.append(f"named time in {zone}")
            if overnight and f"{yesterday:%a}" == day and f"{local:%H:%M}" < ends:
                found.append(f"named night in {zone}")
    return found


def _open(hours: tuple[str, str], zone: str, now: datetime) -> bool:
    return hours[0] <= f"{now.astimezone(ZoneInfo(zone)):%H:%M}" < hours[1]


def _day(instant: datetime, zone: str) -> datetime:
    local = instant.astimezone(ZoneInfo(zone))
    return datetime(local.year, local.month, local.day)  # noqa: DTZ001 (days are subtracted)


def _most_on_a_day(attempts: Sequence[Attempt], zones: Sequence[str], now: datetime) -> int:
    """In the place where it is the most."""
    return max(sum(_day(a.at, zone) == _day(now, zone) for a in attempts) for zone in zones)
