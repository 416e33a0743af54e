"""Who was shown what in clear, for what; and who asked and approved that personal data leaves."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY

from recourse.storage.tables.base import instant, metadata, recorded_at

reveal = Table(
    "reveal",
    metadata,
    Column("id", Text, primary_key=True),
    Column("loan_id", Text, ForeignKey("loan.id"), nullable=False),
    Column("actor", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    # The opaque id of what explains it: a file, a ticket.
    Column("reference", Text),
    # Of a dossier that is not for this role, or of another lender: which of the two, and why.
    Column("outside", Text),
    Column("justification", Text),
    instant("at"),
    instant("until"),
    # The second person who looked at it afterwards.
    Column("finding", Text),
    Column("reviewed_by", Text),
    instant("reviewed_at", nullable=True),
    recorded_at(),
    CheckConstraint("(outside IS NULL) = (justification IS NULL)", name="justified"),
    Index(None, "loan_id"),
    Index("ix_reveal_unreviewed", "at", postgresql_where="outside IS NOT NULL AND reviewed_at IS NULL"),
)

export_request = Table(
    "export_request",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("person_id", Text, ForeignKey("party.id")),
    # Sorted: what was approved is these and no others.
    Column("loans", ARRAY(Text), nullable=False),
    Column("recipient", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    # two_persons, or one_person where a setting lets one do.
    Column("approval", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("asked_by", Text, nullable=False),
    instant("asked_at"),
    instant("lapses_at"),
    Column("decided_by", Text),
    instant("decided_at", nullable=True),
    Column("code", Text),
    Column("used_by", Text),
    instant("used_at", nullable=True),
    recorded_at(),
    CheckConstraint("cardinality(loans) > 0", name="loans"),
)
