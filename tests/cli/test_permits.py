"""`recourse permits`: a recall is in force when the command returns, and owed until it is acknowledged."""

from __future__ import annotations

from dataclasses import replace

import pytest

from recourse.domain.permits import PermitKind
from recourse.service.context import Unit
from recourse.service.deciding import deliberate, locked
from recourse.service.permits import new_permit
from recourse.storage import permits
from tests.cli.conftest import UNUSED, Cli
from tests.integration.conftest import World
from tests.integration.service.conftest import open_case


@pytest.fixture
async def permit(world: World) -> str:
    """As an assignment stands in its table; what it takes to be issued is tested with its use case."""
    case = await open_case(world)

    async def add(unit: Unit) -> str:
        d = deliberate(unit, await locked(unit, case.id))
        row = new_permit(unit, d, PermitKind.RECOVERY, purpose="recover_vehicle", basis="two persons")
        await permits.add(unit.tx, replace(row, assigned_to="agency-1"))
        return row.id

    return await world.services.run(add)


async def test_a_recall_is_in_force_while_temporal_is_away_and_is_owed_until_acknowledged(
    cli: Cli, permit: str
) -> None:
    command = ("permits", "recall", permit, "--reason", "wrong_vehicle", "--as", "lead-1")
    result = await cli(*command, TEMPORAL_ADDRESS=UNUSED)
    assert (result.exit_code, "is recalled" in result.stdout, "Temporal is down" in result.stdout) == (
        0,
        True,
        True,
    )
    [owed] = await cli.json("permits", "list", "--owed")
    assert (owed["id"], owed["recall_code"], owed["recalled_by"]) == (permit, "wrong_vehicle", "lead-1")
    shown = await cli.json("permits", "show", permit)
    assert (shown["owed"], shown["permit"]["state"]) == (True, "recalled")
    for words in (("permits", "show", permit), ("permits", "list"), ("cases", "show", "case-L-1-1")):
        assert "not acknowledged" in (await cli(*words)).stdout
    assert (await cli.json("cases", "figures"))["recalls_owed"] == 1


async def test_a_silent_recall_is_a_finding_of_the_doctor(cli: Cli, world: World, permit: str) -> None:
    await cli("permits", "recall", permit, "--reason", "x", "--as", "lead-1")
    await world.execute("UPDATE permit SET recall_since = recall_since - interval '1 day'")
    found = await cli.json("doctor", exit_code=1)
    [about] = [one for one in found if "recalls" in one["says"]]
    assert (about["state"], about["says"]) == (
        "finding",
        "1 recalls nobody has acknowledged, 1 of them for over 4 hours",
    )


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("permits", "show", "permit-0"), "permit-0"),
        (("permits", "recall", "permit-0", "--reason", "x", "--as", "a"), "permit-0"),
        (("permits", "recall", "permit-0", "--reason", "two words", "--as", "a"), "--reason"),
    ],
)
async def test_what_cannot_be_meant_is_a_matter_of_usage(
    cli: Cli, world: World, arguments: tuple[str, ...], named: str
) -> None:
    await open_case(world)
    result = await cli(*arguments)
    assert result.exit_code == 2
    assert named in result.stderr
