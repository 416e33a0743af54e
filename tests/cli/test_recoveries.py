"""`recourse permits propose|approve|decline`: the token says who it is, not an option."""

from __future__ import annotations

from functools import partial

import pytest

from recourse.service import tokens
from recourse.service.tokens import Issued
from tests.cli.conftest import Cli
from tests.integration.conftest import World
from tests.integration.service.conftest import OpenCase as Case
from tests.integration.service.conftest import demanded, located, open_case  # noqa: F401 - fixtures

PROPOSE = ("permits", "propose", "case-L-1-1", "--agency", "agency-1")


async def _token(world: World, role: str) -> Issued:
    return await world.services.run(partial(tokens.issue, role=role, name="x"))


async def test_two_tokens_of_two_persons_send_an_agency(
    cli: Cli,
    world: World,
    demanded: Case,  # noqa: F811 - the fixture
) -> None:
    """The gate of the command line's own day says no; that it is asked, with both persons, is what counts."""
    legal, lead = await _token(world, "legal"), await _token(world, "lead")
    agency = (await _token(world, "recovery")).actor
    propose = ("permits", "propose", demanded.id, "--agency", agency)
    proposed = await cli.json(*propose, RECOURSE_TOKEN=legal.token)
    assert proposed["proposed_by"] == legal.actor
    assert proposed["id"] in (await cli("permits", "proposals")).stdout
    refused = await cli.json("permits", "approve", proposed["id"], RECOURSE_TOKEN=lead.token, exit_code=1)
    assert refused["refused"] == "notice_running"
    end = ("permits", "decline", proposed["id"], "--reason", "too_early")
    declined = await cli.json(*end, RECOURSE_TOKEN=legal.token)
    assert (declined["state"], declined["decided_by"]) == ("declined", legal.actor)
    assert await cli.json("permits", "proposals") == []


@pytest.mark.parametrize(
    ("role", "arguments", "named"),
    [
        ("agent", PROPOSE, "role agent"),
        ("legal", ("permits", "approve", "recovery-1"), "role legal"),
        ("legal", ("permits", "propose", "case-0", *PROPOSE[3:]), "case"),
        ("legal", (*PROPOSE, "--days", "90"), "days"),
        ("legal", PROPOSE, "agency"),
        ("lead", ("permits", "approve", "recovery-1"), "proposal"),
        ("lead", ("permits", "decline", "recovery-1", "--reason", "two words"), "--reason"),
        ("revoked", PROPOSE, "RECOURSE_TOKEN"),
    ],
)
async def test_what_a_token_may_not_do_and_what_cannot_be_meant_is_named(
    cli: Cli, world: World, role: str, arguments: tuple[str, ...], named: str
) -> None:
    await open_case(world)
    issued = await _token(world, "lead" if role == "revoked" else role)
    if role == "revoked":
        await world.services.run(partial(tokens.revoke, actor=issued.actor))
    result = await cli(*arguments, RECOURSE_TOKEN=issued.token)
    assert (result.exit_code, result.stdout) == (2, "")
    assert named in result.stderr
    assert issued.token not in result.output
