"""What was handed to the legal desk and what came back."""

from sqlalchemy import Column, ForeignKey, Index, Table, Text
from sqlalchemy.dialects.postgresql import BYTEA

from recourse.storage.tables.base import instant, metadata, recorded_at

legal_action = Table(
    "legal_action",
    metadata,
    Column("id", Text, primary_key=True),
    Column("loan_id", Text, ForeignKey("loan.id"), nullable=False),
    Column("case_id", Text, ForeignKey("collection_case.id"), nullable=False, unique=True),
    Column("state", Text, nullable=False),
    Column("proposed_by", Text, nullable=False),
    Column("approved_by", Text, nullable=False),
    Column("document", BYTEA, nullable=False),
    Column("document_sha256", Text, nullable=False),
    Column("reference", Text, unique=True),
    instant("at"),
    recorded_at(),
    Index(None, "loan_id"),
)

legal_status = Table(
    "legal_status",
    metadata,
    Column("status_id", Text, primary_key=True),
    Column("action_id", Text, ForeignKey("legal_action.id"), nullable=False),
    Column("status", Text, nullable=False),
    instant("at"),
    recorded_at(),
    Index(None, "action_id"),
)
