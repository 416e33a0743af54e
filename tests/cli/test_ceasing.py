"""`recourse cease`: in force when the command returns, and shown where one looks."""

from __future__ import annotations

import pytest

from tests.cli.conftest import UNUSED, Cli
from tests.events import overdue, snapshot
from tests.integration.conftest import World
from tests.integration.service.conftest import NOON

CEASE = ("cease", "--source", "letter-7", "--as", "agent-1")


@pytest.fixture
async def loan(world: World) -> str:
    world.set_now(NOON)
    await world.delivery.accept([snapshot("L-1", at=NOON), overdue("L-1", at=NOON)])
    return "L-1"


async def test_it_counts_while_temporal_is_away_and_says_so(cli: Cli, world: World, loan: str) -> None:
    result = await cli(
        *CEASE, "--loan", loan, "--channel", "sms", "--channel", "call", TEMPORAL_ADDRESS=UNUSED
    )
    assert result.exit_code == 0
    assert "call, sms: ceased for C-L-1" in result.stdout
    assert "Temporal is down" in result.stdout
    assert await world.scalar("SELECT ceased FROM party WHERE id = 'C-L-1'") == ["call", "sms"]


async def test_case_and_dossier_show_it(cli: Cli, loan: str) -> None:
    done = await cli.json(*CEASE, "--person", "C-L-1", TEMPORAL_ADDRESS=UNUSED)
    assert (done["state"], done["people"]) == ("in force", ["C-L-1"])
    shown = (await cli("cases", "show", "case-L-1-1")).stdout
    assert "ceased by C-L-1: call, email, letter, sms, visit" in shown
    assert "ceased:" in (await cli("dossier", loan)).stdout
    [person] = (await cli.json("dossier", loan))["borrower"]["people"]
    assert person["ceased"] == ["call", "email", "letter", "sms", "visit"]


async def test_a_repeated_request_id_is_one_request_and_another_request_is_named(
    cli: Cli, world: World, loan: str
) -> None:
    with_id = (*CEASE, "--person", "C-L-1", "--request-id", "r-1")
    one = [await cli.json(*with_id, TEMPORAL_ADDRESS=UNUSED) for _ in range(2)]
    assert one[0] == one[1]
    assert await world.scalar("SELECT count(*) FROM fact WHERE kind = 'cease'") == 1
    other = await cli(*with_id, "--channel", "sms", TEMPORAL_ADDRESS=UNUSED)
    assert (other.exit_code, other.stdout) == (2, "")
    assert "request_id" in other.stderr


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ([*CEASE], "exactly one"),
        ([*CEASE, "--loan", "L-1", "--person", "C-L-1"], "exactly one"),
        ([*CEASE, "--loan", "L-nobody"], "loan"),
        ([*CEASE, "--person", "C-nobody"], "person"),
        ([*CEASE, "--contact-point", "cp-nobody"], "contact_point"),
        ([*CEASE, "--person", "C-L-1", "--channel", "fax"], "--channel"),
        ([*CEASE, "--loan", "L-1", "--party", "neighbour"], "--party"),
        (["cease", "--person", "C-L-1", "--as", "agent-1"], "--source"),
        (["cease", "--person", "C-L-1", "--source", "his letter", "--as", "agent-1"], "--source"),
        (["cease", "--person", "C-L-1", "--source", "letter-7"], "--as"),
    ],
)
async def test_what_is_not_understood_is_exit_2_and_named(cli: Cli, arguments: list[str], named: str) -> None:
    result = await cli(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert named in result.stderr
