"""Each line of the conformance tables is asked of the gate: what the law permits, and what it does not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby
from typing import Any

import pytest

from recourse.domain.law.gate import examine, gate
from recourse.domain.law.rules import Disclosure, LawPack, NoticeRule, PartyRule
from recourse.domain.law.verdict import Allowed, Check, Refused, Verdict
from recourse.domain.situation import PartyRole
from recourse.packs.loader import PackBook, Place, load_packs
from tests.law.table import LawCase, Table, effect, instant, situation, tables

TABLES = tables()
LINES = [
    pytest.param(table, case, id=f"{table.pack}: {case.says}") for table in TABLES for case in table.cases
]
KINDS = (
    "hours", "caps", "conversation_waits", "rest_days", "restrictions", "consent", "parties", "holds",
    "notices", "least_unpaid", "locate_basis", "handover",
)  # fmt: skip
HOUSE_RULES = (
    "house_debt", "house_law", "house_hold", "house_ceased", "house_represented", "house_contact_point",
    "house_inconvenient_place", "house_inconvenient_time", "house_promise", "house_steps", "house_notice",
)  # fmt: skip
"""Of the gate itself, in no pack."""
AT_LEAST = {"CN": 40, "US": 40} | dict.fromkeys(
    ("US-MA", "US-CO", "US-WI", "UK", "IN", "EU", "DE", "HOUSE"), 15
)


def problem(table: Table, case: LawCase, book: PackBook, without: str = "") -> str | None:
    """How the gate's answer is not the line's; None when it is. without: a rule that is not asked."""
    zone = (case.zones or [table.zone])[0]
    now, asked = instant(case.at, zone), situation(case, zone)
    region = case.region or table.region
    place = Place(region, case.lender or region, case.collector, case.product)
    packs = book.packs_for(place, case.on or now.date())
    verdict: Verdict = gate(effect(case, zone), asked, packs, now)
    if without:
        verdict = _answer(examine(effect(case, zone), asked, packs, now), without)
    if case.refused is None or not isinstance(verdict, Refused):
        return None if (case.refused is None) is not isinstance(verdict, Refused) else f"{verdict}"
    if verdict.code != case.refused:
        return f"{verdict}"
    refusing = {check.rule for check in examine(effect(case, zone), asked, packs, now) if check.refusal}
    if case.rule is not None and case.rule not in refusing:
        return f"refused by {refusing}"
    if case.opens is not None and verdict.opens_at != instant(case.opens, zone):
        return f"opens at {verdict.opens_at}"
    return None


@pytest.mark.parametrize(("table", "case"), LINES)
def test_the_gate_answers_as_the_law_does(table: Table, case: LawCase) -> None:
    assert problem(table, case, load_packs()) is None


def _answer(checks: Iterable[Check], without: str) -> Verdict:
    """The gate's answer as its first question with a no would give it, had it never asked one rule."""
    for _, asked in groupby(checks, key=lambda check: check.question):
        refusals = [check.refusal for check in asked if check.refusal and check.rule != without]
        if refusals:
            return refusals[0]
    return Allowed()


@pytest.mark.parametrize("rule", HOUSE_RULES)
def test_without_any_question_of_the_house_some_line_is_answered_wrongly(rule: str) -> None:
    named = [(table, case) for table in TABLES for case in table.cases if case.rule == rule]
    assert [case for table, case in named if problem(table, case, load_packs())] == []
    assert [case for table, case in named if problem(table, case, load_packs(), without=rule)]


def test_every_question_of_the_house_that_can_refuse_is_among_them() -> None:
    seen = set()
    for table in TABLES:
        for case in table.cases:
            zone, region = (case.zones or [table.zone])[0], case.region or table.region
            now = instant(case.at, zone)
            packs = load_packs().packs_for(Place(region, case.lender or region), now.date())
            checks = examine(effect(case, zone), situation(case, zone), packs, now)
            seen |= {check.rule for check in checks if check.refusal and not check.pack}
    assert seen == set(HOUSE_RULES)


@pytest.mark.parametrize("kind", KINDS)
def test_without_any_rule_some_line_is_answered_wrongly(kind: str) -> None:
    """A rule that nobody would miss could be lost and nobody would see it."""
    book, missed = load_packs(), []
    for law in book.laws.values():
        for rule in getattr(law, kind):
            if isinstance(rule, PartyRule) and _only_permits(rule, law):
                continue
            if isinstance(rule, NoticeRule) and not rule.before:
                continue  # nothing waits for it
            kept = tuple(other for other in getattr(law, kind) if other is not rule)
            change: dict[str, Any] = {kind: kept}
            without = PackBook(book.laws | {law.id: replace(law, **change)}, book.strategies)
            named = [(t, case) for t in TABLES for case in t.cases if case.rule == rule.code]
            if all(problem(t, case, without) is None for t, case in named):
                missed.append(rule.code)
    assert missed == []


def test_every_jurisdiction_has_its_table() -> None:
    lines = Counter(table.pack for table in TABLES for _ in table.cases)
    assert {pack: min(lines[pack], least) for pack, least in AT_LEAST.items()} == AT_LEAST
    assert {table.pack for table in TABLES} >= set(load_packs().laws)


def _only_permits(rule: PartyRule, law: LawPack) -> bool:
    """It refuses nobody: every role has a rule in its pack, and those of this one may be told everything."""
    everybody = {role for other in law.parties for role in other.roles} == set(PartyRole)
    return everybody and rule.may_be_told == set(Disclosure) and not rule.only_if_unreachable


def test_no_two_lines_of_a_table_say_the_same() -> None:
    for table in TABLES:
        twice = [says for says, count in Counter(case.says for case in table.cases).items() if count > 1]
        assert twice == [], table.pack
