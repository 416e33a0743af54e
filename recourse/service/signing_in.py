"""Signing in with a browser, and the sessions that come of it.

A session is a row; the browser has 256 random bits whose digest stands there. After the password it is
partial and leads to the second factor only; then another one takes its place, so that nobody goes on with an
id that was known before. It ends when its person was away for too long, after a shift, when he or an
administrator ends it, with his password, and with his account.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from functools import partial
from typing import Final

from recourse.service import passwords, second_factor
from recourse.service.context import Services, Unit
from recourse.service.passwords import Weak, weakness
from recourse.service.second_factor import Code
from recourse.service.tokens import Caller, caller_of, known
from recourse.storage import accounts
from recourse.storage.accounts import AccountRow
from recourse.storage.database import ReadTx, Tx
from recourse.storage.tables import web_session

PARTIAL: Final = timedelta(minutes=10)
"""For finding the telephone and typing a code."""
_SHAPE = re.compile(r"[A-Za-z0-9_-]{43}")


class Step(StrEnum):
    """What is left to do of signing in."""

    PASSWORD = "password"  # noqa: S105 - the name of a page
    ENROL = "enrol"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Lasting:
    """idle: since the last request. whole: since the sign-in, whatever is done."""

    idle: timedelta = timedelta(minutes=30)
    whole: timedelta = timedelta(hours=10)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whose session a request carries. stale: it is a minute since that was noted."""

    caller: Caller
    session: int
    whole: bool
    stale: bool
    login: str
    language: str | None
    look: str | None
    onward: bool
    secret: str = field(repr=False)

    @property
    def csrf(self) -> str:
        """Known to the session's own pages only: it follows from the cookie, which no page can read."""
        return hashlib.sha256(f"csrf:{self.secret}".encode()).hexdigest()


async def visitor(tx: Tx | ReadTx, secret: str, idle: timedelta) -> Visitor | None:
    """Asked at every request, so that who was signed out or disabled is out at once."""
    if _SHAPE.fullmatch(secret) is None:
        return None
    row = (await tx.execute(accounts.with_session(known(), _digest(secret), idle))).first()
    if row is None:
        return None
    own = (row.id, row.whole, row.stale, row.login, row.language, row.look, row.onward)
    return Visitor(caller_of(row), *own, secret)


async def begin(services: Services, login: str, password: str) -> str | None:
    """The secret of a partial session; None for a login or a password that is not right, or a first password
    that is over. It takes as long for a login that nobody has."""
    async with services.database.reading() as tx:
        row = await accounts.named(tx, login.strip().lower())
    right = await passwords.matches(row.password_hash if row else None, password)
    if row is None or not right or row.first_ended:
        return None
    return await services.run(partial(_open, actor=row.actor, whole=False, lasts=PARTIAL))


def left_to_do(row: AccountRow) -> Step:
    if row.first_until is not None:
        return Step.PASSWORD
    return Step.CODE if row.totp_confirmed else Step.ENROL


async def knows(services: Services, who: Visitor, password: str) -> bool:
    """Whether it is his: asked again before what an open screen must not be enough for."""
    async with services.database.reading() as tx:
        row = await accounts.of_actor(tx, who.caller.actor)
    return await passwords.matches(row.password_hash if row else None, password)


async def choose_password(
    services: Services, who: Visitor, fresh: str, current: str, lasting: Lasting
) -> Weak | str:
    """Why not, or the secret of the session that goes on. current: asked of who has one of his own; its not
    being right is raised as PermissionError. Every other session ends."""
    async with services.database.reading() as tx:
        row = await accounts.of_actor(tx, who.caller.actor)
    if row is None:
        raise PermissionError
    own = row.first_until is None
    if own and not await passwords.matches(row.password_hash, current):
        raise PermissionError
    if weak := weakness(fresh, row.login):
        return weak
    if await passwords.matches(row.password_hash, fresh):
        return Weak.SAME
    kept = await passwords.hashed(fresh)

    async def work(unit: Unit) -> str:
        await accounts.change(unit.tx, row.actor, password_hash=kept, first_until=None)
        await accounts.end(unit.tx, "password_changed", web_session.c.actor == row.actor)
        lasts = lasting.whole if who.whole else PARTIAL
        return await _open(unit, row.actor, whole=who.whole, lasts=lasts)

    return await services.run(work)


async def give_code(unit: Unit, who: Visitor, code: str, lasting: Lasting) -> Code | str:
    """Why not, or the secret of the whole session that takes the partial one's place."""
    row = await accounts.of_actor(unit.tx, who.caller.actor)
    if row is None or left_to_do(row) is Step.PASSWORD:
        return Code.REFUSED
    said = await second_factor.check(unit, row, code)
    if said is not Code.GOOD:
        return said
    await accounts.end(unit.tx, "replaced", web_session.c.id == who.session)
    return await _open(unit, row.actor, whole=True, lasts=lasting.whole)


async def sign_out(unit: Unit, who: Visitor) -> None:
    await accounts.end(unit.tx, "signed_out", web_session.c.id == who.session)


async def end_own(unit: Unit, who: Visitor, session: int | None) -> int:
    """One other session of his, or all but this one. How many ended."""
    c = web_session.c
    which = [c.actor == who.caller.actor, c.id != who.session]
    which += [c.id == session] if session is not None else []
    return await accounts.end(unit.tx, "by_its_person", *which)


async def _open(unit: Unit, actor: str, *, whole: bool, lasts: timedelta) -> str:
    secret = secrets.token_urlsafe(32)
    await accounts.open_session(unit.tx, _digest(secret), actor, whole=whole, lasts=lasts)
    return secret


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
