"""Who may call the API. The tokens themselves are not stored, only their hashes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from recourse.storage.database import ReadTx
from recourse.storage.tables import api_token


@dataclass(frozen=True, slots=True)
class TokenLine:
    """actor: the opaque id that stands in steps, tasks and approvals. revoked_at: business time."""

    actor: str
    role: str
    name: str
    recorded_at: datetime
    revoked_at: datetime | None


async def listing(tx: ReadTx) -> list[TokenLine]:
    """Oldest first, revoked ones too."""
    columns = [api_token.c[name] for name in TokenLine.__dataclass_fields__]
    rows = await tx.execute(select(*columns).order_by(api_token.c.recorded_at, api_token.c.actor))
    return [TokenLine(*row) for row in rows]
