"""What several repositories say in SQL.

A statement that every decision needs is made once, as a constant of its module, with `bindparam` and
`among_given` where values come: making it anew, and its cache key, takes fifty times as long as finding it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import ARRAY, Column, ColumnElement, and_, any_, bindparam, exists, func, literal, select


def among(column: Column[Any], values: Iterable[object]) -> ColumnElement[bool]:
    """`column = ANY (array)`: one text of the statement however many values, so that it is compiled, prepared
    and planned once; an `IN` list is another statement for each length of a batch."""
    return column == any_(literal(list(values), ARRAY(column.type)))


def among_given(column: Column[Any], name: str) -> ColumnElement[bool]:
    """The same for a statement that is made once: the values are given under this name, as a list, each time
    it is executed."""
    return column == any_(bindparam(name, type_=ARRAY(column.type)))


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
