"""`recourse strategy migrate`: nobody moves a case that he has not seen move."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.conftest import PERSONAL, UNUSED, Cli, sql
from tests.events import overdue
from tests.integration.conftest import World
from tests.integration.service.conftest import NOON, OpenCase, open_case

SHIPPED = Path(__file__).parents[2] / "recourse" / "packs" / "strategies" / "cn_auto.yaml"
OLD, NEW = "cn_auto@2026-11-27", "cn_auto@2027-01-01"
BASE = ["strategy", "migrate", "--from", OLD, "--to", NEW]
MAP = ["--map", "sms_friendly=text_friendly"]


def write_version(folder: Path, version: str, **names: str) -> Path:
    """The shipped ladder as another version, some steps under other names."""
    folder.mkdir(exist_ok=True)
    value = yaml.safe_load(SHIPPED.read_text(encoding="utf-8")) | {"version": version}
    for step in value["steps"]:
        step["id"] = names.get(step["id"], step["id"])
    (folder / f"{version}.yaml").write_text(yaml.safe_dump(value), encoding="utf-8")
    return folder


@pytest.fixture
def desk_of_strategies(cli: Cli, tmp_path: Path) -> Cli:
    folder = write_version(tmp_path / "own", "2027-01-01", sms_friendly="text_friendly")
    return replace(cli, env=dict(cli.env) | {"RECOURSE_STRATEGIES": str(folder)})


@pytest.fixture
async def running(world: World) -> list[OpenCase]:
    return [await open_case(world, f"L-{n}") for n in range(3)]


async def _pinned(cli: Cli) -> list[str]:
    rows = await sql(
        cli.env["RECOURSE_DATABASE_OWNER_URL"], "SELECT strategy FROM collection_case ORDER BY id"
    )
    return [row["strategy"] for row in rows]


async def test_a_preview_is_confirmed_by_its_digest(desk_of_strategies: Cli, running: list[OpenCase]) -> None:
    cli = desk_of_strategies
    seen = await cli.json(*BASE, *MAP, "--preview")
    assert seen["counts"]["cases"] == seen["counts"]["would move"] == 3
    assert await _pinned(cli) == [OLD] * 3
    steps = [case["change"]["after"]["decision"]["plan"]["step_id"] for case in seen["cases"]]
    assert steps == ["text_friendly"] * 3
    confirm = [*BASE, *MAP, "--confirm", seen["digest"], "--as", "lead-1"]
    done = await cli.json(*confirm)
    assert (done["counts"], done["not_shown"]) == ({"moved": 3}, 0)
    assert await _pinned(cli) == [NEW] * 3
    again = await cli.json(*confirm)
    assert again["counts"] == {"already": 3}


async def test_a_person_reads_what_would_change_and_the_command_that_does_it(
    desk_of_strategies: Cli, running: list[OpenCase]
) -> None:
    said = await desk_of_strategies(*BASE, *MAP, "--preview", COLUMNS="200")
    assert said.exit_code == 0, said.output
    for words in ("case-L-0-1", "text_friendly 2026-", "allowed", "would move 3", "--confirm", *MAP):
        assert words in said.output
    assert not [word for word in PERSONAL if word in said.output]


async def test_news_since_the_preview_are_a_refusal_and_the_others_move(
    desk_of_strategies: Cli, world: World, running: list[OpenCase]
) -> None:
    cli = desk_of_strategies
    seen = await cli.json(*BASE, *MAP, "--preview")
    await world.delivery.accept([overdue("L-1", at=NOON, sequence=9, amount=1)])
    await open_case(world, "L-late")
    confirm = [*BASE, *MAP, "--confirm", seen["digest"], "--as", "lead-1"]
    done = await cli.json(*confirm, exit_code=1)
    states = {case["case"]: (case["state"], case["why"]) for case in done["cases"]}
    moved: tuple[str, Any] = ("moved", None)
    assert states == {"case-L-0-1": moved, "case-L-1-1": ("refused", "changed"), "case-L-2-1": moved}
    assert done["not_shown"] == 1


async def test_cases_move_while_temporal_is_away_and_it_is_said(
    desk_of_strategies: Cli, running: list[OpenCase]
) -> None:
    cli = desk_of_strategies
    seen = await cli.json(*BASE, *MAP, "--preview", "--case", running[1].id)
    confirm = [*BASE, *MAP, "--confirm", seen["digest"], "--as", "lead-1"]
    said = await cli(*confirm, TEMPORAL_ADDRESS=UNUSED)
    assert said.exit_code == 0, said.output
    assert "Temporal is down: 1 cases hear of it" in said.output
    assert await _pinned(cli) == [OLD, NEW, OLD]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ([*BASE], "--preview or --confirm"),
        ([*BASE, "--preview", "--confirm", "x"], "--preview or --confirm"),
        ([*BASE, "--confirm", "x"], "--as"),
        ([*BASE, "--confirm", "x", "--as", "Jo Ann"], "--as"),
        ([*BASE, "--confirm", "x", "--as", "lead-1"], "no preview printed this digest"),
        ([*BASE, "--preview", "--case", "case-nobody-1"], "recourse cases list"),
        ([*BASE, "--preview", "--map", "sms_friendly"], "--map"),
        ([*BASE, "--preview", "--map", "sms_friendly=nothing"], "has no step nothing"),
        ([*BASE[:-1], "cn_auto@9", "--preview"], "cn_auto@9: not installed"),
        ([*BASE[:-1], OLD, "--preview"], "the same as --from"),
    ],
)
async def test_what_cannot_be_meant_is_refused_by_its_option(
    desk_of_strategies: Cli, arguments: list[str], named: str
) -> None:
    said = await desk_of_strategies(*arguments)
    assert said.exit_code == 2, said.output
    assert named in " ".join(said.output.split())


@pytest.mark.parametrize(
    ("variable", "named"),
    [("RECOURSE_STRATEGIES", "no such folder"), ("RECOURSE_EXPERIMENTS", "cannot be read")],
)
async def test_a_path_that_is_not_there_is_named(cli: Cli, variable: str, named: str) -> None:
    said = await cli("experiments", "list", **{variable: "/nowhere/at/all"})
    assert said.exit_code == 2
    assert variable in said.output
    assert named in " ".join(said.output.split())
