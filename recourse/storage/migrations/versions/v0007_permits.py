"""permits"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

AT_THE_DESK = """
INSERT INTO permit (id, loan_id, case_id, step_id, kind, state, purpose, basis, proposed_by, approved_by,
                    issued_at, expires_at, used_at, answer, called_at)
SELECT 'permit-' || md5(a.id), a.loan_id, a.case_id,
       coalesce((SELECT s.step_id FROM step s WHERE s.case_id = a.case_id AND s.event = 'claimed'
                 AND s.reason LIKE 'handover%' ORDER BY s.id DESC LIMIT 1), 'handover'),
       'legal', 'used', 'handover', 'approved by two persons', a.proposed_by, a.approved_by,
       a.at, a.at, a.at, CASE WHEN a.state = 'handed_over' THEN 'acknowledged' END, a.recorded_at
FROM legal_action a JOIN collection_case c ON c.id = a.case_id
WHERE c.closed_at IS NULL
"""
"""What was given to the desk before there were permits can be recalled too."""


def upgrade() -> None:
    op.create_table(
        "permit",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("loan_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("step_id", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.Text(), nullable=True),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("assigned_to", sa.Text(), nullable=True),
        sa.Column("rules_digest", sa.Text(), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("recall_code", sa.Text(), nullable=True),
        sa.Column("recalled_by", sa.Text(), nullable=True),
        sa.Column("recalled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recall_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recall_next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recall_tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("recall_answer", sa.Text(), nullable=True),
        sa.Column("task_id", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("called_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["collection_case.id"], name=op.f("fk_permit_case_id")),
        sa.ForeignKeyConstraint(["loan_id"], ["loan.id"], name=op.f("fk_permit_loan_id")),
        sa.ForeignKeyConstraint(["task_id"], ["agent_task.id"], name=op.f("fk_permit_task_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_permit")),
    )
    op.create_index(op.f("ix_permit_case_id"), "permit", ["case_id"], unique=False)
    op.create_index(
        "uq_permit_open",
        "permit",
        ["case_id", "kind"],
        unique=True,
        postgresql_where="ended_at IS NULL AND state IN ('issued', 'used')",
    )
    op.create_index(
        "ix_permit_owed",
        "permit",
        ["recall_next_at"],
        unique=False,
        postgresql_where="ended_at IS NULL AND state = 'recalled'",
    )
    op.create_table(
        "permit_check",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("permit_id", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("good_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["permit_id"], ["permit.id"], name=op.f("fk_permit_check_permit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_permit_check")),
    )
    op.create_index(op.f("ix_permit_check_permit_id"), "permit_check", ["permit_id"], unique=False)
    op.execute(AT_THE_DESK)


def downgrade() -> None:
    op.drop_table("permit_check")
    op.drop_table("permit")
