"""`recourse users`: a first password shown once, a reset, and an end for good."""

from __future__ import annotations

import re

from recourse.service import passwords
from tests.cli.conftest import Cli
from tests.integration.conftest import World


async def test_a_first_password_stands_alone_on_standard_output_and_is_kept_as_a_slow_hash(
    cli: Cli, world: World
) -> None:
    result = await cli("users", "add", "li.na", "--role", "agent", "--name", "Li Na")
    assert result.exit_code == 0
    password = result.stdout.removesuffix("\n")
    assert re.fullmatch(r"([a-z2-9]{4}-){3}[a-z2-9]{4}", password)
    kept = await world.scalar("SELECT password_hash FROM account")
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert await passwords.matches(kept, password)
    again = await cli("users", "add", "li.na", "--role", "lead", "--name", "Another")
    assert (again.exit_code, "somebody has it" in again.stderr) == (2, True)
    assert await world.scalar("SELECT count(*) FROM api_token") == 1


async def test_what_an_account_is_can_be_read_and_ends_for_good(cli: Cli, world: World) -> None:
    first = await cli.json("users", "add", "wang.wu", "--role", "lead", "--name", "Wang Wu")
    reset = await cli.json("users", "reset", "wang.wu")
    assert reset["password"] != first["password"]
    [line] = await cli.json("users", "list")
    assert (line["login"], line["role"], line["totp_confirmed"]) == ("wang.wu", "lead", False)
    token = await cli.json("tokens", "issue", "--role", "lead", "--name", "x", "--person", first["person"])
    assert token["person"] == first["person"]
    assert (await cli.json("users", "disable", "wang.wu"))["actor"] == first["actor"]
    for command in ("reset", "disable"):
        refused = await cli("users", command, "wang.wu")
        assert (refused.exit_code, "nobody has it" in refused.stderr) == (2, True)
    assert "disabled" in (await cli("users", "list")).stdout


async def test_a_login_that_cannot_be_one_is_refused(cli: Cli) -> None:
    for login in ("Li.Na", "x", "li na", "li@example.com"):
        refused = await cli("users", "add", login, "--role", "agent", "--name", "Li Na")
        assert (refused.exit_code, "login: 2 to 64" in refused.stderr) == (2, True)
