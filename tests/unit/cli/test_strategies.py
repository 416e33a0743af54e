"""`recourse strategy`: exit codes and what a person and a program are shown. No server is asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from recourse.cli import app
from recourse.packs.loader import load_packs

LENDERS_WISH = Path(__file__).parents[1] / "app" / "ladders" / "loan_tracker_38.yaml"
OWN = """
id: own
version: "1"
region: US
buckets: [{name: all, from_dpd: 0}]
promise: {}
steps:
  - {id: call, kind: task, stage: agent, day: 5, channel: call, task: call, team: agents}
"""


def said(*arguments: str | Path, **env: str) -> Result:
    return CliRunner().invoke(app, ["strategy", *map(str, arguments)], env={"COLUMNS": "400"} | env)


def test_the_installed_ladders_are_sound() -> None:
    result = said("lint")
    assert result.exit_code == 0, result.output
    assert "us_auto@2026-11-27 0 findings for US, US-CO, US-MA, US-WI" in result.output


def test_findings_are_told_with_rule_source_and_remedy_and_exit_with_one() -> None:
    result = said("lint", LENDERS_WISH)
    assert result.exit_code == 1
    for words in ("references", "12 CFR 1006.10", "us_location_information, US@", "address the borrower"):
        assert words in result.output


def test_the_same_as_json_for_the_regions_that_are_asked_for() -> None:
    result = said("lint", LENDERS_WISH, "--region", "CN", "--json")
    assert result.exit_code == 1
    [ladder] = json.loads(result.output)
    assert (ladder["strategy"], ladder["regions"]) == ("loan_tracker_38@1", ["CN"])
    [reference] = [f for f in ladder["findings"] if f["rule"]]
    assert reference["step"] == "references"
    assert reference["code"] == "may_not_be_told"
    assert set(reference) == {"code", "step", "what", "remedy", "level", "rule", "pack", "source"}


def test_a_region_without_law_is_a_finding() -> None:
    result = said("lint", "--region", "FR", "--json")
    assert result.exit_code == 1
    assert {f["code"] for ladder in json.loads(result.output) for f in ladder["findings"]} == {"no_law_pack"}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (None, "cannot be read"),
        ("id: own", "version"),
        ("steps: [", "not YAML"),
        (OWN + "stop: [{}]", "stop"),
    ],
)
def test_what_is_no_ladder_is_a_usage_error_that_names_the_file(
    tmp_path: Path, text: str | None, named: str
) -> None:
    file = tmp_path / "own.yaml"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    for command in (("lint", file), ("show", file)):
        result = said(*command)
        assert result.exit_code == 2, result.output
        assert "own.yaml" in result.output
    assert named in said("lint", file).output


def test_the_list_says_which_ladder_new_cases_are_opened_under() -> None:
    listed: list[dict[str, Any]] = json.loads(said("list", "--json").output)
    assert {row["name"] for row in listed} == set(load_packs().strategies)
    for row in listed:
        assert row["for_new_cases"] is (load_packs().default_strategy(row["region"]).name == row["name"])
    assert "cn_auto@2026-11-01" in said("list").output


@pytest.mark.parametrize("name", ["cn_auto@2026-11-27", "cn_auto"])
def test_a_ladder_is_shown_with_its_segments_triggers_and_stops(name: str) -> None:
    shown = said("show", name).output
    for words in (
        "cn_auto@2026-11-27",
        "only repeat_default or promise_breaker",
        "segment repeat_default: episodes min 3, days 365",
        "sooner number_and_tracker_dead: visit from day 20, while number_dead and tracker_dark",
        "later payment: visit, acceleration_review, stage legal wait 7 days after payment",
        "stop small_balance: only review_small_balance is left, while amount_minor max 10000",
    ):
        assert words in shown


def test_a_file_of_ones_own_is_shown_and_an_unknown_name_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text(OWN, encoding="utf-8")
    assert json.loads(said("show", file, "--json").output)["id"] == "own"
    refused = said("show", "no_such_ladder")
    assert refused.exit_code == 2
    assert "recourse strategy list" in refused.output


def test_a_folder_of_ones_own_is_listed_and_checked(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(OWN, encoding="utf-8")
    own = {"RECOURSE_STRATEGIES": str(tmp_path)}
    assert "own@1" in said("list", **own).output
    assert json.loads(said("show", "own", "--json", **own).output)["id"] == "own"
    (tmp_path / "own.yaml").write_text("id: own", encoding="utf-8")
    refused = said("list", **own)
    assert refused.exit_code == 2
    assert "RECOURSE_STRATEGIES" in refused.output
