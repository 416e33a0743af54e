"""Each line of the conformance tables is asked of the gate: what the law permits, and what it does not."""

from __future__ import annotations

from collections import Counter

import pytest

from recourse.domain.law.gate import examine, gate
from recourse.domain.law.rules import Disclosure, LawPack, PartyRule
from recourse.domain.law.verdict import Refused
from recourse.domain.situation import PartyRole
from recourse.packs.loader import Place, load_packs
from tests.law.table import LawCase, Table, effect, instant, situation, tables

TABLES = tables()
LINES = [
    pytest.param(table, case, id=f"{table.pack}: {case.says}") for table in TABLES for case in table.cases
]
AT_LEAST = {"CN": 40, "US": 40, "US-MA": 15, "UK": 15, "IN": 15, "EU": 15}


@pytest.mark.parametrize(("table", "case"), LINES)
def test_the_gate_answers_as_the_law_does(table: Table, case: LawCase) -> None:
    zone = (case.zones or [table.zone])[0]
    now, asked = instant(case.at, zone), situation(case, zone)
    region = case.region or table.region
    place = Place(region, case.lender or region, case.collector)
    on = case.on or now.date()
    packs = load_packs().packs_for(place, on)
    verdict = gate(effect(case), asked, packs, now)
    if case.refused is None:
        assert not isinstance(verdict, Refused), verdict
        return
    assert isinstance(verdict, Refused)
    assert verdict.code == case.refused, verdict
    if case.rule is not None:
        refusing = {check.rule for check in examine(effect(case), asked, packs, now) if check.refusal}
        assert case.rule in refusing
    if case.opens is not None:
        assert verdict.opens_at == instant(case.opens, zone)


def test_every_jurisdiction_has_its_table() -> None:
    lines = Counter(table.pack for table in TABLES for _ in table.cases)
    assert {pack: min(lines[pack], least) for pack, least in AT_LEAST.items()} == AT_LEAST
    assert {table.pack for table in TABLES} >= set(load_packs().laws) - {"DE"}


def test_every_rule_with_a_say_about_contacts_refuses_in_some_line() -> None:
    """A rule that no line shows refusing could be lost and nobody would see it."""
    kinds = ("hours", "caps", "conversation_waits", "consent", "parties", "holds", "locate_basis", "handover")
    rules = {
        rule.code
        for law in load_packs().laws.values()
        for kind in kinds
        for rule in getattr(law, kind)
        if not (isinstance(rule, PartyRule) and _only_permits(rule, law))
    }
    shown = {case.rule for table in TABLES for case in table.cases if case.rule is not None}
    assert rules - shown == set()


def _only_permits(rule: PartyRule, law: LawPack) -> bool:
    """It refuses nobody: every role has a rule in its pack, and those of this one may be told everything."""
    everybody = {role for other in law.parties for role in other.roles} == set(PartyRole)
    return everybody and rule.may_be_told == set(Disclosure) and not rule.only_if_unreachable


def test_no_two_lines_of_a_table_say_the_same() -> None:
    for table in TABLES:
        twice = [says for says, count in Counter(case.says for case in table.cases).items() if count > 1]
        assert twice == [], table.pack
