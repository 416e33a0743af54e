"""Messages for the bank, written with what they tell about and published in order by one relay."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from recourse.contracts.delivery import OutboxMessage, Unavailable
from recourse.contracts.events import CASE_MODELS
from recourse.domain.ids import LoanId
from recourse.storage.database import Database, Tx
from recourse.storage.sql import among
from recourse.storage.tables import outbox

_LEADER_LOCK = 0x5245434F55525345
"""Key of the advisory lock: two relays would publish one loan's messages out of order."""


@dataclass(frozen=True, slots=True)
class NewMessage:
    """data: codes, ids and amounts, never personal data."""

    loan_id: LoanId
    type: str
    at: datetime
    data: dict[str, Any]


async def put(tx: Tx, loan_id: LoanId, type_: str, at: datetime, data: dict[str, Any]) -> None:
    """One message; see `put_all`."""
    await put_all(tx, [NewMessage(loan_id, type_, at, data)])


async def put_all(tx: Tx, messages: Sequence[NewMessage]) -> None:
    """In the order given.

    Raises ValidationError for data that breaks the contract: here, where it is made, and not in the relay,
    where one such message would stand before all others.
    """
    for message in messages:
        CASE_MODELS[message.type].model_validate(message.data)
    rows = [
        {
            "event_id": str(uuid.uuid4()),
            "loan_id": message.loan_id,
            "type": message.type,
            "occurred_at": message.at,
            "data": message.data,
        }
        for message in messages
    ]
    if rows:
        await tx.execute(insert(outbox), rows)


class PostgresOutbox:
    """Implements `recourse.contracts.delivery.Outbox`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._leader: AsyncConnection | None = None

    async def pending(self, limit: int) -> Sequence[OutboxMessage]:
        c = outbox.c
        async with self._database.reading() as tx:
            rows = await tx.execute(
                select(c.id, c.loan_id, c.event_id, c.type, c.occurred_at, c.data)
                .where(c.published_at.is_(None))
                .order_by(c.id)
                .limit(limit)
            )
            return [OutboxMessage(r[0], r[1], r[2], r[3], r[4].isoformat(), r[5]) for r in rows]

    async def mark_published(self, ids: Sequence[int]) -> None:
        async def work(tx: Tx) -> None:
            await tx.execute(update(outbox).where(among(outbox.c.id, ids)).values(published_at=func.now()))

        await self._database.write(work)

    async def lead(self) -> bool:
        """The lock lives as long as its connection: a dead relay gives it up by dying."""
        try:
            if self._leader is not None:
                await self._leader.execute(text("SELECT 1"))
                return True
            connection = await self._database.engine.connect()
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            got = (
                await connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": _LEADER_LOCK})
            ).scalar_one()
            if not got:
                await connection.close()
                return False
            self._leader = connection
            return True
        except (SQLAlchemyError, OSError) as error:
            await self.close()
            raise Unavailable(type(error).__name__) from None

    async def close(self) -> None:
        """Gives up the lead. The connection is ended, for one that went back to its pool keeps the lock."""
        leader, self._leader = self._leader, None
        if leader is not None:
            with suppress(SQLAlchemyError, OSError):
                await leader.invalidate()
            await leader.close()
