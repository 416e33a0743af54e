"""The installed periods: dated data with sources, whole for every place, and strict to read."""

from __future__ import annotations

from datetime import date

import pytest

from recourse.domain.privacy.retention import ERASED, LoanFacts, due_of
from recourse.packs.loader import load_packs
from recourse.packs.retention import parse, retention_rules
from recourse.packs.strict import PackError

RULE = """
  - code: {code}
    region: US
    kept: contact
    clock: last_activity
    years: {years}
    source: "a source"
    mark: house
"""


@pytest.mark.parametrize("region", ["CN-31", "US-CA", "GB-LND", "DE", "EU", "IN", "AU", "UK"])
def test_every_class_has_a_period_with_a_source_everywhere(region: str) -> None:
    places = frozenset(load_packs().made_for(region))
    ended = date(2020, 1, 1)
    due = due_of(LoanFacts("L-1", places, ended, ended), retention_rules(), date(2026, 11, 27))
    assert {one.kept for one in due} == set(ERASED)
    assert all(one.source and one.on is not None for one in due)


def test_reg_f_keeps_records_three_years_after_the_last_activity() -> None:
    places = frozenset(load_packs().made_for("US-NY"))
    facts = LoanFacts("L-1", places, date(2020, 1, 1), date(2021, 5, 4))
    found = {one.kept.value: one for one in due_of(facts, retention_rules(), date(2026, 11, 27))}
    assert (found["contact"].rule, found["contact"].on) == ("us_records", date(2024, 5, 4))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("rules:" + RULE.format(code="a", years=3) + RULE.format(code="a", years=4), "a: stands twice"),
        ("rules:" + RULE.format(code="a", years=99), "years: must be 0 to 30"),
        ("rules:" + RULE.format(code="a", years=3).replace("kept", "keeps"), "keeps: no such field"),
        ("rules:" + RULE.format(code="a", years=3).replace("contact", "letters"), "kept"),
    ],
)
def test_a_file_that_cannot_be_meant_so_is_refused(text: str, says: str) -> None:
    with pytest.raises(PackError, match=says):
        parse("retention.yaml", text)
