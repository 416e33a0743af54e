"""docs/experiments.md: its example loads, and it names every reason for which a case stays."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from recourse.cli.migrating import REMEDIES
from recourse.domain.strategy.migration import Obstacle
from recourse.packs.experiments import load_experiments
from recourse.packs.loader import load_packs

DOCUMENT = (Path(__file__).parents[3] / "docs" / "experiments.md").read_text(encoding="utf-8")


def test_the_example_is_one_that_loads(tmp_path: Path) -> None:
    file = tmp_path / "experiments.yaml"
    file.write_text(re.findall(r"```yaml\n(.*?)```", DOCUMENT, re.DOTALL)[0], encoding="utf-8")
    old = load_packs().strategy("cn_auto@2026-11-27")
    new = replace(old, version="2027-01-01")
    [one] = load_experiments(file, {s.name: s for s in (old, new)})
    assert [arm.name for arm in one.all_arms] == ["holdout", "challenger"]


def test_every_reason_to_stay_stands_there_with_its_remedy() -> None:
    told = set(re.findall(r"^\| `(\w+)` \|", DOCUMENT, re.MULTILINE))
    assert told == {code.value for code in Obstacle} == set(REMEDIES)
