"""Bearer tokens: shown once, kept as a hash, dead at once when revoked."""

from __future__ import annotations

import hashlib
from functools import partial

import pytest

from recourse.reading.tokens import listing
from recourse.service import tokens
from recourse.service.tokens import ROLES, Caller, Issued
from recourse.storage.persons import persons_of
from tests.integration.conftest import World


async def _issue(world: World, role: str, name: str = "the night shift") -> Issued:
    return await world.services.run(partial(tokens.issue, role=role, name=name))


async def _caller(world: World, token: str) -> Caller | None:
    async with world.services.database.reading() as tx:
        return await tokens.caller(tx, token)


async def test_each_role_is_known_by_its_token_and_actors_are_opaque(world: World) -> None:
    issued = {role: await _issue(world, role) for role in ROLES}
    for role, one in issued.items():
        lenders = () if role == "dialler" else None
        assert await _caller(world, one.token) == Caller(one.actor, role, lenders)
    assert len({one.actor for one in issued.values()} | {one.token for one in issued.values()}) == 2 * len(
        ROLES
    )
    assert not any("night shift" in one.actor for one in issued.values())


async def test_only_a_hash_of_the_token_is_stored(world: World) -> None:
    issued = await _issue(world, "agent")
    stored = await world.scalar("SELECT api_token::text FROM api_token")
    assert hashlib.sha256(issued.token.encode()).hexdigest() in stored
    assert issued.token not in stored
    assert issued.token.removeprefix("rc_") not in stored
    assert issued.token not in repr(issued)


async def test_a_token_carries_256_random_bits(world: World) -> None:
    issued = await _issue(world, "agent")
    assert len(issued.token.removeprefix("rc_")) == 43  # 32 bytes in base64 without padding: ceil(256 / 6)


async def test_a_wrong_token_a_hash_and_an_empty_one_are_nobody(world: World) -> None:
    issued = await _issue(world, "admin")
    stored = await world.scalar("SELECT token_hash FROM api_token")
    for wrong in (issued.token + "x", issued.token[:-1], issued.token.upper(), stored, issued.actor, "", "%"):
        assert await _caller(world, wrong) is None


async def test_a_revoked_token_is_dead_at_once_and_the_others_live(world: World) -> None:
    gone, kept = await _issue(world, "agent"), await _issue(world, "agent")
    await world.services.run(partial(tokens.revoke, actor=gone.actor))
    assert await _caller(world, gone.token) is None
    assert await _caller(world, kept.token) == Caller(kept.actor, "agent")


async def test_revoking_nobody_is_told(world: World) -> None:
    with pytest.raises(LookupError, match="agent-nobody"):
        await world.services.run(partial(tokens.revoke, actor="agent-nobody"))


async def test_revoking_twice_keeps_the_first_time(world: World) -> None:
    issued = await _issue(world, "agent")
    await world.services.run(partial(tokens.revoke, actor=issued.actor))
    first = await world.scalar("SELECT revoked_at FROM api_token")
    await world.services.run(partial(tokens.revoke, actor=issued.actor))
    assert await world.scalar("SELECT revoked_at FROM api_token") == first


async def test_each_token_is_a_new_persons_unless_it_says_whose_it_is(world: World) -> None:
    first, other = await _issue(world, "legal"), await _issue(world, "legal")
    second = await world.services.run(partial(tokens.issue, role="lead", name="x", person=first.person))
    assert first.person == second.person != other.person
    async with world.services.database.reading() as tx:
        known = await persons_of(tx, [first.actor, second.actor, other.actor, "by hand", None])
    assert known == {
        first.actor: first.person,
        second.actor: first.person,
        other.actor: other.person,
        "by hand": "by hand",
        None: None,
    }


async def test_a_token_from_before_there_were_persons_is_its_actors(world: World) -> None:
    old = await _issue(world, "legal")
    await world.execute("UPDATE api_token SET person = NULL")
    later = await world.services.run(partial(tokens.issue, role="lead", name="x", person=old.actor))
    async with world.services.database.reading() as tx:
        known = await persons_of(tx, [old.actor, later.actor])
        listed = await listing(tx)
    assert known == {old.actor: old.actor, later.actor: old.actor}
    assert {line.person for line in listed} == {old.actor}
