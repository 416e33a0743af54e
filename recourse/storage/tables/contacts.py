"""Contacts with people and letters: what reached the world outside."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA

from recourse.storage.tables.base import instant, metadata, recorded_at

contact_attempt = Table(
    "contact_attempt",
    metadata,
    # The idempotency key: one row, and so at most one provider acceptance, a (case, step, try, channel).
    Column("id", Text, primary_key=True),
    Column("loan_id", Text, ForeignKey("loan.id"), nullable=False),
    Column("case_id", Text, ForeignKey("collection_case.id")),
    Column("step_id", Text),
    Column("decision", Integer),
    Column("channel", Text, nullable=False),
    Column("person_id", Text, ForeignKey("party.id"), nullable=False),
    Column("contact_point_id", Text, ForeignKey("contact_point.id"), nullable=False),
    Column("state", Text, nullable=False),
    instant("at"),
    Column("inbound", Boolean, nullable=False, server_default="false"),
    Column("actor", Text, nullable=False),
    Column("template", Text),
    Column("template_version", Text),
    Column("language", Text),
    # Sealed for whom it went to and the loan it is about. The plain ones are from before there were keys.
    Column("subject", Text),
    Column("content", Text),
    Column("subject_sealed", BYTEA),
    Column("content_sealed", BYTEA),
    Column("provider_refs", ARRAY(Text), nullable=False, server_default="{}"),
    Column("parts", Integer),
    Column("disposition", Text),
    # Of a slot that somebody outside reserved: what may be said, and until when the contact may begin.
    Column("says", Text),
    instant("reserved_until", nullable=True),
    recorded_at(),
    Index(None, "person_id", "at"),
    Index(None, "contact_point_id", "at"),
    Index(None, "case_id"),
    Index(None, "loan_id"),
    Index(None, "provider_refs", postgresql_using="gin"),
    Index("ix_contact_attempt_plain", "id", postgresql_where="subject IS NOT NULL OR content IS NOT NULL"),
    Index("ix_contact_attempt_claimed", "recorded_at", postgresql_where="state = 'claimed'"),
    Index(
        "ix_contact_attempt_reserved",
        "reserved_until",
        postgresql_where="state = 'claimed' AND reserved_until IS NOT NULL",
    ),
)

document = Table(
    "document",
    metadata,
    # A letter as it left, byte by byte. Its id is printed on it, and made from what it says; the digest is
    # over the file, and no other file can stand under it.
    Column("id", Text, primary_key=True),
    Column("loan_id", Text, ForeignKey("loan.id"), nullable=False),
    Column("case_id", Text, ForeignKey("collection_case.id"), nullable=False),
    Column("step_id", Text, nullable=False),
    Column("attempt_id", Text, ForeignKey("contact_attempt.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("content", BYTEA),
    Column("content_sealed", BYTEA),
    Column("sha256", Text, nullable=False),
    instant("at"),
    recorded_at(),
    CheckConstraint("sha256 = encode(sha256(content), 'hex')", name="sha256"),
    Index("ix_document_plain", "id", postgresql_where="content IS NOT NULL"),
    Index(None, "loan_id"),
    Index(None, "case_id"),
    Index(None, "attempt_id"),
)

provider_receipt = Table(
    "provider_receipt",
    metadata,
    # Append only, and tied to no contact: a receipt may overtake the answer that names its reference, and a
    # centre begins its references anew some day. Whose it is, is found when it is read.
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("provider_ref", Text, nullable=False),
    Column("state", Text, nullable=False),
    instant("at"),
    recorded_at(),
    Index(None, "provider_ref"),
)
