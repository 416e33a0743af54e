"""Accounts of people who sign in with a browser: made, reset and disabled by who runs the place."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from sqlalchemy import func, select

from recourse.service import passwords, tokens
from recourse.service.context import Unit
from recourse.service.noting import Pointless
from recourse.storage import accounts
from recourse.storage.tables import account, web_session

ROLES: Final = ("agent", "lead", "vehicle", "legal", "auditor", "admin")
"""Of people. Machines have tokens."""
FIRST_LASTS: Final = timedelta(hours=72)
"""How long a password is good that somebody else has seen."""
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{1,63}")


@dataclass(frozen=True, slots=True)
class Opened:
    """password: shown once; it lets its person choose one of his own."""

    login: str
    actor: str
    person: str
    password: str = field(repr=False)


async def add(
    unit: Unit, login: str, role: str, name: str, person: str | None = None, *, confined: bool = False
) -> Opened:
    """Raises Pointless for a login that cannot be one or that somebody has. person, confined: as for a
    token."""
    if _LOGIN.fullmatch(login) is None:
        raise Pointless(
            "login: 2 to 64 of a-z, 0-9, dot, hyphen and underscore, beginning with one of a-z0-9"
        )
    first = passwords.first_password()
    actor, whose = await tokens.enter(unit, role, name, person, confined=confined)
    if not await accounts.new(unit.tx, actor, login, await passwords.hashed(first), FIRST_LASTS):
        raise Pointless("login: somebody has it; see `recourse users list`")
    return Opened(login, actor, whose, first)


async def reset(unit: Unit, login: str) -> Opened:
    """A first password again, and a second factor to be set up again; every session ends. Raises LookupError
    for a login that nobody has, or that was disabled."""
    found = await _found(unit, login)
    first = passwords.first_password()
    await accounts.change(
        unit.tx,
        found.actor,
        password_hash=await passwords.hashed(first),
        first_until=func.now() + FIRST_LASTS,
        totp_sealed=None,
        totp_confirmed=False,
        refused_codes=0,
    )
    await end_sessions(unit, login)
    return Opened(login, found.actor, "", first)


async def disable(unit: Unit, login: str) -> str:
    """For good, with its sessions; who comes back gets a new account of the same person. Returns the actor.
    Raises LookupError."""
    found = await _found(unit, login)
    await tokens.revoke(unit, found.actor)
    await end_sessions(unit, login)
    return found.actor


async def end_sessions(unit: Unit, login: str) -> int:
    """How many there were. Raises LookupError."""
    actor = select(account.c.actor).where(account.c.login == login).scalar_subquery()
    return await accounts.end(unit.tx, "by_an_administrator", web_session.c.actor == actor)


async def _found(unit: Unit, login: str) -> accounts.AccountRow:
    found = await accounts.named(unit.tx, login)
    if found is None:
        raise LookupError(f"login {login}: nobody has it, or it was disabled; see `recourse users list`")
    return found
