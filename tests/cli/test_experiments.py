"""`recourse experiments`: what is tried, and what came of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.conftest import Cli, sql
from tests.cli.test_migrating import NEW, OLD, write_version

FILE = f"""
experiments:
  - id: calls
    region: CN
    effective_from: 2026-01-01
    effective_to: 2027-12-31
    salt: one
    holdout: {{name: holdout, strategy: {OLD}, share: 2500}}
    arms:
      - {{name: challenger, strategy: {NEW}, share: 7500}}
"""
ASSIGNED = """
INSERT INTO assignment (experiment, unit_kind, unit_id, arm, strategy, shares, inherited, at)
SELECT 'calls', 'person', 'C-' || n, CASE WHEN n <= :held THEN 'holdout' ELSE 'challenger' END, 's',
  '{"holdout": 2500, "challenger": 7500}', false, now() FROM generate_series(1, 1000) AS n
"""


@pytest.fixture
def trying(cli: Cli, tmp_path: Path) -> Cli:
    file = tmp_path / "experiments.yaml"
    file.write_text(FILE, encoding="utf-8")
    folder = write_version(tmp_path / "own", "2027-01-01")
    own = {"RECOURSE_STRATEGIES": str(folder), "RECOURSE_EXPERIMENTS": str(file)}
    return replace(cli, env=dict(cli.env) | own)


async def test_experiments_are_listed_with_their_shares(trying: Cli) -> None:
    said = await trying("experiments", "list", COLUMNS="150")
    assert said.exit_code == 0, said.output
    for words in ("calls", "2026-01-01", "holdout 25 %, challenger 75 %", "person"):
        assert words in said.output
    [one] = await trying.json("experiments", "list")
    assert (one["id"], one["installed"]) == ("calls", True)


async def test_results_stay_readable_when_the_file_is_gone(trying: Cli, cli: Cli) -> None:
    await sql(cli.env["RECOURSE_DATABASE_OWNER_URL"], ASSIGNED, held=250)
    assert await cli.json("experiments", "list") == [{"id": "calls", "installed": False}]
    found = await cli.json("experiments", "show", "calls")
    assert [(arm["arm"], arm["units"]) for arm in found["results"]["arms"]] == [
        ("challenger", 750),
        ("holdout", 250),
    ]
    assert found["sample_ratio_mismatch"] is False


async def test_arms_that_do_not_fit_their_shares_are_a_finding(trying: Cli) -> None:
    await sql(trying.env["RECOURSE_DATABASE_OWNER_URL"], ASSIGNED, held=330)
    said = await trying("experiments", "show", "calls", COLUMNS="150")
    assert said.exit_code == 1, said.output
    assert "SAMPLE RATIO MISMATCH" in said.output
    assert "cured: closed as cured or paid off" in said.output


async def test_an_experiment_that_nobody_knows_is_a_mistake(trying: Cli) -> None:
    said = await trying("experiments", "show", "nothing")
    assert said.exit_code == 2
    assert "recourse experiments list" in said.output


async def test_an_experiment_that_cannot_be_fair_stops_every_process_with_its_name(
    trying: Cli, tmp_path: Path
) -> None:
    file = tmp_path / "experiments.yaml"
    file.write_text(FILE.replace("7500", "7400"), encoding="utf-8")
    said = await trying("experiments", "list")
    assert said.exit_code == 2
    assert "10000 together" in " ".join(said.output.split())
