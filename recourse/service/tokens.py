"""Bearer tokens: 256 random bits, shown once, kept as a hash."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass, field

from sqlalchemy import func, insert, select, update

from recourse.service.context import Unit
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
    """actor: the opaque id that stands in steps, tasks and approvals."""

    actor: str
    role: str


async def issue(unit: Unit, role: str, name: str, person: str | None = None) -> Issued:
    """person: the opaque id of whose it is, where he has a token already; a new one when left out. A token
    that has none is its actor's: with that actor as `person` the two are of one person."""
    token = f"rc_{secrets.token_urlsafe(32)}"
    actor = f"{role}-{secrets.token_hex(4)}"
    person = person or f"person-{secrets.token_hex(4)}"
    values = {"token_hash": _hash(token), "actor": actor, "name": name, "role": role, "person": person}
    await unit.tx.execute(insert(api_token).values(values))
    return Issued(token, actor, person)


async def revoke(unit: Unit, actor: str) -> None:
    """Raises LookupError for an actor nobody has."""
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
    """Looked up at every request, so that a revoked token stops working at once."""
    row = (
        await tx.execute(
            select(api_token.c.actor, api_token.c.role).where(
                api_token.c.token_hash == _hash(token), api_token.c.revoked_at.is_(None)
            )
        )
    ).first()
    return Caller(row[0], row[1]) if row else None


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
