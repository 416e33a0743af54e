"""`recourse inconvenient` and `recourse represented`: in force when the command returns."""

from __future__ import annotations

import pytest

from tests.cli.conftest import UNUSED, Cli
from tests.events import overdue, snapshot
from tests.integration.conftest import World
from tests.integration.service.conftest import NOON

WHO = ["--source", "letter-7", "--as", "agent-1"]


@pytest.fixture
async def person(world: World) -> str:
    world.set_now(NOON)
    await world.delivery.accept([snapshot("L-1", at=NOON), overdue("L-1", at=NOON)])
    return "C-L-1"


async def test_a_time_is_added_listed_and_withdrawn(cli: Cli, person: str) -> None:
    time = ["--day", "mon", "--day", "fri", "--from", "09:00", "--to", "17:00"]
    added = await cli.json("inconvenient", "add", person, *time, *WHO, TEMPORAL_ADDRESS=UNUSED)
    assert (added["state"], added["case_told"], added["weekdays"]) == ("in force", False, [1, 5])
    [listed] = await cli.json("inconvenient", "list", person)
    assert (listed["id"], listed["by"], listed["withdrawn_at"]) == (added["id"], "agent-1", None)
    assert "mon fri 09:00–17:00" in (await cli("inconvenient", "list", person)).stdout
    end = ["withdraw", person, added["id"], "--source", "letter-8", "--as", "lead-1"]
    assert (await cli.json("inconvenient", *end, TEMPORAL_ADDRESS=UNUSED))["state"] == "withdrawn"
    [listed] = await cli.json("inconvenient", "list", person)
    assert listed["withdrawn_source"] == "letter-8"


async def test_a_place_and_an_attorney_stand_beside_it(cli: Cli, person: str) -> None:
    await cli("inconvenient", "add", person, "--place", "work", *WHO, TEMPORAL_ADDRESS=UNUSED)
    repeated = [
        await cli.json("represented", "add", person, "--request-id", "r-1", *WHO, TEMPORAL_ADDRESS=UNUSED)
        for _ in range(2)
    ]
    assert repeated[0]["id"] == repeated[1]["id"]
    shown = (await cli("cases", "show", "case-L-1-1")).stdout
    assert "inconvenient_place of C-L-1" in shown
    assert "represented of C-L-1" in shown


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["inconvenient", "add", "C-L-1", *WHO], "exactly one"),
        (["inconvenient", "add", "C-L-1", "--from", "09:00", *WHO], "exactly one"),
        (["inconvenient", "add", "C-L-1", "--from", "9", "--to", "17:00", *WHO], "--from"),
        (["inconvenient", "add", "C-L-1", "--from", "09:00", "--to", "09:00", *WHO], "cease"),
        (["inconvenient", "add", "C-L-1", "--place", "work", "--day", "mon", *WHO], "--day"),
        (["inconvenient", "add", "C-L-1", "--place", "school", *WHO], "--place"),
        (
            ["inconvenient", "add", "C-L-1", "--day", "Montag", "--from", "09:00", "--to", "10:00", *WHO],
            "--day",
        ),
        (["inconvenient", "add", "C-nobody", "--place", "work", *WHO], "person"),
        (["inconvenient", "add", "Jo Ann", "--place", "work", *WHO], "opaque id"),
        (["represented", "add", "C-L-1", "--attorney", "C-nobody", *WHO], "attorney"),
        (["represented", "add", "C-L-1", "--as", "agent-1"], "--source"),
        (["represented", "withdraw", "C-L-1", "restriction-9", *WHO], "restriction"),
    ],
)
async def test_what_is_not_understood_is_exit_2_and_named(
    cli: Cli, person: str, arguments: list[str], named: str
) -> None:
    result = await cli(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert named in result.stderr
