"""`recourse proofs`: recorded and withdrawn on the command line, Temporal up or not."""

from __future__ import annotations

import pytest

from tests.cli.conftest import UNUSED, Cli
from tests.integration.conftest import World
from tests.integration.service.conftest import open_case

PAPER = ["--kind", "newspaper_notice", "--on", "2026-11-05", "--evidence", "daily-12", "--as", "legal-1"]
ADD = ["proofs", "add", "L-1", *PAPER]


async def test_it_is_added_listed_and_withdrawn(cli: Cli, world: World) -> None:
    await open_case(world)
    added = [await cli.json(*ADD, "--request-id", "r-1", TEMPORAL_ADDRESS=UNUSED) for _ in range(2)]
    assert added[0]["id"] == added[1]["id"]
    assert (added[0]["kind"], added[0]["case_told"]) == ("newspaper_notice", False)
    limitation = (await cli("cases", "show", "case-L-1-1")).stdout
    assert f"by newspaper_notice {added[0]['id']}" in limitation
    assert "daily-12" in (await cli("proofs", "list", "L-1")).stdout
    end = ["proofs", "withdraw", added[0]["id"], "--source", "letter-2", "--as", "lead-1"]
    assert "is withdrawn" in (await cli(*end, TEMPORAL_ADDRESS=UNUSED)).stdout
    [listed] = await cli.json("proofs", "list", "L-1")
    assert listed["withdrawn_by"] == "lead-1"
    assert "by newspaper_notice" not in (await cli("cases", "show", "case-L-1-1")).stdout


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ([*ADD[:2], "L-none", *PAPER], "loan"),
        ([*ADD, "--kind", "suit"], "--kind"),
        ([*ADD, "--on", "2030-01-01"], "on:"),
        ([*ADD, "--on", "yesterday"], "--on"),
        ([*ADD, "--evidence", "two words"], "--evidence"),
        (["proofs", "withdraw", "proof-9", "--source", "x", "--as", "a"], "proof"),
    ],
)
async def test_what_cannot_be_meant_is_a_matter_of_usage(
    cli: Cli, world: World, arguments: list[str], named: str
) -> None:
    await open_case(world)
    result = await cli(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert named in result.stderr
