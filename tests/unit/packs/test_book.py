"""Which of the installed packs and ladders a case has: by place, by day, by who collects."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from recourse.domain.law.rule import Collector
from recourse.domain.situation import Channel
from recourse.packs.laws import by_id, load_law
from recourse.packs.loader import PackBook, Place, load_packs
from recourse.packs.strategies import load_strategy
from recourse.packs.strict import PackError
from tests.unit.packs.test_loader import CN_LADDER, CN_LAW, PACKS, broken


@pytest.mark.parametrize(
    ("borrower", "lender", "packs"),
    [
        ("CN-31", "CN", ["CN"]),
        ("US-NY", "US", ["US"]),
        ("CN-31", "US", ["CN", "US"]),
        ("US-NY", "CN", ["US", "CN"]),
        ("US-MA", "US", ["US", "US-MA"]),
        ("US-TX", "US-CO", ["US", "US-CO"]),
        ("US-WI", "US-MA", ["US", "US-WI", "US-MA"]),
        ("GB-LND", "UK", ["UK"]),
        ("IN-MH", "IN", ["IN"]),
        ("DE-BE", "DE", ["EU", "DE"]),
        ("EU", "CN", []),
        ("FR", "CN", []),
        ("CN", "FR", []),
    ],
)
def test_the_laws_of_both_places_apply_or_nothing_is_permitted(
    borrower: str, lender: str, packs: list[str]
) -> None:
    found = load_packs().packs_for(Place(borrower, lender), date(2026, 11, 27))
    assert [law.id for law in found] == packs


def _caps(law: str, on: str, collector: Collector | None = None) -> list[int]:
    return [cap.limit for cap in load_law("cn", law).as_of(date.fromisoformat(on), collector).caps]


def test_a_new_version_of_a_rule_follows_the_old_one_on_its_day() -> None:
    def tightened(p: Any) -> None:
        [old] = p["caps"] = p["caps"][:1]
        old["effective_to"] = "2026-12-31"
        p["caps"].append(old | {"limit": 2, "effective_from": "2027-01-01", "effective_to": None})

    law = broken(CN_LAW, tightened)
    days = ["2020-01-01", "2026-12-31", "2027-01-01", "2040-01-01"]
    assert [_caps(law, day) for day in days] == [[3], [3], [2], [2]]


def test_a_rule_for_agencies_binds_no_creditor_and_everybody_of_whom_it_is_not_known() -> None:
    law = broken(
        CN_LAW,
        lambda p: p.update(caps=[p["caps"][0] | {"scope": {"collectors": ["third_party"]}}]),
    )
    day = "2026-11-27"
    assert _caps(law, day, Collector.CREDITOR) == []
    assert _caps(law, day, Collector.THIRD_PARTY) == _caps(law, day) == [3]


def test_two_packs_for_one_place_and_a_layer_over_nothing_are_refused() -> None:
    cn = load_law("cn", CN_LAW)
    with pytest.raises(PackError, match=r"^second: regions: first is for CN already"):
        by_id([("first", cn), ("second", cn)])
    alone = load_law("ma", (PACKS / "law" / "us-ma.yaml").read_text(encoding="utf-8"))
    with pytest.raises(PackError, match=r"^ma: layer_of: there is no pack US"):
        by_id([("ma", alone)])


def test_every_place_has_hours_and_caps_for_whatever_is_sent_without_a_person() -> None:
    """A channel without hours would be open at night."""
    book = load_packs()
    for pack in book.laws.values():
        packs = book.packs_for(Place(pack.id, pack.id), date(2026, 11, 27))
        if not pack.alone:
            assert packs == ()
            continue
        assert {c for law in packs for rule in law.hours for c in rule.channels} == set(Channel), pack.id
        capped = {c for law in packs for rule in law.caps for c in rule.channels}
        assert capped >= {Channel.EMAIL, Channel.SMS, Channel.CALL}, pack.id


def test_a_case_keeps_the_version_it_is_pinned_to_and_a_missing_one_is_named() -> None:
    book = load_packs()
    pinned = book.default_strategy("CN-31")
    assert book.strategy(pinned.name) is pinned
    with pytest.raises(PackError, match=r"cn_auto@1999: not installed.*have: .*us_auto@"):
        book.strategy("cn_auto@1999")


def test_a_ladder_that_cases_are_pinned_to_stays_installed_beside_the_newest() -> None:
    book = load_packs()
    assert book.strategy("cn_auto@2026-11-01").region == "CN"
    assert book.strategy("us_auto@2026-11-01").region == "US"
    newest = {s.id: s.version for s in book.strategies_for_new_cases()}
    assert newest == dict.fromkeys(
        ("au_auto", "cn_auto", "eu_auto", "in_auto", "uk_auto", "us_auto"), "2026-11-27"
    )


def test_the_newest_ladder_of_a_country_is_its_default_and_other_countries_take_the_house_one() -> None:
    older = load_strategy("l", broken(CN_LADDER, lambda p: p.update(version="2020-01-01")))
    book = load_packs()
    both = PackBook(book.laws, {older.name: older} | book.strategies)
    assert both.default_strategy("CN").version == book.strategies_for_new_cases()[0].version > "2020-01-01"
    assert both.default_strategy("FR-75").id == "us_auto"


@pytest.mark.parametrize(
    ("region", "collector", "ladder"),
    [
        ("GB-LND", None, "uk_auto"),
        ("UK", None, "uk_auto"),
        ("IN-MH", None, "in_auto"),
        ("AU-VIC", None, "au_auto"),
        ("DE-BY", Collector.CREDITOR, "eu_auto"),
        ("DE", None, "eu_auto"),
        ("DE", Collector.THIRD_PARTY, "us_auto"),
        ("US-MA", Collector.THIRD_PARTY, "us_auto"),
        ("CN-31", Collector.CREDITOR, "cn_auto"),
    ],
)
def test_a_place_has_the_ladder_that_its_law_is_for_and_its_collector_may_use(
    region: str, collector: Collector | None, ladder: str
) -> None:
    assert load_packs().default_strategy(region, collector).id == ladder


def test_the_nearest_law_that_a_ladder_is_made_for_wins() -> None:
    book = load_packs()
    german = replace(book.default_strategy("DE"), id="de_auto", region="DE", version="2020-01-01")
    both = PackBook(book.laws, {german.name: german} | book.strategies)
    assert both.default_strategy("DE-BE").id == "de_auto"
    assert both.default_strategy("EU").id == "eu_auto"


@pytest.mark.parametrize("languages", [["de"], ["en", "fr"]])
def test_a_ladder_in_a_language_that_nobody_writes_or_without_english_is_refused(
    languages: list[str],
) -> None:
    with pytest.raises(PackError, match=r"^l: languages: en, and any of zh, en, de"):
        load_strategy("l", broken(CN_LADDER, lambda p: p.update(languages=languages)))


def test_a_ladder_needs_its_texts_in_each_of_its_languages() -> None:
    with pytest.raises(PackError, match=r"there is no notice_written/de\.email\.txt"):
        load_strategy("l", broken(CN_LADDER, lambda p: p.update(languages=["en", "zh", "de"])))


def test_rules_that_do_not_change_are_kept_once_however_many_days_are_asked_for() -> None:
    installed, place = load_packs(), Place("CN", "CN", Collector.CREDITOR, "auto_loan")
    book = PackBook(installed.laws, installed.strategies)
    name = installed.default_strategy("CN").name
    days = [book.rules(name, place, date(2027, 1, day)) for day in range(1, 29)]
    assert len({id(rules) for rules in days}) == 1
    assert days[0].packs == book.packs_for(place, date(2027, 1, 28))
