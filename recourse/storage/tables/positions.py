"""Leaves to read where a vehicle is, what was read under them, and the places themselves, encrypted."""

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import BYTEA

from recourse.storage.tables.base import instant, metadata, recorded_at

location_request = Table(
    "location_request",
    metadata,
    Column("id", Text, primary_key=True),
    Column("loan_id", Text, ForeignKey("loan.id"), nullable=False),
    Column("case_id", Text, ForeignKey("collection_case.id"), nullable=False),
    Column("purpose", Text, nullable=False),
    # `consent`, or the code of the law pack's rule; its proof is the day that the bank names, or the source.
    Column("basis", Text, nullable=False),
    Column("basis_proof", Text, nullable=False),
    Column("precision", Text, nullable=False),
    Column("cell_km", Integer, nullable=False),
    Column("granted_by", Text, nullable=False),
    instant("granted_at"),
    instant("granted_until"),
    instant("ended_at", nullable=True),
    Column("ended_code", Text),
    Column("ended_by", Text),
    recorded_at(),
    Index(None, "loan_id"),
    Index("ix_location_request_running", "case_id", postgresql_where="ended_at IS NULL"),
)

location_fix = Table(
    "location_fix",
    metadata,
    # One reading, for ever; where the vehicle was stands in `position` alone, for as long as it may be kept.
    Column("id", Text, primary_key=True),
    Column("loan_id", Text, ForeignKey("loan.id"), nullable=False),
    Column("case_id", Text, ForeignKey("collection_case.id"), nullable=False),
    Column("step_id", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("basis", Text, nullable=False),
    # Of rows of an older release only.
    Column("latitude", Double),
    Column("longitude", Double),
    instant("fix_time"),
    instant("received_time"),
    Column("speed_mps", Double),
    Column("accuracy_m", Double),
    Column("valid", Boolean, nullable=False),
    Column("carried_over", Boolean, nullable=False),
    Column("source_datum", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("raw_sha256", Text),
    instant("read_at"),
    Column("request_id", Text, ForeignKey("location_request.id")),
    Column("actor", Text),
    Column("precision", Text),
    Column("quality", Text),
    # Of the encrypted place, so that a place that is shown can be told from one that was put in later.
    Column("sealed_sha256", Text),
    recorded_at(),
    UniqueConstraint("case_id", "step_id"),
    Index(None, "loan_id"),
    Index(None, "request_id"),
)

position = Table(
    "position",
    metadata,
    # Not sealed into the evidence ledger: it is deleted, and the ledger shall stay whole.
    Column("fix_id", Text, ForeignKey("location_fix.id"), primary_key=True),
    Column("case_id", Text, ForeignKey("collection_case.id"), nullable=False),
    Column("sealed", BYTEA, nullable=False),
    instant("delete_after"),
    recorded_at(),
    Index(None, "delete_after"),
    Index(None, "case_id"),
)

position_feed = Table(
    "position_feed",
    metadata,
    # The newest fix that a tracker was heard of while a request runs. A trail is never kept.
    Column("loan_id", Text, ForeignKey("loan.id"), primary_key=True),
    Column("fix_time", DateTime(timezone=True), nullable=False),
    Column("received_time", DateTime(timezone=True), nullable=False),
    Column("carried_over", Boolean, nullable=False),
    Column("valid", Boolean, nullable=False),
    Column("digest", Text, nullable=False),
    Column("sealed", BYTEA, nullable=False),
    Column("heard_at", DateTime(timezone=True), nullable=False),
)
