"""The case, its append-only steps, its tasks, promises, money agreements and disputes."""

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import ARRAY

from recourse.storage.tables.base import document, instant, metadata, recorded_at

collection_case = Table(
    "collection_case",
    metadata,
    Column("id", Text, primary_key=True),
    Column("loan_id", Text, ForeignKey("loan.id"), nullable=False),
    Column("episode", Integer, nullable=False),
    instant("opened_at"),
    Column("strategy", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("bucket", Text, nullable=False),
    Column("dpd", Integer, nullable=False),
    # The plan in force and its number; the highest number wins, whoever asked.
    Column("decision", Integer, nullable=False, server_default="0"),
    document("plan", nullable=True),
    # The highest fact the case must know of, and the highest its run was told of. A gap is swept.
    Column("facts_due", BigInteger, nullable=False),
    Column("facts_delivered", BigInteger, nullable=False, server_default="0"),
    instant("closed_at", nullable=True),
    Column("closed_reason", Text),
    # The arm it was opened under; it stays, even where the case is moved to another strategy.
    Column("experiment", Text),
    Column("arm", Text),
    recorded_at(),
    UniqueConstraint("loan_id", "episode"),
    Index("uq_collection_case_open_loan", "loan_id", unique=True, postgresql_where="closed_at IS NULL"),
    Index("ix_collection_case_open", "opened_at", "id", postgresql_where="closed_at IS NULL"),
    Index("ix_collection_case_experiment", "experiment", "arm", postgresql_where="experiment IS NOT NULL"),
    Index("ix_collection_case_undelivered", "id", postgresql_where="facts_due > facts_delivered"),
)

step = Table(
    "step",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("loan_id", Text, ForeignKey("loan.id"), nullable=False),
    Column("case_id", Text, ForeignKey("collection_case.id")),
    Column("decision", Integer, nullable=False),
    # What kind of row: opened, planned, claimed, outcome, closed, stage ...
    Column("event", Text, nullable=False),
    Column("step_id", Text),
    Column("outcome", Text),
    Column("code", Text),
    Column("source", Text),
    instant("opens_at", nullable=True),
    Column("actor", Text),
    instant("at"),
    Column("reason", Text, nullable=False),
    Column("strategy", Text, nullable=False),
    Column("packs", Text, nullable=False, server_default=""),
    document("inputs", nullable=True),
    Column("inputs_digest", Text),
    Column("rules_digest", Text),
    # Of a move to another strategy: from, to, the digest that was confirmed, old step id -> new one.
    document("moved", nullable=True),
    # What the gate was asked, where it is not the ladder's own next step: a call, a recovery.
    document("asked", nullable=True),
    # Of an asking whether a permit holds: the permit as it stood, and the answer.
    document("permit", nullable=True),
    recorded_at(),
    Index(None, "loan_id", "id"),
    Index(None, "case_id", "id"),
)

# What a decision was made by, once for all the steps that were: every value of the strategy and of the law.
rule_set = Table(
    "rule_set",
    metadata,
    Column("digest", Text, primary_key=True),
    document("rules"),
    recorded_at(),
)

agent_task = Table(
    "agent_task",
    metadata,
    Column("id", Text, primary_key=True),
    Column("loan_id", Text, ForeignKey("loan.id"), nullable=False),
    Column("case_id", Text, ForeignKey("collection_case.id"), nullable=False),
    Column("step_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("team", Text, nullable=False),
    Column("state", Text, nullable=False),
    instant("opened_at"),
    instant("expires_at", nullable=True),
    # By when it is to be done; what is not done by then stays.
    instant("due_at", nullable=True),
    Column("claimed_by", Text),
    instant("claim_until", nullable=True),
    Column("attempt_id", Text, ForeignKey("contact_attempt.id")),
    Column("outcome", Text),
    Column("completed_by", Text),
    instant("completed_at", nullable=True),
    recorded_at(),
    Index(None, "case_id"),
    Index(None, "loan_id"),
    Index("ix_agent_task_open", "team", "opened_at", postgresql_where="state IN ('open', 'claimed')"),
    Index(
        "ix_agent_task_pressing",
        "team",
        "due_at",
        postgresql_where="state IN ('open', 'claimed') AND (due_at IS NOT NULL OR kind IN "
        "('legal_deadline', 'legal_deadline_missed', 'legal_deadline_over', 'dispute_overdue'))",
    ),
    Index("ix_agent_task_claimed_by", "claimed_by", postgresql_where="state = 'claimed'"),
)

task_answer = Table(
    "task_answer",
    metadata,
    Column("request_id", Text, primary_key=True),
    Column("task_id", Text, ForeignKey("agent_task.id"), nullable=False),
    Column("digest", Text, nullable=False),
    document("receipt"),
    recorded_at(),
)

promise = Table(
    "promise",
    metadata,
    Column("id", Text, primary_key=True),
    Column("loan_id", Text, ForeignKey("loan.id"), nullable=False),
    Column("case_id", Text, ForeignKey("collection_case.id"), nullable=False),
    instant("made_at"),
    Column("amount_minor", BigInteger, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("state", Text, nullable=False),
    instant("judged_at", nullable=True),
    Column("taken_by", Text, nullable=False),
    recorded_at(),
    Index(None, "case_id"),
    Index(None, "loan_id"),
    Index("ix_promise_broken", "case_id", postgresql_where="state = 'broken'"),
    Index("ix_promise_open", "due_on", postgresql_where="state = 'open'"),
)

agreement = Table(
    "agreement",
    metadata,
    Column("id", Text, primary_key=True),
    Column("loan_id", Text, ForeignKey("loan.id"), nullable=False),
    Column("case_id", Text, ForeignKey("collection_case.id"), nullable=False),
    Column("kind", Text, nullable=False),
    document("terms"),
    Column("state", Text, nullable=False),
    instant("proposed_at"),
    Column("proposed_by", Text, nullable=False),
    Column("proposed_as", Text, nullable=False),
    # In which measures it goes beyond what the proposer decides alone, and by which limits.
    Column("beyond", ARRAY(Text), nullable=False, server_default="{}"),
    Column("authority", Text, nullable=False),
    instant("decided_at", nullable=True),
    Column("decided_by", Text),
    Column("decided_as", Text),
    # Since when it is in force: no earlier money counts for it.
    instant("since", nullable=True),
    instant("judged_at", nullable=True),
    Column("code", Text),
    # Of a settlement that was paid and that the bank does not book: the first of the two who cancel it.
    Column("cancel_asked_by", Text),
    Column("cancel_asked_as", Text),
    instant("cancel_asked_at", nullable=True),
    Column("cancel_code", Text),
    recorded_at(),
    Index(None, "case_id"),
    Index(None, "loan_id"),
)

dispute = Table(
    "dispute",
    metadata,
    Column("id", Text, primary_key=True),
    Column("loan_id", Text, ForeignKey("loan.id"), nullable=False),
    # The hold that stops what the law packs say until it is answered.
    Column("hold_id", Text, ForeignKey("hold.id"), nullable=False),
    Column("kind", Text, nullable=False, server_default="debt"),
    Column("reason", Text, nullable=False),
    Column("about", Text),
    Column("evidence", Text),
    instant("opened_at"),
    # The last day of the answer, the first moment after it, and who says so: pack and rule, source, mark.
    Column("answer_by", Date),
    instant("ends_at", nullable=True),
    Column("rule", Text),
    Column("rule_source", Text),
    Column("rule_mark", Text),
    # The same of its acknowledgement, where a law wants one; and the acknowledgement, by the id of its paper.
    Column("told_by", Date),
    instant("told_until", nullable=True),
    Column("told_rule", Text),
    Column("told_source", Text),
    Column("told_mark", Text),
    Column("told_evidence", Text),
    instant("told_at", nullable=True),
    Column("told_actor", Text),
    Column("told_request", Text),
    Column("opened_by", Text, nullable=False),
    Column("answer", Text),
    Column("answer_evidence", Text),
    instant("answered_at", nullable=True),
    Column("answered_by", Text),
    Column("answer_request", Text),
    recorded_at(),
    Index(None, "loan_id"),
    Index("ix_dispute_waiting", "ends_at", postgresql_where="answered_at IS NULL"),
)
