"""Permits for what cannot be taken back, and each time somebody asked whether one still holds."""

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Identity, Index, Integer, Table, Text

from recourse.storage.tables.base import instant, metadata, recorded_at

permit = Table(
    "permit",
    metadata,
    Column("id", Text, primary_key=True),
    Column("loan_id", Text, ForeignKey("loan.id"), nullable=False),
    Column("case_id", Text, ForeignKey("collection_case.id"), nullable=False),
    # The ladder's step; NULL for a recovery, which is on no ladder.
    Column("step_id", Text),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("basis", Text, nullable=False),
    Column("proposed_by", Text),
    Column("approved_by", Text),
    # The agency's actor, who may ask for it and acknowledge its recall.
    Column("assigned_to", Text),
    # Of the rules that the gate asked, which stand in rule_set. NULL: handed over before there were permits.
    Column("rules_digest", Text),
    instant("issued_at"),
    instant("expires_at"),
    instant("used_at", nullable=True),
    # What the other side answered to the use, in one word.
    Column("answer", Text),
    Column("recall_code", Text),
    Column("recalled_by", Text),
    instant("recalled_at", nullable=True),
    # Real time: how long the other side is silent, and when it is asked again.
    Column("recall_since", DateTime(timezone=True)),
    Column("recall_next_at", DateTime(timezone=True)),
    Column("recall_tries", Integer, nullable=False, server_default="0"),
    # What the other side last said to the recall.
    Column("recall_answer", Text),
    # The question to our lawyers, when nobody acknowledged in time.
    Column("task_id", Text, ForeignKey("agent_task.id")),
    # Nothing more may happen under it, and nothing is owed.
    instant("ended_at", nullable=True),
    # Real time of the last call under it: until it is over, the other side may yet get the file.
    Column("called_at", DateTime(timezone=True)),
    recorded_at(),
    Index(None, "case_id"),
    Index(
        "uq_permit_open",
        "case_id",
        "kind",
        unique=True,
        postgresql_where="ended_at IS NULL AND state IN ('issued', 'used')",
    ),
    Index("ix_permit_owed", "recall_next_at", postgresql_where="ended_at IS NULL AND state = 'recalled'"),
)

permit_check = Table(
    "permit_check",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("permit_id", Text, ForeignKey("permit.id"), nullable=False),
    Column("actor", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("code", Text, nullable=False),
    instant("at"),
    instant("good_until", nullable=True),
    # The row of the diary with the inputs of the answer. NULL: written by an older release.
    Column("step_number", BigInteger, ForeignKey("step.id")),
    recorded_at(),
    Index(None, "permit_id"),
)

recovery_proposal = Table(
    "recovery_proposal",
    metadata,
    Column("id", Text, primary_key=True),
    Column("loan_id", Text, ForeignKey("loan.id"), nullable=False),
    Column("case_id", Text, ForeignKey("collection_case.id"), nullable=False),
    Column("purpose", Text, nullable=False),
    Column("agency", Text, nullable=False),
    Column("days", Integer, nullable=False),
    Column("proposed_by", Text, nullable=False),
    instant("proposed_at"),
    instant("lapses_at"),
    Column("state", Text, nullable=False),
    Column("decided_by", Text),
    instant("decided_at", nullable=True),
    # Why it was declined.
    Column("code", Text),
    Column("permit_id", Text, ForeignKey("permit.id")),
    recorded_at(),
    Index(None, "case_id"),
    Index("uq_recovery_proposal_open", "case_id", unique=True, postgresql_where="state = 'open'"),
)
