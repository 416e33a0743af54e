"""Rows the system keeps for itself: messages to publish, who may call the API, who read whose dossier."""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, ForeignKey, Identity, Index, Table, Text

from recourse.storage.tables.base import document, instant, metadata, recorded_at

outbox = Table(
    "outbox",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("event_id", Text, nullable=False, unique=True),
    Column("loan_id", Text, nullable=False),
    Column("type", Text, nullable=False),
    instant("occurred_at"),
    document("data"),
    instant("published_at", nullable=True),
    recorded_at(),
    Index("ix_outbox_pending", "id", postgresql_where="published_at IS NULL"),
)

api_token = Table(
    "api_token",
    metadata,
    # SHA-256 of the token; the token itself is shown once and never stored. NULL: whoever it is signs in with
    # a browser (`account`) and has no token.
    Column("token_hash", Text, unique=True),
    Column("actor", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    # Whose it is, by an opaque id: one person may have several tokens. Written once, and no row is deleted:
    # years later it must still say whether two actors were one person. NULL: issued before there was one.
    Column("person", Text),
    # Whether it sees only the loans of the lenders that token_scope names for it; else those of every lender.
    Column("confined", Boolean, nullable=False, server_default="false"),
    instant("revoked_at", nullable=True),
    # By the database's own clock: how long a secret is good has nothing to do with business days. NULL: until
    # it is revoked.
    instant("ends_at", nullable=True),
    recorded_at(),
)

dossier_read = Table(
    "dossier_read",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("loan_id", Text, ForeignKey("loan.id"), nullable=False),
    Column("actor", Text, nullable=False),
    Column("via", Text, nullable=False),
    Column("purpose", Text),
    # Under which reveal it was shown in clear. NULL: it was masked, or left by two persons.
    Column("reveal_id", Text, ForeignKey("reveal.id")),
    instant("at"),
    recorded_at(),
    Index(None, "loan_id"),
)

token_scope = Table(
    "token_scope",
    metadata,
    # Which loans a token of somebody outside is for: each of a lender, or one. Ended, never deleted: it says
    # who could ask about whom.
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("actor", Text, ForeignKey("api_token.actor"), nullable=False),
    Column("lender", Text),
    Column("loan_id", Text, ForeignKey("loan.id")),
    instant("since"),
    instant("ended_at", nullable=True),
    recorded_at(),
    CheckConstraint("num_nonnulls(lender, loan_id) = 1", name="one_kind"),
    Index("uq_token_scope_lender", "actor", "lender", unique=True, postgresql_where="ended_at IS NULL"),
    Index("uq_token_scope_loan_id", "actor", "loan_id", unique=True, postgresql_where="ended_at IS NULL"),
)
