"""find contact points by number"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_contact_point_number",
        "contact_point",
        [sa.literal_column("right(regexp_replace(value, '[^0-9]', '', 'g'), 10)")],
    )


def downgrade() -> None:
    op.drop_index("ix_contact_point_number", table_name="contact_point")
