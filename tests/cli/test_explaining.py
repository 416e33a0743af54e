"""`recourse explain`: what a person is shown when he asks why."""

from __future__ import annotations

import pytest

from tests.cli.conftest import PERSONAL, Cli
from tests.integration.conftest import World
from tests.integration.service.conftest import OpenCase, open_case


@pytest.fixture
async def planned(world: World) -> OpenCase:
    return await open_case(world)


async def test_a_plan_is_explained_with_rules_sources_and_what_was_not_taken(
    cli: Cli, planned: OpenCase
) -> None:
    said = await cli("explain", planned.id)
    assert said.exit_code == 0, said.output
    for words in (
        "cn_hours",
        "GB/T 45251-2025, permitted hours",
        "second_hand",
        "cn_auto@2026-11-27",
        "not taken: notice_written_sms",
        " CNY unpaid, 0 holds, 0 promises",
        "made again from the stored inputs: the same",
    ):
        assert words in said.output
    assert not [word for word in PERSONAL if word in said.output]


async def test_the_same_as_json(cli: Cli, planned: OpenCase) -> None:
    found = await cli.json("explain", planned.id)
    assert found["differs"] == []
    assert found["decision"]["plan"]["step_id"] == "sms_friendly"
    assert {check["rule"] for check in found["checks"]} >= {"cn_consent", "cn_hours"}
    marks = {check["rule"]: check["mark"] for check in found["checks"]}
    assert (marks["cn_consent"], marks["cn_hours"], marks["house_debt"]) == (
        "primary",
        "second_hand",
        "house",
    )
    again = await cli.json("explain", planned.id, "--step", str(found["step"]))
    assert again == found


async def test_an_answer_that_cannot_be_made_again_is_a_finding(
    cli: Cli, world: World, planned: OpenCase
) -> None:
    await world.execute("UPDATE step SET opens_at = opens_at + interval '1 hour'")
    said = await cli("explain", planned.id)
    assert said.exit_code == 1
    assert "DIFFERS plan: recorded remind, sms_friendly, " in said.output


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [
        (["case-L-9-1"], "recourse cases list"),
        (["case-L-1-1", "--step", "999999"], "recourse cases show case-L-1-1"),
        (["case-L-1-1", "--at", "2020-01-01"], "recourse cases show case-L-1-1"),
    ],
)
async def test_what_was_never_decided_is_named_with_where_to_look(
    cli: Cli, planned: OpenCase, arguments: list[str], remedy: str
) -> None:
    said = await cli("explain", *arguments)
    assert said.exit_code == 2
    assert remedy in said.output
