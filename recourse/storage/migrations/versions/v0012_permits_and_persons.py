"""two persons behind a recovery; what a permit was asked about, so that its answer can be made again"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("step", sa.Column("permit", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("permit_check", sa.Column("step_number", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_permit_check_step_number"), "permit_check", "step", ["step_number"], ["id"]
    )
    op.create_table(
        "recovery_proposal",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("loan_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lapses_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("permit_id", sa.Text(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["loan_id"], ["loan.id"], name=op.f("fk_recovery_proposal_loan_id")),
        sa.ForeignKeyConstraint(
            ["case_id"], ["collection_case.id"], name=op.f("fk_recovery_proposal_case_id")
        ),
        sa.ForeignKeyConstraint(["permit_id"], ["permit.id"], name=op.f("fk_recovery_proposal_permit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_proposal")),
    )
    op.create_index(op.f("ix_recovery_proposal_case_id"), "recovery_proposal", ["case_id"], unique=False)
    op.create_index(
        "uq_recovery_proposal_open",
        "recovery_proposal",
        ["case_id"],
        unique=True,
        postgresql_where="state = 'open'",
    )


def downgrade() -> None:
    op.drop_table("recovery_proposal")
    op.drop_constraint(op.f("fk_permit_check_step_number"), "permit_check", type_="foreignkey")
    op.drop_column("permit_check", "step_number")
    op.drop_column("step", "permit")
