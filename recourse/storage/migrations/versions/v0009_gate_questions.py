"""what the gate asks besides"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("hold", sa.Column("rule", sa.Text(), nullable=True))
    op.add_column("hold", sa.Column("rule_source", sa.Text(), nullable=True))
    op.add_column("person_contact_point", sa.Column("whereabouts", sa.Text(), nullable=True))
    op.add_column("contact_attempt", sa.Column("says", sa.Text(), nullable=True))
    op.add_column("contact_attempt", sa.Column("reserved_until", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_contact_attempt_reserved",
        "contact_attempt",
        ["reserved_until"],
        unique=False,
        postgresql_where="state = 'claimed' AND reserved_until IS NOT NULL",
    )
    op.create_table(
        "restriction",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("weekdays", postgresql.ARRAY(sa.Integer()), server_default="{}", nullable=False),
        sa.Column("begins", sa.Time(), nullable=True),
        sa.Column("ends", sa.Time(), nullable=True),
        sa.Column("contact_point_id", sa.Text(), nullable=True),
        sa.Column("whereabouts", sa.Text(), nullable=True),
        sa.Column("attorney_id", sa.Text(), nullable=True),
        sa.Column("noted_by", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by", sa.Text(), nullable=True),
        sa.Column("withdrawn_source", sa.Text(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["party.id"], name=op.f("fk_restriction_person_id")),
        sa.ForeignKeyConstraint(
            ["contact_point_id"], ["contact_point.id"], name=op.f("fk_restriction_contact_point_id")
        ),
        sa.ForeignKeyConstraint(["attorney_id"], ["party.id"], name=op.f("fk_restriction_attorney_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_restriction")),
    )
    op.create_index(op.f("ix_restriction_person_id"), "restriction", ["person_id"], unique=False)


def downgrade() -> None:
    op.drop_table("restriction")
    op.drop_index("ix_contact_attempt_reserved", table_name="contact_attempt")
    op.drop_column("contact_attempt", "reserved_until")
    op.drop_column("contact_attempt", "says")
    op.drop_column("person_contact_point", "whereabouts")
    op.drop_column("hold", "rule_source")
    op.drop_column("hold", "rule")
