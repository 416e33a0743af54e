"""What several repositories say in SQL."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ARRAY, Column, ColumnElement, any_, literal


def among(column: Column[Any], values: Iterable[object]) -> ColumnElement[bool]:
    """`column = ANY (array)`: one text of the statement however many values, so that it is compiled, prepared
    and planned once; an `IN` list is another statement for each length of a batch."""
    return column == any_(literal(list(values), ARRAY(column.type)))
