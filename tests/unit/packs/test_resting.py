"""Rest days become plain dates when the rules of a day are looked up, and the table overrules the library."""

from __future__ import annotations

from datetime import date

import pytest

from recourse.domain.law.resting import RestDay
from recourse.packs.laws import load_law
from recourse.packs.loader import Place, load_packs
from recourse.packs.record import rules_from_json, rules_to_json
from recourse.packs.resting import installed_overrides, read_overrides, with_rest_days
from recourse.packs.strict import PackError

LAW = """
id: XX
version: "1"
title: Somewhere
regions: [XX]
rest_days:
  - code: rest
    channels: [visit]
    calendar: {calendar}
    weekdays: {weekdays}
    source: {{title: a source, mark: general_knowledge}}
"""
TABLE = """
DE:
  announced_to: 2026
  added: [{day: 2026-11-06, name: a day of ours, source: the gazette, provisional: true}]
  removed: [{day: 2026-10-03, name: worked, source: the gazette, provisional: false}]
DE-BY:
  added: [{day: 2026-11-05, name: only in Bavaria, source: the gazette, provisional: false}]
"""


def _days(calendar: str, year: int, table: str = "{}", weekdays: str = "[]") -> dict[date, RestDay]:
    law = load_law("xx.yaml", LAW.format(calendar=calendar, weekdays=weekdays))
    [rule] = with_rest_days(law, year, read_overrides("overrides.yaml", table)).rest_days
    return {day.on: day for day in rule.days}


def test_the_year_and_its_neighbours_are_known() -> None:
    assert {day.year for day in _days("DE", 2026)} == {2025, 2026, 2027}
    assert _days("DE", 2026)[date(2026, 12, 25)].name.startswith("Christmas Day")


def test_a_part_of_a_country_has_days_of_its_own() -> None:
    assert date(2026, 1, 6) in _days("DE-BY", 2026)
    assert date(2026, 1, 6) not in _days("DE", 2026)


def test_the_table_adds_and_removes_and_a_part_has_the_days_of_the_whole() -> None:
    germany, bavaria = _days("DE", 2026, TABLE), _days("DE-BY", 2026, TABLE)
    assert germany[date(2026, 11, 6)] == RestDay(date(2026, 11, 6), "a day of ours", provisional=True)
    assert date(2026, 10, 3) not in germany
    assert date(2026, 11, 5) not in germany
    assert bavaria.keys() >= {date(2026, 11, 5), date(2026, 11, 6)}


def test_a_removed_day_is_worked_whatever_the_day_of_the_week() -> None:
    law = load_law("xx.yaml", LAW.format(calendar="DE", weekdays="[6, 7]"))
    [rule] = with_rest_days(law, 2026, read_overrides("overrides.yaml", TABLE)).rest_days
    assert not rule.rests_on(date(2026, 10, 3))  # a Saturday
    assert rule.rests_on(date(2026, 10, 10))


def test_days_of_a_year_that_is_not_announced_yet_are_provisional() -> None:
    days = _days("DE", 2026, TABLE)
    assert days[date(2027, 1, 1)].provisional
    assert not days[date(2026, 1, 1)].provisional


def test_a_day_that_the_moon_decides_is_provisional() -> None:
    estimated = [day for day in _days("IN", 2027).values() if day.on.year == 2027 and day.provisional]
    assert estimated
    assert not _days("IN", 2027)[date(2027, 12, 25)].provisional


def test_a_rule_that_is_a_draft_makes_its_days_provisional() -> None:
    [pack] = load_packs().packs_for(Place("IN", "IN"), date(2026, 11, 6))
    [rule] = pack.rest_days
    diwali = rule.rest_day(date(2026, 11, 8))
    assert diwali is not None
    assert (diwali.name, diwali.provisional) == ("Diwali", True)


def test_the_dates_stand_in_the_recorded_rules() -> None:
    book = load_packs()
    place = Place("DE", "DE")
    rules = book.rules(book.default_strategy("DE").name, place, date(2026, 11, 6))
    assert rules_from_json(rules_to_json(rules)) == rules
    [days] = [rule.days for pack in rules.packs for rule in pack.rest_days]
    assert RestDay(date(2026, 12, 25), "Christmas Day") in days


@pytest.mark.parametrize(
    ("table", "named"),
    [
        ("- CN", "table of countries"),
        ("ZZ: {added: []}", "no calendar ZZ"),
        ("DE-XX: {added: []}", "no part XX"),
        ("DE: {added: [{day: 2026-11-06, name: x, provisional: true}]}", "source"),
        ("DE: {moved: []}", "moved"),
        ("NO: {added: []}", "quotes"),
        (
            "DE: {added: [{day: 2026-11-06, name: x, source: s, provisional: true}], "
            "removed: [{day: 2026-11-06, name: x, source: s, provisional: true}]}",
            "both added and removed",
        ),
    ],
)
def test_a_table_that_cannot_be_meant_is_refused_with_its_field(table: str, named: str) -> None:
    with pytest.raises(PackError, match=named):
        read_overrides("overrides.yaml", table)


@pytest.mark.parametrize(
    ("calendar", "weekdays", "named"),
    [("ZZ", "[]", "no calendar ZZ"), ("DE", "[0]", "weekdays"), ('""', "[]", "no day would rest")],
)
def test_a_rule_that_cannot_be_meant_is_refused_with_its_field(
    calendar: str, weekdays: str, named: str
) -> None:
    with pytest.raises(PackError, match=named):
        load_law("xx.yaml", LAW.format(calendar=calendar, weekdays=weekdays))


def test_the_table_inside_the_package_can_be_read() -> None:
    assert installed_overrides()["CN"].announced_to == 2026
