"""a token may be confined to lenders"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "api_token", sa.Column("confined", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    # A dialler's never was for more than the loans it is bound to.
    op.execute("UPDATE api_token SET confined = true WHERE role = 'dialler'")


def downgrade() -> None:
    op.drop_column("api_token", "confined")
