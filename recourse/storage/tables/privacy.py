"""Keys of those whom personal data is about, and whose were destroyed on whose word."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA

from recourse.storage.tables.base import instant, metadata, recorded_at

data_key = Table(
    "data_key",
    metadata,
    # `person:…` or `loan:…`. A key that was destroyed keeps its row, so that nobody makes another one.
    Column("subject", Text, primary_key=True),
    # Opaque, and another one for each key that a subject ever had: lists of destroyed keys are of these.
    Column("id", Text, nullable=False, unique=True),
    Column("wrapped_by", Text, nullable=False),
    Column("wrapped", BYTEA),
    instant("destroyed_at", nullable=True),
    recorded_at(),
    CheckConstraint("(wrapped IS NULL) = (destroyed_at IS NOT NULL)", name="destroyed"),
    Index("ix_data_key_wrapped_by", "wrapped_by", "subject", postgresql_where="wrapped IS NOT NULL"),
)

erasure = Table(
    "erasure",
    metadata,
    Column("id", Text, primary_key=True),
    Column("person_id", Text, ForeignKey("party.id"), nullable=False),
    Column("state", Text, nullable=False),
    # Why, as a code: the period is over, or he asked for it.
    Column("reason", Text, nullable=False),
    Column("proposed_by", Text, nullable=False),
    instant("proposed_at"),
    Column("decided_by", Text),
    instant("decided_at", nullable=True),
    # What was destroyed: whose keys, and which.
    Column("subjects", ARRAY(Text), nullable=False, server_default="{}"),
    Column("key_ids", ARRAY(Text), nullable=False, server_default="{}"),
    # The bank's newest snapshot since that still names him; what it says of him was not kept.
    instant("named_again_at", nullable=True),
    recorded_at(),
    Index(None, "person_id"),
    Index("uq_erasure_open", "person_id", unique=True, postgresql_where="state = 'proposed'"),
)
