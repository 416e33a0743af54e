"""Experiments and strategies of one's own: what could not be fair, lawful or told apart is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from recourse.domain.law.rule import Collector
from recourse.packs.experiments import load_experiments
from recourse.packs.loader import PackBook, load_packs, with_strategies
from recourse.packs.strict import PackError

CN = load_packs().strategy("cn_auto@2026-11-27")
NEWER = replace(CN, version="2027-01-01")
KNOWN = load_packs().strategies | {NEWER.name: NEWER}
Change = Callable[[Any], object]
SHIPPED = Path(__file__).parents[3] / "recourse" / "packs" / "strategies" / "cn_auto.yaml"


def _one(**values: object) -> dict[str, Any]:
    return {
        "id": "calls",
        "region": "CN",
        "effective_from": "2026-12-01",
        "effective_to": "2026-12-31",
        "salt": "one",
        "holdout": {"name": "holdout", "strategy": CN.name, "share": 2000},
        "arms": [{"name": "challenger", "strategy": NEWER.name, "share": 8000}],
    } | values


def _write(folder: Path, *experiments: dict[str, Any]) -> Path:
    file = folder / "experiments.yaml"
    file.write_text(yaml.safe_dump({"experiments": list(experiments)}), encoding="utf-8")
    return file


def test_an_experiment_runs_in_its_country_from_its_first_to_its_last_day(tmp_path: Path) -> None:
    later = _one(id="later", effective_from="2027-01-01", effective_to=None)
    book = PackBook({}, KNOWN, experiments=load_experiments(_write(tmp_path, _one(), later), KNOWN))

    def running(region: str, on: date) -> str | None:
        found = book.experiment(region, on)
        return found.id if found else None

    days = [date(2026, 11, 30), date(2026, 12, 1), date(2026, 12, 31), date(2027, 1, 1), date(2040, 1, 1)]
    assert [running("CN-31", day) for day in days] == [None, "calls", "calls", "later", "later"]
    assert {running("US", day) for day in days} == {None}


def test_an_experiment_is_not_for_a_collector_whom_one_of_its_ladders_is_not_for(tmp_path: Path) -> None:
    own = replace(NEWER, collectors=frozenset({Collector.CREDITOR}))
    known = KNOWN | {own.name: own}
    book = PackBook({}, known, experiments=load_experiments(_write(tmp_path, _one()), known))
    found = [book.experiment("CN", date(2026, 12, 1), who) for who in (*Collector, None)]
    assert [experiment is not None for experiment in found] == [True, False, True]


def test_a_ladder_that_is_only_tried_is_nobodys_default_however_new(tmp_path: Path) -> None:
    tried = load_experiments(_write(tmp_path, _one()), KNOWN)
    assert PackBook({}, KNOWN).default_strategy("CN") == NEWER
    assert PackBook({}, KNOWN, experiments=tried).default_strategy("CN") == CN


BAD: dict[str, tuple[Change, str]] = {
    "shares that do not add up": (lambda e: e["arms"][0].update(share=7999), "10000 together"),
    "an arm of nobody": (lambda e: e["arms"][0].update(share=0), "each 1 or more"),
    "a strategy that is not installed": (
        lambda e: e["arms"][0].update(strategy="cn_auto@9"), r"calls\.challenger\.strategy: cn_auto@9 is not"
    ),
    "a strategy of another law": (
        lambda e: e["arms"][0].update(strategy="us_auto@2026-11-27"), "within one law"
    ),
    "a holdout of another law": (
        lambda e: e["holdout"].update(strategy="us_auto@2026-11-27"), r"calls\.holdout\.strategy: .*law of US"
    ),
    "a name twice": (lambda e: e["arms"][0].update(name="holdout"), "a name stands twice"),
    "no arms": (lambda e: e.update(arms=[]), r"calls\.arms: none"),
    "an end before the beginning": (lambda e: e.update(effective_to="2026-11-01"), r"calls\.effective_to"),
    "an unknown key": (lambda e: e.update(colour="red"), r"experiments\.0\.colour: no such field"),
    "an unknown unit": (lambda e: e.update(unit="lender"), r"experiments\.0\.unit"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "said"), BAD.values(), ids=BAD)
def test_an_experiment_with_a_mistake_is_refused_by_its_field(
    tmp_path: Path, change: Change, said: str
) -> None:
    one = _one()
    change(one)
    with pytest.raises(PackError, match=said):
        load_experiments(_write(tmp_path, one), KNOWN)


def test_two_experiments_on_the_same_cases_are_refused(tmp_path: Path) -> None:
    other = _one(id="other", effective_from="2026-12-31", effective_to=None)
    with pytest.raises(PackError, match="calls and other both want the cases of CN"):
        load_experiments(_write(tmp_path, _one(), other), KNOWN)
    with pytest.raises(PackError, match="an id stands twice"):
        load_experiments(_write(tmp_path, _one(), _one()), KNOWN)


def test_a_folder_of_ones_own_adds_versions_and_replaces_none(tmp_path: Path) -> None:
    text = SHIPPED.read_text(encoding="utf-8")
    (tmp_path / "next.yaml").write_text(text.replace('"2026-11-27"', '"2027-01-01"'), encoding="utf-8")
    assert with_strategies(load_packs(), tmp_path).default_strategy("CN") == NEWER
    (tmp_path / "other.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(PackError, match=r"cn_auto@2026-11-27 is installed already"):
        with_strategies(load_packs(), tmp_path)
