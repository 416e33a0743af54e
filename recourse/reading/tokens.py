"""Who may call the API. The tokens themselves are not stored, only their hashes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import false, func, select

from recourse.storage.database import ReadTx
from recourse.storage.tables import api_token


@dataclass(frozen=True, slots=True)
class TokenLine:
    """actor: the opaque id that stands in steps, tasks and approvals. person: whose it is, the same for each
    of his tokens. revoked_at: business time. ends_at: real time; None: when it is revoked."""

    actor: str
    person: str
    role: str
    name: str
    recorded_at: datetime
    revoked_at: datetime | None
    ends_at: datetime | None
    ended: bool


async def listing(tx: ReadTx) -> list[TokenLine]:
    """Oldest first, revoked ones too."""
    c = api_token.c
    person = func.coalesce(c.person, c.actor)
    ended = func.coalesce(c.ends_at <= func.clock_timestamp(), false())
    shown = select(c.actor, person, c.role, c.name, c.recorded_at, c.revoked_at, c.ends_at, ended)
    rows = await tx.execute(shown.order_by(c.recorded_at, c.actor))
    return [TokenLine(*row) for row in rows]
