"""By when a dispute is to be answered: as the tables say, and never later for one more law."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recourse.domain.disputes import DisputeAnswer, DisputeKind
from recourse.domain.law import answers
from recourse.domain.law.rule import Mark, Source
from recourse.domain.law.rules import AcknowledgementRule, AnswerRule, LawPack
from recourse.packs.laws import load_law
from recourse.packs.loader import Place, load_packs
from recourse.packs.strict import PackError
from tests.law.table import AcknowledgementCase, AnswerCase, Table, instant, tables

LINES = [
    pytest.param(table, case, id=f"{table.pack}: {case.says}") for table in tables() for case in table.answers
]
TOLD = [
    pytest.param(table, case, id=f"{table.pack}: {case.says}")
    for table in tables()
    for case in table.acknowledgements
]
BOOK = load_packs()
LAWS = BOOK.laws
ZONES = ("Asia/Shanghai", "Europe/London", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo")


@pytest.mark.parametrize(("table", "case"), LINES)
def test_a_dispute_is_to_be_answered_by_the_day_of_the_table(table: Table, case: AnswerCase) -> None:
    opened = instant(case.opened, table.zone)
    packs = BOOK.packs_for(Place(table.region, case.lender or table.region), opened.date())
    found = answers.term(case.kind, packs, opened, table.zone)
    assert (found.answer_by, found.rule) == (case.by, case.rule)


@pytest.mark.parametrize(("table", "case"), TOLD)
def test_it_is_to_be_acknowledged_by_the_day_of_the_table(table: Table, case: AcknowledgementCase) -> None:
    opened = instant(case.opened, table.zone)
    packs = BOOK.packs_for(Place(table.region, table.region), opened.date())
    found = answers.acknowledgement(case.kind, packs, opened, table.zone)
    assert (found.answer_by if found else None, found.rule if found else None) == (case.by, case.rule)


def test_every_rule_of_acknowledgements_has_a_line_and_none_ends_after_the_answer() -> None:
    there = {rule.code for law in LAWS.values() for rule in law.acknowledgements}
    assert there <= {case.rule for table in tables() for case in table.acknowledgements}
    opened = datetime(2026, 11, 6, 12, tzinfo=UTC)
    for law in LAWS.values():
        for kind in DisputeKind:
            found = answers.acknowledgement(kind, [law], opened, "UTC")
            assert found is None or found.ends_at <= answers.term(kind, [law], opened, "UTC").ends_at


def test_every_rule_has_a_line() -> None:
    there = {rule.code for law in LAWS.values() for rule in law.answers}
    assert there <= {case.rule for table in tables() for case in table.answers}


@pytest.mark.parametrize("kind", DisputeKind)
def test_without_its_rules_a_pack_leaves_the_house_s_days(kind: DisputeKind) -> None:
    opened = datetime(2026, 11, 6, 12, tzinfo=UTC)
    silent = [replace(law, answers=()) for law in LAWS.values()]
    found = answers.term(kind, silent, opened, "UTC")
    assert (found.answer_by, found.pack, found.source.mark) == (date(2026, 12, 6), "", Mark.HOUSE)
    assert answers.term(kind, [], opened, "UTC") == found


def by_hand(opened: datetime, days: int, zone: str) -> date:
    """So many midnights after the day it came in."""
    day = opened.astimezone(ZoneInfo(zone)).date()
    for _ in range(days):
        day = date.fromordinal(day.toordinal() + 1)
    return day


def _pack(name: str, days: int, kinds: frozenset[DisputeKind]) -> LawPack:
    rule = AnswerRule(code=name, source=Source("x", Mark.GENERAL), kinds=kinds, days=days)
    return LawPack(id=name, version="1", title=name, regions=(), answers=(rule,))


NUMBERS = st.lists(st.integers(1, 400), max_size=4)
OPENED = st.integers(0, 15 * 365 * 24 * 60).map(
    lambda n: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=n)
)


@given(NUMBERS, OPENED, st.sampled_from(ZONES), st.sampled_from(DisputeKind))
def test_the_fewest_days_win_and_the_last_of_them_is_whole(
    numbers: list[int], opened: datetime, zone: str, kind: DisputeKind
) -> None:
    others = frozenset(DisputeKind) - {kind}
    packs = [_pack(f"P{n}", days, frozenset({kind})) for n, days in enumerate(numbers)]
    packs.append(_pack("other", 1, others))
    found = answers.term(kind, packs, opened, zone)
    assert found.answer_by == by_hand(opened, min(numbers, default=30), zone)
    last = found.ends_at - timedelta(microseconds=1)
    assert last.astimezone(ZoneInfo(zone)).date() == found.answer_by
    assert found.ends_at.astimezone(ZoneInfo(zone)).date() > found.answer_by
    assert found.ends_at > opened


@given(NUMBERS, OPENED, st.sampled_from(ZONES), st.sampled_from(DisputeKind))
def test_the_fewest_days_win_for_the_acknowledgement_too_and_nothing_is_wanted_where_no_law_says(
    numbers: list[int], opened: datetime, zone: str, kind: DisputeKind
) -> None:
    packs = [_telling(f"P{n}", days, frozenset({kind})) for n, days in enumerate(numbers)]
    packs.append(_telling("other", 1, frozenset(DisputeKind) - {kind}))
    found = answers.acknowledgement(kind, packs, opened, zone)
    wanted = by_hand(opened, min(numbers), zone) if numbers else None
    assert (found.answer_by if found else None) == wanted
    if found is not None:
        last = found.ends_at - timedelta(microseconds=1)
        assert last.astimezone(ZoneInfo(zone)).date() == found.answer_by


def _telling(name: str, days: int, kinds: frozenset[DisputeKind]) -> LawPack:
    rule = AcknowledgementRule(code=name, source=Source("x", Mark.GENERAL), kinds=kinds, days=days)
    return LawPack(id=name, version="1", title=name, regions=(), acknowledgements=(rule,))


@given(NUMBERS.filter(bool), st.integers(1, 400), OPENED, st.sampled_from(ZONES))
def test_one_more_law_never_gives_more_time(
    numbers: list[int], more: int, opened: datetime, zone: str
) -> None:
    kinds = frozenset(DisputeKind)
    packs = [_pack(f"P{n}", days, kinds) for n, days in enumerate(numbers)]
    before = answers.term(DisputeKind.DEBT, packs, opened, zone)
    after = answers.term(DisputeKind.DEBT, [*packs, _pack("more", more, kinds)], opened, zone)
    assert after.answer_by <= before.answer_by


@pytest.mark.parametrize("pack", ["CN", "US", "UK", "IN", "EU", "AU"])
def test_a_debt_that_was_rightly_disputed_stays_protected(pack: str) -> None:
    packs = [LAWS[pack]]
    kept = {one for one in DisputeAnswer if answers.keeps_hold(DisputeKind.DEBT, one, packs)}
    assert kept == {DisputeAnswer.UPHELD}
    assert not answers.keeps_hold(DisputeKind.DEBT, DisputeAnswer.UPHELD, [])


RULE = "  - {code: x, kinds: [debt], days: 30, source: {title: t, mark: house}}\n"
PACK = 'id: XX\nversion: "1"\ntitle: x\nregions: [XX]\nanswers:\n'


@pytest.mark.parametrize(
    ("rules", "names"),
    [
        (RULE.replace("days: 30", "days: 0"), r"answers\.0\.days"),
        (RULE.replace("days: 30", "days: 367"), r"answers\.0\.days"),
        (RULE.replace("[debt]", "[]"), r"answers\.0\.kinds"),
        (RULE.replace("[debt]", "[quarrel]"), r"answers\.0\.kinds"),
        (RULE + RULE.replace("code: x", "code: y"), "the kind debt stands twice"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_its_field(rules: str, names: str) -> None:
    assert load_law("xx", PACK + RULE).answers[0].days == 30
    with pytest.raises(PackError, match=names):
        load_law("xx", PACK + rules)
    told = PACK.replace("answers:", "acknowledgements:") + rules
    with pytest.raises(PackError, match=names.replace("answers", "acknowledgements")):
        load_law("xx", told)
