"""Rest days as plain dates: from the `holidays` library, and from the table that overrules it.

The domain knows dates only. They are looked up for the year in question and its neighbours, so that the rules
of a decision name each day it was made by.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from importlib.resources import files
from typing import Any

from recourse.domain.law.resting import RestDay, Resting
from recourse.domain.law.rules import LawPack
from recourse.packs.strict import PackError, read_yaml, validate

_OVERRIDES = "holidays/overrides.yaml"
_ESTIMATED = "estimated"
"""How the library marks a day that is not certain yet, in English."""


@dataclass(frozen=True, slots=True)
class Override:
    """One day of the table, with where it is announced. Not `on`, which YAML takes for yes."""

    day: date
    name: str
    source: str
    provisional: bool


@dataclass(frozen=True, slots=True)
class Country:
    """announced_to: last year whose days are announced; None where days do not wait for that."""

    announced_to: int | None = None
    added: tuple[Override, ...] = ()
    removed: tuple[Override, ...] = ()


Overrides = dict[str, Country]


def read_overrides(name: str, text: str) -> Overrides:
    """Raises PackError."""
    value = read_yaml(name, text)
    if not isinstance(value, dict):
        raise PackError(f"{name}: not a table of countries; write `CN: {{added: [], removed: []}}`")
    found: Overrides = {}
    for calendar, country in value.items():
        if not isinstance(calendar, str):
            raise PackError(f'{name}: {calendar}: not a country; write it in quotes, as "NO"')
        check_calendar(f"{name}: {calendar}", calendar)
        found[calendar] = validate(f"{name}: {calendar}", country, Country)
        both = {o.day for o in found[calendar].added} & {o.day for o in found[calendar].removed}
        if both:
            raise PackError(f"{name}: {calendar}: {min(both)} is both added and removed; keep one of the two")
    return found


@lru_cache(maxsize=1)
def installed_overrides() -> Overrides:
    """The table inside the package. Raises PackError."""
    return read_overrides(_OVERRIDES, (files("recourse.packs") / _OVERRIDES).read_text(encoding="utf-8"))


def check_calendar(where: str, calendar: str) -> None:
    """Raises PackError for one that the library does not have."""
    from holidays import list_supported_countries

    country, _, part = calendar.partition("-")
    known = list_supported_countries()
    if country not in known:
        raise PackError(f"{where}: the library has no calendar {country}; see its list of countries")
    if part and part not in known[country]:
        parts = ", ".join(known[country]) or "none"
        raise PackError(f"{where}: the library has no part {part} of {country}; it has {parts}")


def with_rest_days(pack: LawPack, year: int, overrides: Overrides | None = None) -> LawPack:
    """The pack with the dates of the year, of the one before (it is another day elsewhere) and of the next
    (an opening is looked for ahead)."""
    table = installed_overrides() if overrides is None else overrides
    years = (year - 1, year, year + 1)
    return replace(
        pack,
        rest_days=tuple(_resolved(rule, years, table) for rule in pack.rest_days),
        office_days=tuple(_resolved(rule, years, table) for rule in pack.office_days),
    )


def _resolved(rule: Any, years: Iterable[int], overrides: Overrides) -> Any:
    if not rule.calendar:
        return rule
    days: dict[date, RestDay] = {}
    worked: set[date] = set()
    for year in years:
        found, exchanged = _library(rule.calendar, year)
        provisional = _not_announced(overrides, rule.calendar, year)
        days |= {day.on: replace(day, provisional=day.provisional or provisional) for day in found}
        worked |= set(exchanged)
        for country in _tables(overrides, rule.calendar):
            days |= {
                o.day: RestDay(o.day, o.name, o.provisional) for o in country.added if o.day.year == year
            }
            gone = {o.day for o in country.removed if o.day.year == year}
            days = {on: day for on, day in days.items() if on not in gone}
            worked |= gone
            worked -= {o.day for o in country.added}
    return replace(rule, days=tuple(days[on] for on in sorted(days)), worked=tuple(sorted(worked)))


def _tables(overrides: Overrides, calendar: str) -> list[Country]:
    """The country's table, then that of its part."""
    names = dict.fromkeys((calendar.partition("-")[0], calendar))
    return [overrides[name] for name in names if name in overrides]


def _not_announced(overrides: Overrides, calendar: str, year: int) -> bool:
    last = [c.announced_to for c in _tables(overrides, calendar) if c.announced_to is not None]
    return bool(last) and year > max(last)


@lru_cache(maxsize=256)
def _library(calendar: str, year: int) -> tuple[tuple[RestDay, ...], tuple[date, ...]]:
    """Public holidays, and days of a weekend that are worked in exchange."""
    from holidays import country_holidays

    country, _, part = calendar.partition("-")
    known = country_holidays(country, subdiv=part or None, years=year, language=_english(country))
    days = tuple(RestDay(on, known[on], _ESTIMATED in known[on]) for on in sorted(known) if on.year == year)
    exchanged = getattr(known, "weekend_workdays", None) or ()
    return days, tuple(sorted(on for on in exchanged if on.year == year))


def _english(country: str) -> str | None:
    """The library marks what is estimated in the language asked for; English where it speaks it."""
    from holidays import list_localized_countries

    languages = list_localized_countries().get(country, [])
    return next((name for name in ("en_US", "en_GB", "en") if name in languages), None)


def resting(pack: LawPack) -> Iterable[tuple[str, Resting]]:
    """Each rule of the pack that has days, with the field it stands in."""
    for kind in ("rest_days", "office_days"):
        for number, rule in enumerate(getattr(pack, kind)):
            yield f"{kind}.{number}", rule
