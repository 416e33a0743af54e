"""What was handed to the legal desk and what came back; the moves of a legal action with what runs out, what
it costs and what it brings; and proofs on paper."""

from sqlalchemy import BigInteger, Column, Date, ForeignKey, Index, Integer, Table, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA

from recourse.storage.tables.base import document, instant, metadata, recorded_at

legal_action = Table(
    "legal_action",
    metadata,
    Column("id", Text, primary_key=True),
    Column("loan_id", Text, ForeignKey("loan.id"), nullable=False),
    Column("case_id", Text, ForeignKey("collection_case.id"), nullable=False, unique=True),
    Column("state", Text, nullable=False),
    Column("proposed_by", Text, nullable=False),
    Column("approved_by", Text, nullable=False),
    # The file as it was handed over, sealed for the loan and everybody it names. The plain one is from before
    # there were keys.
    Column("document", BYTEA),
    Column("document_sealed", BYTEA),
    Column("names", ARRAY(Text), nullable=False, server_default="{}"),
    Column("document_sha256", Text, nullable=False),
    Column("reference", Text, unique=True),
    instant("at"),
    recorded_at(),
    Index(None, "loan_id"),
    Index("ix_legal_action_plain", "id", postgresql_where="document IS NOT NULL"),
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
    # moved, noted or refused by the procedure. NULL: written by an older release, for which the name decides.
    Column("became", Text),
    recorded_at(),
    Index(None, "action_id"),
)

legal_move = Table(
    "legal_move",
    metadata,
    Column("id", Text, primary_key=True),
    Column("loan_id", Text, ForeignKey("loan.id"), nullable=False),
    Column("case_id", Text, ForeignKey("collection_case.id"), nullable=False),
    # From 1, in the order of the case's action.
    Column("number", Integer, nullable=False),
    Column("code", Text, nullable=False),
    Column("track", Text, nullable=False),
    # The state that it led to.
    Column("state", Text, nullable=False),
    # The day it happened, at the lender's place.
    Column("on", Date, nullable=False),
    # The beginning of that day.
    instant("occurred_at"),
    # The kind of notice that it was, for the law packs.
    Column("gives", Text),
    # What it is to the rest of the house: suit, concluded.
    Column("means", Text),
    # Kind of paper -> its opaque id or hash.
    document("documents"),
    # id@version, and the digest under which rule_set keeps it.
    Column("procedure", Text, nullable=False),
    Column("rules_digest", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("mark", Text, nullable=False),
    Column("actor", Text, nullable=False),
    instant("at"),
    # What else the answer rested on: today, the part of the price that was paid.
    document("known"),
    # What was told with it: how the vehicle is to be sold. The place of a sale is announced to everybody.
    document("terms", nullable=True),
    # Of the desk's report that it came by; NULL where a person recorded it.
    Column("status_id", Text),
    Column("request_id", Text, nullable=False, unique=True),
    recorded_at(),
    UniqueConstraint("case_id", "number"),
    Index(None, "loan_id"),
)

legal_deadline = Table(
    "legal_deadline",
    metadata,
    Column("id", Text, primary_key=True),
    Column("loan_id", Text, ForeignKey("loan.id"), nullable=False),
    Column("case_id", Text, ForeignKey("collection_case.id"), nullable=False),
    # Of the move that started it.
    Column("number", Integer, nullable=False),
    Column("code", Text, nullable=False),
    Column("whose", Text, nullable=False),
    # The last day, at the lender's place.
    Column("ends_on", Date, nullable=False),
    Column("warn_on", Date, nullable=False),
    # When people are told: the beginning of the day of warning, and of the day after the last.
    instant("warn_at"),
    instant("ends_at"),
    document("ended_by"),
    Column("source", Text, nullable=False),
    Column("mark", Text, nullable=False),
    # The day of the move that ended it, in time or late.
    Column("met_on", Date),
    recorded_at(),
    Index(None, "case_id"),
    Index(None, "loan_id"),
    Index("ix_legal_deadline_running", "ends_on", postgresql_where="met_on IS NULL"),
)

legal_entry = Table(
    "legal_entry",
    metadata,
    Column("id", Text, primary_key=True),
    Column("loan_id", Text, ForeignKey("loan.id"), nullable=False),
    Column("case_id", Text, ForeignKey("collection_case.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("on", Date, nullable=False),
    # The invoice, the receipt, the statement: by an opaque id.
    Column("proof", Text, nullable=False),
    # The entry that was a mistake.
    Column("reverses", Text, ForeignKey("legal_entry.id"), unique=True),
    Column("noted_by", Text, nullable=False),
    instant("noted_at"),
    recorded_at(),
    Index(None, "case_id"),
    Index(None, "loan_id"),
)
