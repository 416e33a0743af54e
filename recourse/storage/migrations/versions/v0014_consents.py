"""the first of two who cancel a settlement that was paid, and consents with their proofs"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("cancel_asked_by", "cancel_asked_as", "cancel_code"):
        op.add_column("agreement", sa.Column(name, sa.Text(), nullable=True))
    op.add_column("agreement", sa.Column("cancel_asked_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "consent",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("contact_point_id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("way", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("noted_by", sa.Text(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_way", sa.Text(), nullable=True),
        sa.Column("withdrawn_source", sa.Text(), nullable=True),
        sa.Column("withdrawn_by", sa.Text(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["party.id"], name=op.f("fk_consent_person_id")),
        sa.ForeignKeyConstraint(
            ["contact_point_id"], ["contact_point.id"], name=op.f("fk_consent_contact_point_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
        sa.UniqueConstraint(
            "person_id",
            "contact_point_id",
            "channel",
            "given_at",
            "source",
            name=op.f("uq_consent_person_id_contact_point_id_channel_given_at_source"),
        ),
    )


def downgrade() -> None:
    op.drop_table("consent")
    for name in ("cancel_asked_at", "cancel_code", "cancel_asked_as", "cancel_asked_by"):
        op.drop_column("agreement", name)
