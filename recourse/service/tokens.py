"""Who may call: actors with their roles, and their bearer tokens (256 random bits, shown once, kept hashed).

An actor has a token or an account (`service.accounts`). Role, lenders and person stand with the actor, so
that both credentials open the same.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, Select, func, insert, or_, select, update

from recourse.service.binding import BOUND_ROLE
from recourse.service.context import Unit
from recourse.storage import token_scopes
from recourse.storage.database import ReadTx
from recourse.storage.tables import api_token

_SHAPE = re.compile(r"rc_[A-Za-z0-9_-]{43}")
ROLES = ("agent", "lead", "vehicle", "legal", "desk", "dialler", "recovery", "auditor", "admin")


@dataclass(frozen=True, slots=True)
class Issued:
    token: str = field(repr=False)
    actor: str
    person: str


@dataclass(frozen=True, slots=True)
class Caller:
    """actor: the opaque id that stands in steps, tasks and approvals. lenders: whose loans there are for him;
    None for every lender's."""

    actor: str
    role: str
    lenders: tuple[str, ...] | None = None


async def issue(
    unit: Unit,
    role: str,
    name: str,
    person: str | None = None,
    *,
    confined: bool = False,
    lasts: timedelta | None = None,
) -> Issued:
    """person: the opaque id of whose it is, where he has a token already; a new one when left out. A token
    that has none is its actor's: with that actor as `person` the two are of one person. confined: to the
    lenders that it is bound to (`binding`), none at first; a dialler's always is. lasts: real time, after
    which it is nobody's; None: until it is revoked."""
    token = f"rc_{secrets.token_urlsafe(32)}"
    actor, person = await enter(
        unit, role, name, person, confined=confined, token_hash=_hash(token), lasts=lasts
    )
    return Issued(token, actor, person)


async def enter(
    unit: Unit,
    role: str,
    name: str,
    person: str | None,
    *,
    confined: bool,
    token_hash: str | None = None,
    lasts: timedelta | None = None,
) -> tuple[str, str]:
    """A new actor, and the person behind it; without a token where another credential is to name it."""
    actor = f"{role}-{secrets.token_hex(4)}"
    person = person or f"person-{secrets.token_hex(4)}"
    values: dict[str, object] = {
        "token_hash": token_hash,
        "actor": actor,
        "name": name,
        "role": role,
        "person": person,
    }
    values["confined"] = confined or role == BOUND_ROLE
    values["ends_at"] = None if lasts is None else func.clock_timestamp() + lasts
    await unit.tx.execute(insert(api_token).values(values))
    return actor, person


async def revoke(unit: Unit, actor: str) -> None:
    """Its token, and its account. Raises LookupError for an actor nobody has."""
    result = await unit.tx.execute(
        update(api_token)
        .where(api_token.c.actor == actor)
        .values(revoked_at=func.coalesce(api_token.c.revoked_at, unit.now))
        .returning(api_token.c.actor)
    )
    if result.first() is None:
        raise LookupError(f"actor {actor}: no token was issued under it")


def has_the_shape(token: str) -> bool:
    """Whether it could be one of ours: what could not is not worth a connection to the database."""
    return _SHAPE.fullmatch(token) is not None


async def caller(tx: ReadTx, token: str) -> Caller | None:
    """Looked up at every request, so that a revoked token stops working at once, and one in its second."""
    c = api_token.c
    lasts = or_(c.ends_at.is_(None), c.ends_at > func.clock_timestamp())
    row = (await tx.execute(known().where(c.token_hash == _hash(token), lasts))).first()
    return caller_of(row) if row else None


def known() -> Select[Any]:
    """Actors that were not revoked; each row is one for `caller_of`."""
    c = api_token.c
    # A dialler tells of what it reserved before it was unbound; what it may ask for is checked loan by loan.
    lenders = token_scopes.lenders_of(c.actor, once=c.role == BOUND_ROLE)
    return select(c.actor, c.role, c.confined, lenders.label("lenders")).where(c.revoked_at.is_(None))


def caller_of(row: Row[Any]) -> Caller:
    return Caller(row.actor, row.role, tuple(row.lenders) if row.confined else None)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
