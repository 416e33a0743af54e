"""The table of who may do what: no table is left out, and what must stand can be changed by nobody."""

from __future__ import annotations

import pytest

from recourse.storage.access import granted
from recourse.storage.seals import NEVER_CHANGED, SEALED, SEALED_SINCE
from recourse.storage.tables import metadata
from recourse.storage.tables.access import ACCESS, APP, ROLES, SYSTEM

OWN_KEYS = {"loan_id", "person_id", "case_id", "lender"}
"""Columns by which a row is somebody's."""
OF_THE_TOKEN = {"token_scope"}
"""It names lenders, and belongs to who calls."""


def test_every_table_has_its_line() -> None:
    missing = metadata.tables.keys() - ACCESS
    assert not missing, f"add them to recourse/storage/tables/access.py: {sorted(missing)}"
    assert ACCESS.keys() - metadata.tables.keys() == {"alembic_version"}


@pytest.mark.parametrize("name", sorted(metadata.tables))
def test_a_table_with_a_loan_or_a_person_shows_its_rows_by_lender(name: str) -> None:
    keys = OWN_KEYS & set(metadata.tables[name].columns.keys())
    if keys and name not in OF_THE_TOKEN:
        assert ACCESS[name].rows is not None, f"{name} has {sorted(keys)} and would show every lender's rows"


@pytest.mark.parametrize("name", sorted(metadata.tables))
def test_a_table_that_hangs_on_one_with_lenders_shows_its_rows_by_lender(name: str) -> None:
    """By its foreign keys, however it is named."""
    parents = {key.column.table.name for key in metadata.tables[name].foreign_keys} - {"api_token"}
    if name not in OF_THE_TOKEN and any(ACCESS[parent].rows for parent in parents):
        assert ACCESS[name].rows is not None


@pytest.mark.parametrize("name", sorted(NEVER_CHANGED))
def test_what_is_written_once_can_be_changed_and_deleted_by_no_role(name: str) -> None:
    """Of letters the plain words are emptied for sealed ones: no other column of any kind changes."""
    columns = {f"UPDATE ({column})" for column in SEALED_SINCE.get(name, ())}
    for role in ROLES:
        more = columns if role in (APP, SYSTEM) else set()
        assert granted(name, role) - {"SELECT", "INSERT"} == more


def test_a_right_to_a_column_is_one_to_a_column_that_there_is() -> None:
    for name, access in ACCESS.items():
        assert access.columns <= set(metadata.tables[name].c.keys()) if access.columns else True


def test_what_is_sealed_can_be_deleted_by_no_role() -> None:
    assert not [(name, role) for name in SEALED for role in ROLES if "DELETE" in granted(name, role)]


def test_salts_are_destroyed_by_who_erases_and_written_by_the_sealer() -> None:
    assert granted("seal_secret", "recourse_app") == {"SELECT", "DELETE"}
    assert granted("seal_secret", "recourse_sealer") == {"SELECT", "INSERT"}


def test_the_sealer_alone_writes_the_ledger_and_writes_nothing_else() -> None:
    ledger = {"seal", "seal_node", "checkpoint", "anchor"}
    for name in ACCESS:
        writers = {role for role in ROLES if granted(name, role) - {"SELECT"}}
        if name in ledger:
            assert writers == {"recourse_sealer"}
        elif name == "seal_secret":
            continue
        elif name == "unsealed":
            assert granted(name, "recourse_sealer") == {"SELECT", "DELETE"}
        else:
            assert writers <= {"recourse_app", "recourse_system"}


def test_the_reader_reads_and_sees_no_token_no_salt_and_no_key() -> None:
    secret = {"api_token", "token_scope", "account", "web_session", "seal_secret", "data_key"}
    for name in ACCESS:
        wanted = set() if name in secret else {"SELECT"}
        assert granted(name, "recourse_reader") == wanted
