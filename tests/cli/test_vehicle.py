"""`recourse vehicle`: the token says who reads where, and every no names its reason."""

from __future__ import annotations

from functools import partial

import pytest

from recourse.service import tokens
from recourse.service.tokens import Issued
from tests.cli.conftest import Cli
from tests.integration.conftest import World
from tests.integration.service.conftest import open_case
from tests.integration.service.located import FIELD

ASK = ("vehicle", "ask", "case-L-1-1", "--purpose", "plan_visit")


async def _token(world: World, role: str) -> Issued:
    return await world.services.run(partial(tokens.issue, role=role, name="x"))


async def test_ask_locate_look_and_end(cli: Cli, world: World) -> None:
    await open_case(world, days=FIELD, device="DEMO-CN-71")
    token = await _token(world, "vehicle")
    mine = token.token
    request = await cli.json(*ASK, "--days", "2", "--request-id", "r-1", RECOURSE_TOKEN=mine)
    assert (request["granted_by"], request["basis"], request["precision"]) == (
        token.actor,
        "consent",
        "coarse",  # no step of the field team was begun yet
    )
    read = await cli.json("vehicle", "locate", request["id"], "--read-id", "a", RECOURSE_TOKEN=mine)
    assert read["reading"]["quality"] == "fresh"
    again = await cli.json("vehicle", "locate", request["id"], "--read-id", "a", RECOURSE_TOKEN=mine)
    assert again == read
    seen = await cli.json("vehicle", "positions", request["id"], RECOURSE_TOKEN=mine)
    assert [one["place"] for one in seen] == [read["place"]]
    line = (await cli("vehicle", "positions", request["id"], RECOURSE_TOKEN=mine)).stdout
    assert "within a cell of 5 km" in line
    assert request["id"] in (await cli("vehicle", "requests")).stdout
    ended = await cli.json("vehicle", "end", request["id"], "--reason", "found", RECOURSE_TOKEN=mine)
    assert ended["ended_by"] == token.actor
    refused = await cli.json("vehicle", "locate", request["id"], exit_code=1, RECOURSE_TOKEN=mine)
    assert refused["refused"] == "location_request_ended"
    assert "no location requests" in (await cli("vehicle", "requests")).stdout
    closed = await cli.json("vehicle", "requests", "--case", "case-L-1-1")
    assert [one["ended_code"] for one in closed] == ["found"]


async def test_a_tracker_that_knows_nothing_and_a_case_without_consent_exit_with_1(
    cli: Cli, world: World
) -> None:
    await open_case(world, days=FIELD, device="DEMO-CN-72-LOST")
    await open_case(world, "L-2", days=FIELD, gps_consent=None)
    mine = (await _token(world, "vehicle")).token
    request = await cli.json(*ASK, RECOURSE_TOKEN=mine)
    lost = await cli.json("vehicle", "locate", request["id"], exit_code=1, RECOURSE_TOKEN=mine)
    assert lost == {"located": False, "code": "no_fix"}
    refused = await cli.json("vehicle", "ask", "case-L-2-1", *ASK[3:], exit_code=1, RECOURSE_TOKEN=mine)
    assert (refused["refused"], "个人信息保护法" in refused["source"]) == ("no_lawful_basis", True)


@pytest.mark.parametrize(
    ("role", "arguments", "named"),
    [
        ("agent", ASK, "role agent"),
        ("vehicle", (*ASK[:3], "--purpose", "because"), "--purpose"),
        ("vehicle", (*ASK, "--days", "30"), "days"),
        ("vehicle", ("vehicle", "ask", "case-0", *ASK[3:]), "case"),
        ("vehicle", ("vehicle", "locate", "location-0"), "request"),
        ("vehicle", ("vehicle", "end", "location-0", "--reason", "two words"), "--reason"),
    ],
)
async def test_what_a_token_may_not_do_and_what_cannot_be_meant_is_named(
    cli: Cli, world: World, role: str, arguments: tuple[str, ...], named: str
) -> None:
    await open_case(world, days=FIELD)
    result = await cli(*arguments, RECOURSE_TOKEN=(await _token(world, role)).token)
    assert (result.exit_code, named in result.output) == (2, True)


async def test_without_a_key_no_place_is_read_and_the_setting_is_named(cli: Cli, world: World) -> None:
    mine = (await _token(world, "vehicle")).token
    unset = await cli(*ASK, RECOURSE_POSITIONS_KEY=None, RECOURSE_TOKEN=mine)
    assert (unset.exit_code, "RECOURSE_POSITIONS_KEY: missing" in unset.output) == (2, True)
    wrong = await cli(*ASK, RECOURSE_POSITIONS_KEY="c2hvcnQ=", RECOURSE_TOKEN=mine)
    assert (wrong.exit_code, "32" in wrong.output, "c2hvcnQ" in wrong.output) == (2, True, False)
