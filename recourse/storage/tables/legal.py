"""What was handed to the legal desk and what came back; and proofs on paper."""

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

proof = Table(
    "proof",
    metadata,
    Column("id", Text, primary_key=True),
    Column("loan_id", Text, ForeignKey("loan.id"), nullable=False),
    Column("kind", Text, nullable=False),
    # The beginning of its day at the lender's place.
    instant("at"),
    # The paper, by an opaque id.
    Column("evidence", Text, nullable=False),
    # The letter that it proves the arrival of, where it is one of ours.
    Column("document_id", Text, ForeignKey("document.id")),
    instant("noted_at"),
    Column("noted_by", Text, nullable=False),
    instant("withdrawn_at", nullable=True),
    Column("withdrawn_by", Text),
    Column("withdrawn_source", Text),
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
