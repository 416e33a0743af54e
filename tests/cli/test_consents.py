"""`recourse consents`: in force when the command returns, and shown where one looks."""

from __future__ import annotations

import pytest

from tests.cli.conftest import UNUSED, Cli, issued
from tests.events import overdue, snapshot
from tests.integration.conftest import World
from tests.integration.service.conftest import NOON

PROOF = ("--channel", "sms", "--way", "letter", "--source", "letter-9", "--as", "lead-1")


@pytest.fixture
async def desk(cli: Cli, world: World) -> Cli:
    """A deployment with one open case, whose engine is away: what is written counts all the same."""
    world.set_now(NOON)
    await world.delivery.accept([snapshot("L-1", at=NOON), overdue("L-1", at=NOON)])
    return Cli(dict(cli.env) | {"TEMPORAL_ADDRESS": UNUSED})


async def test_it_is_given_listed_shown_and_taken_back(desk: Cli, world: World) -> None:
    point = await world.scalar("SELECT id FROM contact_point WHERE kind = 'mobile'")
    given = await desk("consents", "give", "C-L-1", "--contact-point", point, *PROOF)
    assert given.exit_code == 0
    assert f"sms on {point}: agreed to since 2026-11-06" in given.stdout
    assert "Temporal is down" in given.stdout
    lead = await issued(world, "lead")
    clear = await desk("dossier", "L-1", "--reveal", "audit", RECOURSE_TOKEN=lead.token)
    shown = " ".join(clear.stdout.split())
    assert "sms on +8613800000001: given 2026-11-06 (letter letter-9)" in shown
    back = ("--channel", "sms", "--way", "call", "--source", "rec-1", "--as", "agent-1")
    ended = await desk.json("consents", "withdraw", "C-L-1", "--contact-point", point, *back)
    assert (ended["in_force"], ended["withdrawn_source"]) == (False, "rec-1")
    listed = await desk.json("consents", "list", "C-L-1")
    assert {one["withdrawn_way"] for one in listed} == {"call"}
    assert "letter-9" in (await desk("consents", "list", "C-L-1")).stdout


async def test_a_case_shows_what_was_stopped_and_agreed_to_anew(desk: Cli, world: World) -> None:
    point = await world.scalar("SELECT id FROM contact_point WHERE kind = 'mobile'")
    give = ("consents", "give", "C-L-1", "--contact-point", point, *PROOF)
    await desk.json(*give)
    assert "agreed anew" not in (await desk("cases", "show", "case-L-1-1")).stdout
    await desk.json("cease", "--person", "C-L-1", "--source", "letter-8", "--as", "agent-1")
    await desk.json(*give[:-3], "letter-10", "--as", "lead-1")
    shown = (await desk("cases", "show", "case-L-1-1")).stdout
    assert "ceased by C-L-1: call, email, letter, sms, visit" in shown
    assert f"agreed anew by C-L-1: sms on {point}" in shown
    assert "(letter-10)" in shown


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"--channel": "fax"}, "--channel"),
        ({"--way": "hearsay"}, "--way"),
        ({"--source": "Jo Ann"}, "--source"),
        ({"--at": "soon"}, "--at"),
        ({"--at": "2036-01-01T00:00:00+08:00"}, "at: lies ahead"),
        ({"--contact-point": "cp-nobody"}, "contact_point"),
    ],
)
async def test_what_is_not_understood_is_exit_2_and_named(
    desk: Cli, world: World, changes: dict[str, str], named: str
) -> None:
    point = await world.scalar("SELECT id FROM contact_point WHERE kind = 'mobile'")
    given = {"--contact-point": point} | dict(zip(PROOF[::2], PROOF[1::2], strict=True)) | changes
    result = await desk("consents", "give", "C-L-1", *[word for pair in given.items() for word in pair])
    assert (result.exit_code, result.stdout) == (2, "")
    assert named in result.stderr
