"""at whose wish a hold stands, what the bank was told of it, and which loans a token is for"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _holds()
    _token_scope()


def _holds() -> None:
    op.add_column("hold", sa.Column("asked_by", sa.Text(), nullable=True))
    op.create_table(
        "hold_told",
        sa.Column("hold_id", sa.Text(), nullable=False),
        sa.Column("loan_id", sa.Text(), nullable=False),
        sa.Column("stops", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["hold_id"], ["hold.id"], name=op.f("fk_hold_told_hold_id")),
        sa.ForeignKeyConstraint(["loan_id"], ["loan.id"], name=op.f("fk_hold_told_loan_id")),
        sa.PrimaryKeyConstraint("hold_id", "loan_id", name=op.f("pk_hold_told")),
    )
    op.create_index(
        "ix_hold_told_open",
        "hold_told",
        ["looked_at"],
        unique=False,
        postgresql_where="ended_at IS NULL",
    )
    op.create_index(op.f("ix_hold_told_loan_id"), "hold_told", ["loan_id"], unique=False)


def _token_scope() -> None:
    op.create_table(
        "token_scope",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("lender", sa.Text(), nullable=True),
        sa.Column("loan_id", sa.Text(), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("num_nonnulls(lender, loan_id) = 1", name=op.f("ck_token_scope_one_kind")),
        sa.ForeignKeyConstraint(["actor"], ["api_token.actor"], name=op.f("fk_token_scope_actor")),
        sa.ForeignKeyConstraint(["loan_id"], ["loan.id"], name=op.f("fk_token_scope_loan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_token_scope")),
    )
    for kind in ("lender", "loan_id"):
        op.create_index(
            f"uq_token_scope_{kind}",
            "token_scope",
            ["actor", kind],
            unique=True,
            postgresql_where="ended_at IS NULL",
        )


def downgrade() -> None:
    op.drop_table("token_scope")
    op.drop_table("hold_told")
    op.drop_column("hold", "asked_by")
