"""Commands that only a person may give: each by his own token.

The token is asked for, or taken from RECOURSE_TOKEN: an option would stand in the list of processes.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import typer

from recourse.cli.common import USAGE, fail

if TYPE_CHECKING:
    from recourse.service.context import Services

TOKEN = "RECOURSE_TOKEN"  # noqa: S105 - the name of a variable


def given_token() -> str:
    """Before anything is reached: somebody is there to be asked."""
    token: str = os.environ.get(TOKEN) or typer.prompt("token", hide_input=True, err=True)
    return token


async def actor_of(running: Services, token: str, roles: tuple[str, ...]) -> str:
    """Whose token it is. Exits with 2 for one that is not in force, and where its role may not do this."""
    from recourse.service.tokens import caller

    async with running.database.reading() as tx:
        who = await caller(tx, token)
    if who is None:
        fail(f"{TOKEN}: not a token that is in force; see `recourse tokens list`", USAGE)
    if who.role not in {*roles, "admin"}:
        fail(f"{TOKEN}: the role {who.role} may not do this; {' or '.join(roles)} may", USAGE)
    return who.actor
