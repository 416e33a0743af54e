"""indexes that the queue is read by: deadlines, broken promises, amounts, and what somebody holds"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

PRESSING = (
    "state IN ('open', 'claimed') AND (due_at IS NOT NULL OR kind IN "
    "('legal_deadline', 'legal_deadline_missed', 'legal_deadline_over', 'dispute_overdue'))"
)


def upgrade() -> None:
    for name, table, columns, where in (
        ("ix_agent_task_pressing", "agent_task", ["team", "due_at"], PRESSING),
        ("ix_agent_task_claimed_by", "agent_task", ["claimed_by"], "state = 'claimed'"),
        ("ix_promise_broken", "promise", ["case_id"], "state = 'broken'"),
        ("ix_promise_open", "promise", ["due_on"], "state = 'open'"),
    ):
        op.create_index(name, table, columns, postgresql_where=sa.text(where))
    op.create_index(op.f("ix_loan_unpaid_minor"), "loan", ["unpaid_minor"])


def downgrade() -> None:
    op.drop_index(op.f("ix_loan_unpaid_minor"), "loan")
    for name, table in (
        ("ix_promise_open", "promise"),
        ("ix_promise_broken", "promise"),
        ("ix_agent_task_claimed_by", "agent_task"),
        ("ix_agent_task_pressing", "agent_task"),
    ):
        op.drop_index(name, table)
