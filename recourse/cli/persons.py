"""Commands that only a person may give, each by his own token: two persons are then two persons here too.

The token is asked for, or taken from RECOURSE_TOKEN: an option would stand in the list of processes.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import typer

from recourse.cli.common import USAGE, fail, run

if TYPE_CHECKING:
    from recourse.service.context import Services, Unit
    from recourse.service.tokens import Caller

T = TypeVar("T")
TOKEN = "RECOURSE_TOKEN"  # noqa: S105 - the name of a variable


def given_token() -> str:
    """Before anything is reached: somebody is there to be asked."""
    token: str = os.environ.get(TOKEN) or typer.prompt("token", hide_input=True, err=True)
    return token


async def person_of(running: Services, token: str, roles: tuple[str, ...]) -> Caller:
    """Whose token it is. Exits with 2 for one that is not in force, and where its role may not do this."""
    from recourse.service.tokens import caller

    async with running.database.reading() as tx:
        who = await caller(tx, token)
    if who is None:
        fail(f"{TOKEN}: not a token that is in force; see `recourse tokens list`", USAGE)
    if who.role not in {*roles, "admin"}:
        fail(f"{TOKEN}: the role {who.role} may not do this; {' or '.join(roles)} may", USAGE)
    return who


def as_person(work: Callable[[Unit, str], Awaitable[T]], roles: tuple[str, ...]) -> T:
    """Do it as the actor of the token, if its role may."""
    from recourse.app.compose import services
    from recourse.app.settings import load_settings
    from recourse.service.noting import Pointless

    token = given_token()

    async def done() -> T:
        async with services(load_settings()) as running:
            actor = (await person_of(running, token, roles)).actor
            return await running.run(partial(_within, work=work, actor=actor))

    try:
        return run(done())
    except Pointless as error:
        fail(str(error), USAGE)


async def _within(unit: Unit, work: Callable[[Unit, str], Awaitable[T]], actor: str) -> T:
    return await work(unit, actor)
