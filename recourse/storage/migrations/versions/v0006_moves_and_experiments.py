"""moves between strategies, and assignments of experiments"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("step", sa.Column("moved", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("collection_case", sa.Column("experiment", sa.Text(), nullable=True))
    op.add_column("collection_case", sa.Column("arm", sa.Text(), nullable=True))
    op.create_index(
        "ix_collection_case_experiment",
        "collection_case",
        ["experiment", "arm"],
        unique=False,
        postgresql_where=sa.text("experiment IS NOT NULL"),
    )
    op.create_table(
        "strategy_move",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("renamed", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("answers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_strategy_move")),
    )
    op.create_table(
        "assignment",
        sa.Column("experiment", sa.Text(), nullable=False),
        sa.Column("unit_kind", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.Text(), nullable=False),
        sa.Column("arm", sa.Text(), nullable=False),
        sa.Column("strategy", sa.Text(), nullable=False),
        sa.Column("shares", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("inherited", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("experiment", "unit_kind", "unit_id", name=op.f("pk_assignment")),
    )


def downgrade() -> None:
    op.drop_table("assignment")
    op.drop_table("strategy_move")
    op.drop_index("ix_collection_case_experiment", table_name="collection_case")
    op.drop_column("collection_case", "arm")
    op.drop_column("collection_case", "experiment")
    op.drop_column("step", "moved")
