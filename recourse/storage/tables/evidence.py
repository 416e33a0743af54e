"""The evidence ledger: what waits to be sealed, the entries, their tree, and the signed words about it.

Entries name rows by kind and reference and hold commitments only. What could tell their contents, the salts,
stands apart, so that it can be deleted and the proofs stay.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Identity,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import BYTEA

from recourse.storage.tables.base import document, metadata, recorded_at

unsealed = Table(
    "unsealed",
    metadata,
    # Written by triggers in the transaction of the row it is about. One chain is written under one lock, so
    # its ids rise in the order of commits; of different chains no order is promised, and none is needed.
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("ref", Text, nullable=False),
    Column("chain", Text, nullable=False),
    recorded_at(),
    Index(None, "kind", "ref"),
)

seal = Table(
    "seal",
    metadata,
    # The leaf's place in the tree, from 0 and without a gap.
    Column("index", BigInteger, primary_key=True, autoincrement=False),
    Column("chain", Text, nullable=False),
    Column("n", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("ref", Text, nullable=False),
    Column("prev", BYTEA, nullable=False),
    document("commitments"),
    Column("hash", BYTEA, nullable=False),
    recorded_at(),
    UniqueConstraint("chain", "n"),
    Index(None, "kind", "ref", "index"),
)

seal_secret = Table(
    "seal_secret",
    metadata,
    Column("index", BigInteger, primary_key=True, autoincrement=False),
    Column("secret", BYTEA, nullable=False),
)

seal_node = Table(
    "seal_node",
    metadata,
    # Complete subtrees above the leaves.
    Column("level", SmallInteger, primary_key=True, autoincrement=False),
    Column("index", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", BYTEA, nullable=False),
)

checkpoint = Table(
    "checkpoint",
    metadata,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("note", Text, nullable=False),
    recorded_at(),
)

anchor = Table(
    "anchor",
    metadata,
    # Where a checkpoint was left outside, and what was said to it: a witness's signature, a timestamp.
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("place", Text, primary_key=True),
    Column("receipt", BYTEA, nullable=False),
    recorded_at(),
)
