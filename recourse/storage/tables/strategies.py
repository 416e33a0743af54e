"""Which ladder: moves of running cases as they were shown, and who is in which arm of an experiment."""

from sqlalchemy import Boolean, Column, Table, Text

from recourse.storage.tables.base import document, instant, metadata, recorded_at

strategy_move = Table(
    "strategy_move",
    metadata,
    # Of everything below; who confirms it has seen it.
    Column("digest", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("target", Text, nullable=False),
    # Old step id -> new one.
    document("renamed"),
    # Case -> digest of what was shown for it.
    document("answers"),
    instant("at"),
    recorded_at(),
)

assignment = Table(
    "assignment",
    metadata,
    # Written once, with the first case that is opened under it; what the file says later moves nobody.
    Column("experiment", Text, primary_key=True),
    Column("unit_kind", Text, primary_key=True),
    Column("unit_id", Text, primary_key=True),
    Column("arm", Text, nullable=False),
    Column("strategy", Text, nullable=False),
    # The shares of all arms that it was dealt by, and whether it was not dealt but taken from a loan of the
    # person that was assigned while he was not known.
    document("shares"),
    Column("inherited", Boolean, nullable=False),
    instant("at"),
    recorded_at(),
)
