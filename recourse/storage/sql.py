"""What several repositories say in SQL."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import ARRAY, Column, ColumnElement, and_, any_, exists, func, literal, select


def among(column: Column[Any], values: Iterable[object]) -> ColumnElement[bool]:
    """`column = ANY (array)`: one text of the statement however many values, so that it is compiled, prepared
    and planned once; an `IN` list is another statement for each length of a batch."""
    return column == any_(literal(list(values), ARRAY(column.type)))


def rows_among(columns: Sequence[Column[Any]], rows: Collection[Sequence[object]]) -> ColumnElement[bool]:
    """The same for several columns at once: `EXISTS (SELECT … FROM unnest(array, array))`. Besides, one value
    a parameter would be more than a statement may have (32,767) for a large record, which could never be
    stored then."""
    arrays = [literal([row[n] for row in rows], ARRAY(column.type)) for n, column in enumerate(columns)]
    given = (
        func.unnest(*arrays).table_valued(*[column.name for column in columns]).render_derived(name="given")
    )
    same = [column == given.c[column.name] for column in columns]
    return exists(select(literal(1)).select_from(given).where(and_(*same)))
