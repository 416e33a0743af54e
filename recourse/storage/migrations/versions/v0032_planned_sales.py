"""a move of a legal action may have terms: how the vehicle is to be sold"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("legal_move", sa.Column("terms", JSONB(none_as_null=True), nullable=True))


def downgrade() -> None:
    op.drop_column("legal_move", "terms")
