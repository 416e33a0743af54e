"""docs/asvs.md: each item of levels 1 and 2 of the standard once, and none holds without a test of it."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "asvs.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.split("|")[1:-1]] for line in TEXT.splitlines() if re.match(r"\| \d", line)
]
ITEMS = (Path(__file__).parent / "asvs-5.0.0.txt").read_text(encoding="utf-8").split("\n")[:-1]
"""Of the standard: number and level, a line each."""


def test_each_item_of_the_standard_stands_there_once_in_its_order_with_its_level() -> None:
    assert [f"{item} {level}" for item, level, *_ in ROWS] == ITEMS
    assert len(set(ITEMS)) == len(ITEMS) == 253


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_what_holds_is_shown_by_tests_that_exist_and_what_does_not_says_why(row: list[str]) -> None:
    _, _, title, state, shown = row
    assert title
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", shown)
    assert state in {"holds", "not applicable", "open"}
    assert bool(named) is (state == "holds"), shown
    assert shown
    for path, test in named:
        assert re.search(rf"def {test}\(", (ROOT / path).read_text(encoding="utf-8")), f"{path}::{test}"


def test_the_sums_are_those_of_the_rows() -> None:
    states = Counter(row[3] for row in ROWS)
    said = re.search(r"Of (\d+) items (\d+) hold, (\d+) are not applicable and (\d+) are open", TEXT)
    assert said
    expected = [len(ROWS), states["holds"], states["not applicable"], states["open"]]
    assert [int(number) for number in said.groups()] == expected
