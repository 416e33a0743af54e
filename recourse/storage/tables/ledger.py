"""The loan's account and the fact log it is folded from."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from recourse.storage.tables.base import document, instant, metadata, recorded_at

loan = Table(
    "loan",
    metadata,
    Column("id", Text, primary_key=True),
    Column("lender", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("master_sequence", BigInteger),
    instant("master_at", nullable=True),
    document("contract", nullable=True),
    document("account"),
    Column("oldest_due", Date),
    Column("unpaid_minor", BigInteger, nullable=False, server_default="0"),
    recorded_at(),
    Index(None, "unpaid_minor"),
)

installment = Table(
    "installment",
    metadata,
    Column("loan_id", Text, ForeignKey("loan.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("due_date", Date, nullable=False),
    Column("due_minor", BigInteger, nullable=False),
    Column("unpaid_minor", BigInteger, nullable=False),
    instant("settled_at", nullable=True),
)

payment = Table(
    "payment",
    metadata,
    Column("loan_id", Text, ForeignKey("loan.id"), primary_key=True),
    Column("payment_id", Text, primary_key=True),
    Column("amount_minor", BigInteger, nullable=False),
    Column("value_date", Date, nullable=False),
    instant("occurred_at"),
    Column("reversed", Boolean, nullable=False),
)

fact = Table(
    "fact",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("event_id", Text, nullable=False, unique=True),
    Column("loan_id", Text, ForeignKey("loan.id")),
    Column("person_id", Text, ForeignKey("party.id")),
    Column("kind", Text, nullable=False),
    instant("occurred_at"),
    Column("sequence", BigInteger),
    document("payload"),
    Column("disposition", Text, nullable=False),
    Column("case_id", Text),
    recorded_at(),
    CheckConstraint("num_nonnulls(loan_id, person_id) = 1", name="one_stream"),
    Index(None, "loan_id", "id"),
    Index(None, "person_id", "id", postgresql_where="person_id IS NOT NULL"),
)

hold = Table(
    "hold",
    metadata,
    Column("id", Text, primary_key=True),
    Column("person_id", Text, ForeignKey("party.id")),
    Column("loan_id", Text, ForeignKey("loan.id")),
    Column("reason", Text, nullable=False),
    Column("stops", ARRAY(Text), nullable=False),
    instant("since"),
    instant("until", nullable=True),
    Column("placed_by", Text, nullable=False),
    # The paper, recording or task it rests on, and at whose wish it stands; NULL where nobody said.
    Column("source", Text, nullable=False),
    Column("asked_by", Text),
    # The law's rule that set the end; NULL where whoever placed it did, or nothing did.
    Column("rule", Text),
    Column("rule_source", Text),
    instant("lifted_at", nullable=True),
    Column("lifted_by", Text),
    recorded_at(),
    CheckConstraint("num_nonnulls(loan_id, person_id) = 1", name="one_subject"),
    Index(None, "person_id"),
    Index(None, "loan_id"),
)

hold_told = Table(
    "hold_told",
    metadata,
    # What the bank was last told of a hold on a loan. A hold on a person is one row for each of his loans.
    Column("hold_id", Text, ForeignKey("hold.id"), primary_key=True),
    Column("loan_id", Text, ForeignKey("loan.id"), primary_key=True),
    Column("stops", ARRAY(Text), nullable=False),
    instant("until", nullable=True),
    instant("told_at"),
    # When it was last compared with the law of the day.
    instant("looked_at"),
    instant("ended_at", nullable=True),
    recorded_at(),
    Index("ix_hold_told_open", "looked_at", postgresql_where="ended_at IS NULL"),
    Index(None, "loan_id"),
)
