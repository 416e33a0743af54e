"""a dispute has a kind and a last day for its answer, and a task may have an hour by which it is to be done"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("agent_task", sa.Column("due_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("dispute", sa.Column("kind", sa.Text(), server_default="debt", nullable=False))
    op.add_column("dispute", sa.Column("answer_by", sa.Date(), nullable=True))
    op.add_column("dispute", sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True))
    for name in ("rule", "rule_source", "rule_mark"):
        op.add_column("dispute", sa.Column(name, sa.Text(), nullable=True))
    waiting = "answered_at IS NULL"
    op.create_index("ix_dispute_waiting", "dispute", ["ends_at"], postgresql_where=waiting)
    # Those that wait have the house's days: which law they fall under is not known here.
    op.execute(
        "UPDATE dispute SET answer_by = (opened_at AT TIME ZONE loan.zone)::date + 30, "
        "ends_at = ((opened_at AT TIME ZONE loan.zone)::date + 31)::timestamp AT TIME ZONE loan.zone, "
        "rule = 'house_answer', rule_mark = 'house', "
        "rule_source = 'house rule: thirty days where no law names any' "
        "FROM loan WHERE loan.id = dispute.loan_id AND answered_at IS NULL"
    )


def downgrade() -> None:
    op.drop_index("ix_dispute_waiting", table_name="dispute")
    for name in ("rule_mark", "rule_source", "rule", "ends_at", "answer_by", "kind"):
        op.drop_column("dispute", name)
    op.drop_column("agent_task", "due_at")
