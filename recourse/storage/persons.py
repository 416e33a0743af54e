"""Who stands behind an actor: one person may hold several tokens, and two people are not two tokens.

An actor without a token, as the command line takes it, is a person of its own; so is one whose token was
issued before tokens had persons.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from recourse.storage.database import ReadTx, Tx
from recourse.storage.sql import among
from recourse.storage.tables import api_token


async def persons_of(tx: Tx | ReadTx, actors: Iterable[str | None]) -> dict[str | None, str | None]:
    """The person of each actor; None stands for nobody."""
    asked = set(actors)
    known = select(api_token.c.actor, api_token.c.person).where(
        among(api_token.c.actor, asked - {None}), api_token.c.person.is_not(None)
    )
    found: dict[str | None, str | None] = {actor: actor for actor in asked}
    for actor, person in await tx.execute(known):
        found[actor] = person
    return found


async def of_same_person(tx: Tx | ReadTx, actor: str) -> list[str]:
    """Every actor behind which the same person stands, this one included."""
    person = (await persons_of(tx, [actor]))[actor]
    rows = await tx.execute(select(api_token.c.actor).where(api_token.c.person == person))
    return sorted({actor, *rows.scalars()})


async def acts_as(tx: Tx | ReadTx, actor: str, role: str) -> bool:
    """Whether a token of this role is in force under the actor."""
    c = api_token.c
    mine = (c.actor == actor, c.role == role, c.revoked_at.is_(None))
    return (await tx.execute(select(c.actor).where(*mine))).first() is not None
