"""the first of two who cancel a settlement that was paid, and consents with their proofs"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("cancel_asked_by", "cancel_asked_as", "cancel_code"):
        op.add_column("agreement", sa.Column(name, sa.Text(), nullable=True))
    op.add_column("agreement", sa.Column("cancel_asked_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    for name in ("cancel_asked_at", "cancel_code", "cancel_asked_as", "cancel_asked_by"):
        op.drop_column("agreement", name)
