"""dossier reads"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "dossier_read",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("loan_id", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("via", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["loan_id"], ["loan.id"], name=op.f("fk_dossier_read_loan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dossier_read")),
    )
    op.create_index(op.f("ix_dossier_read_loan_id"), "dossier_read", ["loan_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_dossier_read_loan_id"), table_name="dossier_read")
    op.drop_table("dossier_read")
