"""An operator may be stricter than the law and never less strict (CollectionONE's switch)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recourse.domain.ids import ContactPointId, PersonId
from recourse.domain.law.gate import gate
from recourse.domain.law.rules import LawPack
from recourse.domain.law.verdict import Allowed, ContactEffect, RefusalCode, Refused
from recourse.domain.situation import Attempt, Channel
from recourse.packs.loader import Place, load_packs, with_house_rules
from recourse.packs.strict import PackError
from tests.law.table import LawCase, situation
from tests.law.test_no_breach import attempts

NOW = datetime(2026, 11, 6, 4, 0, tzinfo=UTC)
"""Twelve o'clock in Shanghai."""
CHINA = Place("CN", "CN")
ONE_CALL = """
id: HOUSE
version: "2026-11-27"
title: House rules
regions: []
caps:
  - code: one_call_a_day
    channels: [call]
    counts: attempt
    per: person
    limit: 1
    window_days: null
    source: {title: "decision of the board", mark: general_knowledge}
"""
CALL = ContactEffect(Channel.CALL, PersonId("borrower"), ContactPointId("borrower-1"))


def _file(folder: Path, text: str) -> Path:
    file = folder / "house.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_house_rule_is_asked_beside_the_law_and_named(tmp_path: Path) -> None:
    book = with_house_rules(load_packs(), _file(tmp_path, ONE_CALL))
    packs = book.packs_for(CHINA, NOW.date())
    assert [pack.id for pack in packs] == ["CN", "HOUSE"]
    called = ["2026-11-06 09:00 call not_connected"]
    asked = situation(LawCase(says="", at="2026-11-06 12:00", do="call", history=called), "Asia/Shanghai")
    assert isinstance(gate(CALL, asked, load_packs().packs_for(CHINA, NOW.date()), NOW), Allowed)
    refused = gate(CALL, asked, packs, NOW)
    assert isinstance(refused, Refused)
    assert (refused.code, refused.source) == (RefusalCode.CAP_REACHED, "decision of the board")


def test_house_rules_permit_nothing_where_there_is_no_law(tmp_path: Path) -> None:
    book = with_house_rules(load_packs(), _file(tmp_path, ONE_CALL))
    assert book.packs_for(Place("FR", "FR"), NOW.date()) == ()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("regions: []", "regions: [CN]"), "regions, layer_of: leave them out"),
        (("id: HOUSE", "id: US"), "id: US is a law pack already"),
        (("limit: 1", "limit: none"), "caps.0.limit"),
    ],
)
def test_house_rules_that_cannot_be_used_are_refused_by_their_field(
    tmp_path: Path, change: tuple[str, str], says: str
) -> None:
    with pytest.raises(PackError, match=says):
        with_house_rules(load_packs(), _file(tmp_path, ONE_CALL.replace(*change)))


def test_house_rules_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(PackError, match=r"house\.yaml: cannot be read"):
        with_house_rules(load_packs(), tmp_path / "house.yaml")


laws = st.lists(st.sampled_from([load_packs().laws[key] for key in sorted(load_packs().laws)]), max_size=3)


@given(laws, laws, st.lists(attempts, max_size=8), st.integers(0, 287), st.sampled_from(Channel))
def test_one_more_pack_never_allows_what_was_refused(
    packs: list[LawPack], more: list[LawPack], history: list[Attempt], moment: int, channel: Channel
) -> None:
    now = NOW + timedelta(minutes=5 * moment)
    case = LawCase(says="", at="2026-11-06 12:00", do="call")
    asked = replace(situation(case, "Asia/Shanghai"), attempts=tuple(history))
    effect = ContactEffect(channel, PersonId("borrower"), ContactPointId("borrower-1"))
    before = gate(effect, asked, tuple(packs), now)
    after = gate(effect, asked, (*packs, *more), now)
    assert not packs or isinstance(before, Allowed) or isinstance(after, Refused)
