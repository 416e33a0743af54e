"""Several questions to the server asked as one.

A decision looks at nearly twenty tables. What SQLAlchemy, the driver and the event loop do for one statement
costs a millisecond of processor time, several times what the server needs to answer it; so the questions that
need nothing of each other's answers are one statement. PostgreSQL answers each as an array of rows, which the
driver decodes to the values that the same question alone would have had. Besides, all see one snapshot, which
statements of a READ COMMITTED transaction, one after the other, do not.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, TypeVar, cast

from sqlalchemy import ColumnElement, CompoundSelect, Dialect, Select, func, select
from sqlalchemy.types import NullType

from recourse.storage.database import ReadTx, Tx

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
Question = Select[Any] | CompoundSelect[Any]


@dataclass(frozen=True, eq=False)
class Part(Generic[T_co]):
    """One question, whose answers are read by `read`: rows in the statement's order, with its columns' names.

    Of a union the order is not kept."""

    statement: Question
    read: Callable[[Iterable[Any]], T_co]

    async def of(self, tx: Tx | ReadTx, **given: object) -> T_co:
        """The answer to this question alone; given: the values of its `bindparam`s."""
        return self.read(await tx.execute(self.statement, given))


class Answers:
    """What was read of each part."""

    def __init__(self, read: dict[Part[Any], Any]) -> None:
        self._read = read

    def __getitem__(self, part: Part[T]) -> T:
        return cast(T, self._read[part])


class Together:
    """Parts that are asked at once. Made once, as a constant of its module."""

    def __init__(self, *parts: Part[Any]) -> None:
        self._rows = [(part, _Rows(part.statement)) for part in parts]
        self._statement = select(*(rows.as_array() for _, rows in self._rows))

    async def of(self, tx: Tx | ReadTx, **given: object) -> Answers:
        """given: the values of all parts' `bindparam`s; a name means the same in each of them."""
        answer = (await tx.execute(self._statement, given)).one()
        return Answers(
            {
                part: part.read(rows.of(found, tx.dialect))
                for (part, rows), found in zip(self._rows, answer, strict=True)
            }
        )


class _Rows:
    """The rows of a statement as one value, and back."""

    def __init__(self, statement: Question) -> None:
        self.statement = statement
        names = [str(column.key) for column in statement.selected_columns]
        # As in a result, a name that stands twice or that Python does not have is found by its place only.
        self._named = cast(Any, namedtuple)("Answer", names, rename=True)
        self._processed = cache(self._processors)

    def as_array(self) -> ColumnElement[Any]:
        """`ARRAY(SELECT ROW(…) …)`."""
        if isinstance(self.statement, Select):
            rows = self.statement.with_only_columns(
                func.row(*self.statement.selected_columns), maintain_column_froms=True
            )
        else:
            each = self.statement.subquery()
            rows = select(func.row(*each.c))
        return func.array(rows.scalar_subquery(), type_=NullType())

    def of(self, found: Sequence[Sequence[Any]], dialect: Dialect) -> list[Any]:
        if not found:
            return []
        mended = self._processed(dialect)
        if not mended:
            return [self._named(*row) for row in found]
        return [
            self._named(*(mended[n](value) if n in mended else value for n, value in enumerate(row)))
            for row in found
        ]

    def _processors(self, dialect: Dialect) -> dict[int, Callable[[Any], Any]]:
        """What SQLAlchemy itself does to a value of the driver's, by the place of the column. For NUMERIC it
        wants to know more than the column's type, and says so."""
        each = [
            column.type.dialect_impl(dialect).result_processor(dialect, None)
            for column in self.statement.selected_columns
        ]
        return {n: one for n, one in enumerate(each) if one is not None}
