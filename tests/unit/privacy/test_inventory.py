"""The inventory is whole: a column that could hold personal data is named, as one that does or does not."""

from __future__ import annotations

from sqlalchemy import ARRAY, JSON, Double, LargeBinary, String
from sqlalchemy.dialects.postgresql import BYTEA, JSONB

from recourse.storage import backfill
from recourse.storage.inventory import PERSONAL, accounted_for
from recourse.storage.tables import metadata

CAN_HOLD = (String, JSON, JSONB, LargeBinary, BYTEA, Double, ARRAY)


def _columns() -> set[tuple[str, str]]:
    return {
        (table.name, column.name)
        for table in metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, CAN_HOLD)
    }


def test_every_column_that_can_hold_text_is_in_one_of_the_two_lists() -> None:
    assert _columns() - accounted_for() == set()


def test_the_lists_name_no_column_that_there_is_not() -> None:
    assert accounted_for() - {
        (table.name, column.name) for table in metadata.sorted_tables for column in table.columns
    } == {("person_contact_point", "value")}  # it never stood there in plain


def test_what_is_sealed_now_is_what_is_emptied_where_it_was_plain() -> None:
    emptied = {(one.table.name, name) for one in backfill.PLAIN for name in one.columns}
    held = {(one.table, one.column) for one in PERSONAL if one.sealed is not None}
    assert emptied == (held - {("person_contact_point", "value")}) | {("contact_point", "value")}
