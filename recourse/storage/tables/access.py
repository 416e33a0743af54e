"""Which role of the database may do what to which table, and whose rows it sees: data beside the tables.

`recourse.storage.access` makes the database so, and says where it is not. A new table needs a line in
ACCESS; a test names the one that has none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

APP: Final = "recourse_app"
"""What processes log in as. It sees the rows of the lenders that the transaction names; unset, none."""
SYSTEM: Final = "recourse_system"
"""Nobody's login: APP assumes it, for a transaction, where the law needs every loan of a person."""
SEALER: Final = "recourse_sealer"
"""Login of the sealer: it reads what is sealed, and it alone writes the evidence ledger."""
READER: Final = "recourse_reader"
"""Login for reports: reads, never writes, never sees tokens or the ledger's secrets."""
ROLES: Final = (APP, SYSTEM, SEALER, READER)
TENANT: Final = "recourse.tenant"
"""The setting with the lenders of a transaction, as PostgreSQL writes an array of texts."""

READ, APPEND = frozenset({"SELECT"}), frozenset({"SELECT", "INSERT"})
CHANGE, REPLACE = APPEND | {"UPDATE"}, APPEND | {"UPDATE", "DELETE"}
NOTHING: Final[frozenset[str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Access:
    """app: what APP and SYSTEM may do. rows: SQL that tells whether a row is of a lender that the transaction
    names; None for a table that belongs to no lender. sealer: beside reading what is sealed. secret: not for
    READER. columns: those that APP and SYSTEM may change where they may not change a whole row."""

    app: frozenset[str]
    rows: str | None = None
    sealer: frozenset[str] = NOTHING
    secret: bool = False
    columns: frozenset[str] = NOTHING


def _found(table: str, key: str, value: str) -> str:
    """A row of `table` that the caller sees: its own policy decides."""
    return f"EXISTS (SELECT FROM {table} seen WHERE seen.{key} = {value})"


def _of_loan(table: str, column: str = "loan_id") -> str:
    return _found("loan", "id", f"{table}.{column}")


def _of_person(table: str, column: str = "person_id") -> str:
    """A person is shared by the lenders of his loans: what protects him protects him from all of them."""
    return _found("loan_party", "person_id", f"{table}.{column}")


def _of_either(table: str) -> str:
    return f"{_of_loan(table)} OR {_of_person(table)}"


def _by_loan(app: frozenset[str], *tables: str) -> dict[str, Access]:
    return {table: Access(app, _of_loan(table)) for table in tables}


def _by_person(app: frozenset[str], *tables: str) -> dict[str, Access]:
    return {table: Access(app, _of_person(table)) for table in tables}


_NAMED: Final = f"(SELECT NULLIF(current_setting('{TENANT}', true), ''))::text[]"
_LENDER: Final = f"loan.lender = ANY ({_NAMED})"
_UNIT: Final = (
    f"(assignment.unit_kind = 'loan' AND {_of_loan('assignment', 'unit_id')}) "
    f"OR (assignment.unit_kind = 'person' AND {_of_person('assignment', 'unit_id')})"
)
_KEY: Final = (
    "data_key.subject LIKE 'staff:%' OR "
    f"(data_key.subject LIKE 'loan:%' AND {_found('loan', 'id', 'substr(data_key.subject, 6)')}) "
    f"OR (data_key.subject LIKE 'person:%' AND "
    f"{_found('loan_party', 'person_id', 'substr(data_key.subject, 8)')})"
)
_EACH_LOAN: Final = (
    "NOT EXISTS (SELECT FROM unnest(export_request.loans) one (id) "
    f"WHERE NOT {_found('loan', 'id', 'one.id')})"
)
_LEDGER: Final = Access(READ, sealer=APPEND)

ACCESS: Final[Mapping[str, Access]] = {
    "loan": Access(CHANGE, _LENDER),
    # What is written once and stands: nobody but the owner of the tables can change or delete it.
    **_by_loan(APPEND, "step", "location_fix", "dossier_read", "legal_move", "legal_entry"),
    # Letters from before there were keys are emptied when they are sealed; nothing else of one ever changes,
    # and the ledger finds who writes other words into it.
    "document": Access(APPEND, _of_loan("document"), columns=frozenset({"content", "content_sealed"})),
    "fact": Access(APPEND, _of_either("fact")),
    "permit_check": Access(APPEND, _found("permit", "id", "permit_check.permit_id")),
    "legal_status": Access(APPEND, _found("legal_action", "id", "legal_status.action_id")),
    "task_answer": Access(APPEND, _found("agent_task", "id", "task_answer.task_id")),
    # What has a state.
    **_by_loan(CHANGE, "installment", "payment", "vehicle", "hold_told", "collection_case", "agent_task"),
    **_by_loan(CHANGE, "promise", "agreement", "dispute", "contact_attempt", "legal_action", "proof"),
    **_by_loan(CHANGE, "permit", "recovery_proposal", "outbox", "location_request", "legal_deadline"),
    **_by_loan(CHANGE, "reveal"),
    "export_request": Access(CHANGE, _EACH_LOAN),
    **_by_loan(REPLACE, "loan_party", "position_feed"),
    # The right to change is what a lock on its rows takes.
    "position": Access(REPLACE, _found("collection_case", "id", "position.case_id")),
    "hold": Access(CHANGE, _of_either("hold")),
    "party": Access(CHANGE, _of_person("party", "id")),
    **_by_person(CHANGE, "person_contact_point", "restriction", "consent", "erasure"),
    # Of whom a key is says its subject, `loan:ID`, `person:ID`, or `staff:ACTOR` of who works here.
    "data_key": Access(CHANGE, _KEY, secret=True),
    "contact_point": Access(CHANGE, _found("person_contact_point", "contact_point_id", "contact_point.id")),
    "assignment": Access(APPEND, _UNIT),
    # Of no lender: rules, what a provider said to a reference, who may call, and the evidence ledger.
    "rule_set": Access(APPEND),
    "strategy_move": Access(APPEND),
    "provider_receipt": Access(APPEND),
    "api_token": Access(CHANGE, secret=True),
    "account": Access(CHANGE, secret=True),
    "web_session": Access(CHANGE, secret=True),
    "queue_offer": Access(REPLACE, _found("agent_task", "id", "queue_offer.task_id")),
    "token_scope": Access(CHANGE, secret=True),
    "unsealed": Access(APPEND, sealer=READ | {"DELETE"}),
    **dict.fromkeys(("seal", "seal_node", "checkpoint", "anchor"), _LEDGER),
    # Who erases takes the salts with him; nobody else has anything to delete.
    "seal_secret": Access(READ | {"DELETE"}, sealer=APPEND, secret=True),
    "alembic_version": Access(READ),
}
