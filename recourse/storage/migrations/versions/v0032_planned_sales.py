"""a move of a legal action may have terms, how the vehicle is to be sold; and a dispute is acknowledged"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None
_TEXTS = ("told_rule", "told_source", "told_mark", "told_evidence", "told_actor", "told_request")


def upgrade() -> None:
    op.add_column("legal_move", sa.Column("terms", JSONB(none_as_null=True), nullable=True))
    # Of disputes from before nothing is wanted: which law they fall under is not known here.
    op.add_column("dispute", sa.Column("told_by", sa.Date(), nullable=True))
    for name in ("told_until", "told_at"):
        op.add_column("dispute", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    for name in _TEXTS:
        op.add_column("dispute", sa.Column(name, sa.Text(), nullable=True))


def downgrade() -> None:
    for name in (*_TEXTS, "told_at", "told_until", "told_by"):
        op.drop_column("dispute", name)
    op.drop_column("legal_move", "terms")
