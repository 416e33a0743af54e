"""Connections and transactions. A reading connection is another type than a writing one, on purpose."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from copy import copy
from datetime import datetime
from typing import Any, NewType, Self, TypeVar

from asyncpg.exceptions import (
    DataError,
    DeadlockDetectedError,
    IntegrityConstraintViolationError,
    LockNotAvailableError,
    PostgresError,
    ProgramLimitExceededError,
    SerializationError,
)
from asyncpg.exceptions import InterfaceError as DriverError
from sqlalchemy import TextClause, func, select, text
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from recourse.contracts.delivery import Unacceptable, Unavailable
from recourse.domain.calendar import BusinessCalendar
from recourse.storage import sight as sights
from recourse.storage.sight import NOBODYS, Sight

Tx = NewType("Tx", AsyncConnection)
"""A connection inside a writing transaction."""
ReadTx = NewType("ReadTx", AsyncConnection)
"""A connection inside a READ ONLY transaction: the server itself refuses a write."""

T = TypeVar("T")

LOCK_TIMEOUT = "3s"
"""A lock that is not had by then is retried; nothing is ever sent without it."""
STATEMENT_TIMEOUT = "10s"
CONNECT_WITHIN = 5
ANSWER_WITHIN = 12
"""Seconds for a new connection and for the answer to a statement, for a server that hangs and so keeps no
time-out of its own. That and the end of the connection stay under `workflows.steps.QUICK`: a try that is
cut off by Temporal cannot say whose fault it was."""
_BEGIN_WRITING = text(
    "SELECT set_config('lock_timeout', :lock, true), set_config('statement_timeout', :statement, true), "
    + sights.SETTINGS
)
_BEGIN_READING = text("SELECT " + sights.SETTINGS)
_SNAPSHOT = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
_CLOCK = select(func.clock_timestamp())
VAULT = "recourse_vault"
"""Execution option under which a transaction has the vault of its database."""
_TRIES = 4
_RETRY = (DeadlockDetectedError, LockNotAvailableError, SerializationError)
_AWAY = (OSError, InterfaceError, PostgresError, TimeoutError, PoolTimeout)
"""SQLAlchemy's own TimeoutError (no connection of the pool is free) is neither Python's nor the driver's."""
_POISON = (DataError, IntegrityConstraintViolationError, ProgramLimitExceededError)
"""What no repetition mends. The limits of the program are those of a value: too long for an index, say."""
_ARGUMENTS = ("query arguments", "server expects")
"""How the driver says that it cannot send what it was given. It has one class for this and for a connection
that is closed, so only the words tell them apart."""


class Database:
    """One pool. calendar: maps the database's clock to business time. sight: whose rows it shows."""

    def __init__(
        self,
        url: str,
        calendar: BusinessCalendar,
        *,
        sight: Sight = NOBODYS,
        pool_size: int = 10,
        pool_timeout: float = 15,
        vault: object | None = None,
    ) -> None:
        """pool_timeout: seconds to wait for a connection that others have. vault: what seals and opens
        personal data (`storage.vault`), found again by every transaction."""
        self.calendar = calendar
        self.sight = sight
        self.engine: AsyncEngine = create_async_engine(
            url,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=pool_timeout,
            hide_parameters=True,
            connect_args={"timeout": CONNECT_WITHIN, "command_timeout": ANSWER_WITHIN},
            execution_options={VAULT: vault},
        )

    async def close(self) -> None:
        await self.engine.dispose()

    def seen(self, sight: Sight) -> Self:
        """The same pool, showing other rows."""
        other = copy(self)
        other.sight = sight
        return other

    async def write(self, work: Callable[[Tx], Awaitable[T]]) -> T:
        """Run `work` as one transaction; deadlocks and lock timeouts are tried again from the start.

        Raises Unavailable when the database cannot be used, Unacceptable when a value cannot be stored.
        """
        for tries_left in reversed(range(_TRIES)):
            try:
                async with self._transaction() as tx:
                    return await work(tx)
            except DBAPIError as error:
                cause = error.orig.__cause__ if error.orig else None
                if _is_poison(cause):
                    raise Unacceptable(type(cause).__name__) from None
                if not (isinstance(cause, _RETRY) and tries_left):
                    raise Unavailable(_safe(error)) from None
            except _AWAY as error:
                raise Unavailable(_safe(error)) from None
        raise Unavailable("lock")  # unreachable: the last try raises

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Tx]:
        limits = {"lock": LOCK_TIMEOUT, "statement": STATEMENT_TIMEOUT}
        async with self._begun(_BEGIN_WRITING, limits | sights.values(self.sight)) as connection:
            yield Tx(connection)
            await connection.commit()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[ReadTx]:
        """A read-only snapshot. Raises Unavailable, or Unacceptable when asked for what no row can hold."""
        try:
            values = sights.values(self.sight)
            async with self._begun(_BEGIN_READING, values, **_SNAPSHOT) as connection:
                yield ReadTx(connection)
        except DBAPIError as error:
            cause = error.orig.__cause__ if error.orig else None
            if _is_poison(cause):
                raise Unacceptable(type(cause).__name__) from None
            raise Unavailable(_safe(error)) from None
        except _AWAY as error:
            raise Unavailable(_safe(error)) from None

    @asynccontextmanager
    async def _begun(
        self, statement: TextClause, values: Mapping[str, object], **options: Any
    ) -> AsyncIterator[AsyncConnection]:
        """A transaction that this statement has begun, rolled back unless it is committed.

        The pool may hold connections that the server has closed since. It is not made to ask each one
        beforehand, which takes three round trips: this statement finds out, none has come before it, so it is
        said once more on a new connection.
        """
        for another in (True, False):
            async with self.engine.connect() as connection:
                await connection.execution_options(**options)
                try:
                    await connection.execute(statement, values)
                except DBAPIError as error:
                    if another and error.connection_invalidated:
                        continue
                    raise
                yield connection
                return

    async def now(self, tx: Tx | ReadTx) -> datetime:
        """Business now by the database's clock: workers with a wrong clock must not decide what is late."""
        real = (await tx.execute(_CLOCK)).scalar_one()
        return self.calendar.business(real)


def _is_poison(cause: BaseException | None) -> bool:
    of_arguments = isinstance(cause, DriverError) and any(words in str(cause) for words in _ARGUMENTS)
    return of_arguments or isinstance(cause, _POISON)


def _safe(error: BaseException) -> str:
    """The kind of a database error; its text may quote the row, and so personal data.

    For the same reason errors are raised `from None`: Temporal writes the causes of a failed activity into
    the case's history, and the log prints them.
    """
    cause = getattr(getattr(error, "orig", None), "__cause__", None) or error
    return type(cause).__name__
