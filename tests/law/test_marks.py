"""How sure each answer is: the mark of the rule's source goes with what it says."""

from __future__ import annotations

from recourse.domain.law.gate import examine
from recourse.domain.law.rule import Mark
from recourse.packs.loader import Place, load_packs
from tests.law.table import effect, instant, situation, tables

BOOK = load_packs()


def test_every_answer_has_the_mark_of_its_rule_and_what_no_law_says_is_marked_as_the_houses() -> None:
    marks = {(law.name, rule.code): rule.source.mark for law in BOOK.laws.values() for rule in law.rules()}
    seen: set[Mark] = set()
    for table in tables():
        for case in table.cases:
            zone, region = (case.zones or [table.zone])[0], case.region or table.region
            now = instant(case.at, zone)
            packs = BOOK.packs_for(Place(region, case.lender or region, case.collector), now.date())
            for check in examine(effect(case, zone), situation(case, zone), packs, now):
                wanted = marks[check.pack, check.rule] if check.pack else Mark.HOUSE
                assert (check.rule, check.mark) == (check.rule, wanted)
                seen.add(check.mark)
    assert seen == set(Mark)


def test_a_rule_that_calls_itself_a_house_rule_is_marked_as_one_and_no_other_is() -> None:
    for law in BOOK.laws.values():
        for rule in law.rules():
            assert rule.source.title.startswith("house rule") is (rule.source.mark is Mark.HOUSE), rule.code
