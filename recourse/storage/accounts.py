"""Accounts of people and their sessions. Instants are the database's own clock, not business time: a session
ends while its person is away, however fast a test's calendar runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, insert, select, update

from recourse.storage.database import ReadTx, Tx
from recourse.storage.tables import account, api_token, web_session


@dataclass(frozen=True, slots=True)
class AccountRow:
    """first_ended: its password was a first one and is over."""

    actor: str
    login: str
    password_hash: str
    first_until: datetime | None
    totp_sealed: bytes | None
    totp_confirmed: bool
    totp_step: int | None
    refused_codes: int
    language: str | None
    look: str | None
    onward: bool
    name: str
    role: str
    first_ended: bool


@dataclass(frozen=True, slots=True)
class SessionLine:
    """One that runs."""

    id: int
    began_at: datetime
    seen_at: datetime
    ends_at: datetime


async def new(tx: Tx, actor: str, login: str, password_hash: str, first: timedelta) -> bool:
    """False where somebody has the login already."""
    taken = select(account.c.actor).where(account.c.login == login)
    if (await tx.execute(taken)).first() is not None:
        return False
    values = {"actor": actor, "login": login, "password_hash": password_hash}
    await tx.execute(insert(account).values(values | {"first_until": func.now() + first}))
    return True


def _accounts() -> Select[Any]:
    c = account.c
    over = func.coalesce(c.first_until <= func.now(), False).label("first_ended")
    own = [c[name] for name in AccountRow.__dataclass_fields__ if name in c]
    return select(*own, api_token.c.name, api_token.c.role, over).join(
        api_token, (api_token.c.actor == c.actor) & api_token.c.revoked_at.is_(None)
    )


async def named(tx: Tx | ReadTx, login: str) -> AccountRow | None:
    """Of somebody who may still sign in."""
    row = (await tx.execute(_accounts().where(account.c.login == login))).mappings().first()
    return AccountRow(**row) if row else None


async def of_actor(tx: Tx | ReadTx, actor: str) -> AccountRow | None:
    row = (await tx.execute(_accounts().where(account.c.actor == actor))).mappings().first()
    return AccountRow(**row) if row else None


async def change(tx: Tx, actor: str, **values: Any) -> None:
    await tx.execute(update(account).where(account.c.actor == actor).values(**values))


async def use_step(tx: Tx, actor: str, step: int) -> bool:
    """False where this code, or a later one, was used before: of two who come at once one is told so."""
    c = account.c
    unused = c.totp_step.is_(None) | (c.totp_step < step)
    used = update(account).where(c.actor == actor, unused)
    values = {"totp_step": step, "refused_codes": 0, "totp_confirmed": True}
    return (await tx.execute(used.values(values).returning(c.actor))).first() is not None


async def refuse_code(tx: Tx, actor: str) -> None:
    c = account.c
    await tx.execute(update(account).where(c.actor == actor).values(refused_codes=c.refused_codes + 1))


async def open_session(tx: Tx, secret_hash: str, actor: str, *, whole: bool, lasts: timedelta) -> None:
    now = func.clock_timestamp()
    values = {"secret_hash": secret_hash, "actor": actor, "whole": whole, "ends_at": now + lasts}
    await tx.execute(insert(web_session).values(values | {"began_at": now, "seen_at": now}))


def _running(idle: timedelta) -> list[ColumnElement[bool]]:
    c, now = web_session.c, func.clock_timestamp()
    return [c.ended_at.is_(None), c.ends_at > now, c.seen_at > now - idle]


def with_session(statement: Select[Any], secret_hash: str, idle: timedelta) -> Select[Any]:
    """A statement about actors, narrowed to whose session this is, with its id and state."""
    c = web_session.c
    stale = (c.seen_at < func.clock_timestamp() - timedelta(minutes=1)).label("stale")
    here = statement.join(account, account.c.actor == api_token.c.actor).join(
        web_session, c.actor == account.c.actor
    )
    shown = here.add_columns(
        c.id, c.whole, stale, account.c.login, account.c.language, account.c.look, account.c.onward
    )
    return shown.where(c.secret_hash == secret_hash, *_running(idle))


async def seen(tx: Tx, session: int) -> None:
    at = func.clock_timestamp()
    await tx.execute(update(web_session).where(web_session.c.id == session).values(seen_at=at))


async def end(tx: Tx, why: str, *which: ColumnElement[bool]) -> int:
    """How many of them were running."""
    c = web_session.c
    ended = update(web_session).where(c.ended_at.is_(None), *which)
    values = {"ended_at": func.clock_timestamp(), "ended": why}
    return len((await tx.execute(ended.values(values).returning(c.id))).all())


async def running(tx: ReadTx, actor: str, idle: timedelta) -> list[SessionLine]:
    """Whole ones, the newest first."""
    c = web_session.c
    mine = select(c.id, c.began_at, c.seen_at, c.ends_at).where(c.actor == actor, c.whole, *_running(idle))
    return [SessionLine(*row) for row in await tx.execute(mine.order_by(c.id.desc()))]


async def listing(tx: ReadTx) -> list[dict[str, Any]]:
    """Every account, oldest first: actor, person, role, login, name, second factor, revoked_at."""
    c = account.c
    rows = await tx.execute(
        select(
            c.actor,
            func.coalesce(api_token.c.person, c.actor).label("person"),
            api_token.c.role,
            c.login,
            api_token.c.name,
            c.totp_confirmed,
            c.refused_codes,
            api_token.c.revoked_at,
        )
        .join(api_token, api_token.c.actor == c.actor)
        .order_by(c.recorded_at, c.actor)
    )
    return [dict(row) for row in rows.mappings()]
