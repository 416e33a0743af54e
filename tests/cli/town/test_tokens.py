"""`recourse tokens`: shown once, kept as a hash, ended at once."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from recourse.service.tokens import Caller, caller
from tests.cli.conftest import LATE, Cli, Town
from tests.integration.conftest import World


async def _caller(world: World, token: str) -> Caller | None:
    async with world.services.database.reading() as tx:
        return await caller(tx, token)


async def test_a_token_stands_alone_on_standard_output_and_opens_the_api(cli: Cli, world: World) -> None:
    result = await cli("tokens", "issue", "--role", "agent", "--name", "desk 1")
    assert result.exit_code == 0
    token = result.stdout.removesuffix("\n")
    assert token.split() == [token]
    who = await _caller(world, token)
    assert who is not None
    assert who.role == "agent"
    assert f"recourse tokens revoke {who.actor}" in result.stderr
    kept = await world.scalar("SELECT token_hash FROM api_token")
    assert kept == hashlib.sha256(token.encode()).hexdigest()


async def test_a_revoked_token_opens_nothing_and_stays_listed(cli: Cli, world: World) -> None:
    kept = await cli.json("tokens", "issue", "--role", "lead", "--name", "desk 1")
    ended = await cli.json("tokens", "issue", "--role", "auditor", "--name", "desk 2")
    for _ in range(2):
        assert await cli.json("tokens", "revoke", ended["actor"]) == {
            "actor": ended["actor"],
            "state": "revoked",
        }
    assert await _caller(world, ended["token"]) is None
    assert await _caller(world, kept["token"]) == Caller(kept["actor"], "lead")
    listed = await cli.json("tokens", "list")
    assert [(one["actor"], one["role"], one["revoked_at"] is None) for one in listed] == [
        (kept["actor"], "lead", True),
        (ended["actor"], "auditor", False),
    ]
    assert kept["token"] not in (await cli("tokens", "list")).output


async def test_a_token_ends_by_itself_and_the_doctor_says_so_before(cli: Cli, world: World) -> None:
    issue = ("tokens", "issue", "--role", "lead", "--name", "desk 1")
    short, usual, endless = [await cli.json(*issue, *more) for more in (("--days", "3"), (), ("--endless",))]
    days = "SELECT round(extract(epoch FROM ends_at - now()) / 86400) FROM api_token WHERE actor = :a"
    assert [await world.scalar(days, a=one["actor"]) for one in (short, usual, endless)] == [3, 365, None]
    told = [one for one in json.loads((await cli("doctor", "--json")).stdout) if one["what"] == "tokens"]
    assert [(one["state"], short["actor"] in one["says"], "1 tokens" in one["says"]) for one in told] == [
        ("finding", True, True)
    ]
    assert await _caller(world, short["token"]) == Caller(short["actor"], "lead")
    await world.execute(
        f"UPDATE api_token SET ends_at = now() - interval '1 second' WHERE actor = '{short['actor']}'"
    )
    assert await _caller(world, short["token"]) is None
    refused = await cli(
        "exports", "ask", "--person", "x", "--purpose", "audit", RECOURSE_TOKEN=short["token"]
    )
    assert (refused.exit_code, "not a token that is in force" in refused.stderr) == (2, True)
    states = {one["actor"]: one["ended"] for one in await cli.json("tokens", "list")}
    assert states == {short["actor"]: True, usual["actor"]: False, endless["actor"]: False}
    assert "ended" in (await cli("tokens", "list")).stdout
    assert '"tokens"' not in (await cli("doctor", "--json")).stdout


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (
            ["issue", "--role", "boss", "--name", "x"],
            "agent, lead, vehicle, legal, desk, dialler, recovery, auditor, admin",
        ),
        (["issue", "--role", "agent"], "--name"),
        (["issue", "--role", "agent", "--name", " "], "--name"),
        (["issue", "--name", "x"], "--role"),
        (["issue", "--role", "agent", "--name", "x", "--days", "0"], "--days"),
        (["revoke", "agent-nobody"], "agent-nobody"),
    ],
)
async def test_what_is_not_understood_is_exit_2_and_named(
    town: Town, arguments: list[str], named: str
) -> None:
    result = await town.cli("tokens", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert named in result.stderr


async def test_whose_a_token_is_is_printed_and_listed_and_the_next_one_can_be_his_too(cli: Cli) -> None:
    first = await cli("tokens", "issue", "--role", "legal", "--name", "desk 1")
    person = (await cli.json("tokens", "list"))[0]["person"]
    assert f"--person {person}" in first.stderr
    second = await cli.json("tokens", "issue", "--role", "lead", "--name", "desk 1", "--person", person)
    assert second["person"] == person
    assert [one["person"] for one in await cli.json("tokens", "list")] == [person, person]
    assert person in (await cli("tokens", "list")).stdout
    refused = await cli("tokens", "issue", "--role", "lead", "--name", "x", "--person", "Jo Ann")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "--person" in refused.stderr


async def test_no_tokens_is_said(cli: Cli) -> None:
    assert "recourse tokens issue" in (await cli("tokens", "list")).stdout
    assert await cli.json("tokens", "list") == []


async def test_a_token_for_one_lender_sees_its_loans_only_and_can_be_given_another(town: Town) -> None:
    known = ("--role", "agent", "--name", "desk 3", "--lender", "demo-auto-finance")
    issued = await town.cli("tokens", "issue", *known)
    assert "is for every loan of demo-auto-finance" in issued.stderr
    actor = issued.stderr.split()[1].rstrip(";")
    more = await town.cli.json("tokens", "bind", actor, "--lender", "demo")
    assert more == {"actor": actor, "lenders": ["demo", "demo-auto-finance"], "loans": []}
    assert (await town.cli("tokens", "bind", actor, "--loan", town.loan(1))).exit_code == 2
    free = await town.cli.json("tokens", "issue", "--role", "agent", "--name", "desk 4")
    refused = await town.cli("tokens", "bind", free["actor"], "--lender", "demo")
    assert (refused.exit_code, "for every lender" in refused.stderr) == (2, True)


async def test_a_diallers_token_is_bound_by_lender_and_by_list_and_unbound(
    town: Town, tmp_path: Path
) -> None:
    issued = await town.cli("tokens", "issue", "--role", "dialler", "--name", "agency 1")
    assert "is for no loan" in issued.stderr
    actor = (await town.cli.json("tokens", "list"))[-1]["actor"]
    listed = tmp_path / "loans.txt"
    listed.write_text(f"{town.loan(LATE[0])}\n\n{town.loan(LATE[1])}\n", encoding="utf-8")
    bound = await town.cli.json("tokens", "bind", actor, "--loans", str(listed))
    assert bound == {"actor": actor, "lenders": [], "loans": sorted(map(town.loan, LATE[:2]))}
    left = await town.cli.json("tokens", "unbind", actor, "--loan", town.loan(LATE[0]))
    assert left["loans"] == [town.loan(LATE[1])]
    assert "1 loans by their ids" in (await town.cli("tokens", "scope", actor)).stdout
    assert (await town.cli.json("tokens", "unbind", actor, "--all"))["loans"] == []


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["bind", "dialler-1"], "--lender"),
        (["bind", "dialler-1", "--lender", "x"], "dialler-1"),
        (["bind", "dialler-1", "--loans", "/no/such/file"], "--loans"),
        (["unbind", "dialler-1"], "--all"),
        (["unbind", "dialler-1", "--all", "--loan", "L"], "--all"),
        (["issue", "--role", "lead", "--name", "x", "--lender", "x"], "lender x"),
        (["issue", "--role", "lead", "--name", "x", "--loan", "x"], "--loan"),
        (["issue", "--role", "dialler", "--name", "x", "--loan", "L-nobody"], "L-nobody"),
    ],
)
async def test_what_cannot_be_bound_is_exit_2_and_leaves_no_token(
    cli: Cli, arguments: list[str], named: str
) -> None:
    result = await cli("tokens", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert named in result.stderr
    assert await cli.json("tokens", "list") == []
