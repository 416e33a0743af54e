"""personal data sealed with keys of those it is about, blind indexes, and erasures"""

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0020"
branch_labels = None
depends_on = None

_SEALED = {
    "party": ("name_sealed", "details_sealed"),
    "person_contact_point": ("value_sealed",),
    "vehicle": ("details_sealed", "gps_device_sealed"),
    "contact_attempt": ("subject_sealed", "content_sealed"),
    "document": ("content_sealed",),
    "legal_action": ("document_sealed",),
}
_NO_LONGER_REQUIRED = {
    "contact_point": "value",
    "vehicle": "details",
    "document": "content",
    "legal_action": "document",
}
_PLAIN = {
    "contact_point": ("id", "value IS NOT NULL"),
    "party": ("id", "name IS NOT NULL OR details IS NOT NULL"),
    "vehicle": ("loan_id", "details IS NOT NULL OR gps_device_id IS NOT NULL"),
    "contact_attempt": ("id", "subject IS NOT NULL OR content IS NOT NULL"),
    "document": ("id", "content IS NOT NULL"),
    "legal_action": ("id", "document IS NOT NULL"),
}
"""What is still to be sealed is found without reading what is: the indexes empty with it."""


def _instant(name: str, *, nullable: bool = True) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _recorded() -> sa.Column[datetime]:
    return sa.Column(
        "recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
    )


def upgrade() -> None:
    op.create_table(
        "data_key",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("wrapped_by", sa.Text(), nullable=False),
        sa.Column("wrapped", postgresql.BYTEA(), nullable=True),
        _instant("destroyed_at"),
        _recorded(),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_data_key")),
        sa.UniqueConstraint("id", name=op.f("uq_data_key_id")),
        sa.CheckConstraint(
            "(wrapped IS NULL) = (destroyed_at IS NOT NULL)", name=op.f("ck_data_key_destroyed")
        ),
    )
    op.create_index(
        "ix_data_key_wrapped_by",
        "data_key",
        ["wrapped_by", "subject"],
        postgresql_where=sa.text("wrapped IS NOT NULL"),
    )
    for table, columns in _SEALED.items():
        for column in columns:
            op.add_column(table, sa.Column(column, postgresql.BYTEA(), nullable=True))
    for table, column in _NO_LONGER_REQUIRED.items():
        op.alter_column(table, column, nullable=True)
    op.add_column(
        "legal_action",
        sa.Column("names", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
    )
    for table, (key, where) in _PLAIN.items():
        op.create_index(f"ix_{table}_plain", table, [key], postgresql_where=sa.text(where))
    _blind_index()
    _erasures()


def _blind_index() -> None:
    op.add_column("contact_point", sa.Column("digest", sa.Text(), nullable=True))
    op.add_column("contact_point", sa.Column("number_digest", sa.Text(), nullable=True))
    op.create_unique_constraint(op.f("uq_contact_point_kind_digest"), "contact_point", ["kind", "digest"])
    op.create_index(op.f("ix_contact_point_number_digest"), "contact_point", ["number_digest"])
    op.drop_index("ix_contact_point_number", table_name="contact_point")


def _erasures() -> None:
    op.create_table(
        "erasure",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        _instant("proposed_at", nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        _instant("decided_at"),
        sa.Column("subjects", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("key_ids", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        _instant("named_again_at"),
        _recorded(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure")),
        sa.ForeignKeyConstraint(["person_id"], ["party.id"], name=op.f("fk_erasure_person_id")),
    )
    op.create_index(op.f("ix_erasure_person_id"), "erasure", ["person_id"])
    op.create_index(
        "uq_erasure_open",
        "erasure",
        ["person_id"],
        unique=True,
        postgresql_where=sa.text("state = 'proposed'"),
    )
    op.execute(
        "CREATE FUNCTION to_be_sealed_erasure() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "INSERT INTO unsealed (kind, ref, chain) SELECT 'erasure', id, person_id FROM fresh; "
        "RETURN NULL; END $$"
    )
    for verb in ("INSERT", "UPDATE"):
        op.execute(
            f"CREATE TRIGGER to_be_sealed_{verb.lower()} AFTER {verb} ON erasure "
            f"REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION to_be_sealed_erasure()"
        )


def downgrade() -> None:
    """What was sealed meanwhile cannot be read by the release before: the columns must be empty."""
    op.execute("DROP FUNCTION to_be_sealed_erasure() CASCADE")
    op.drop_table("erasure")
    op.create_index(
        "ix_contact_point_number",
        "contact_point",
        [sa.literal_column("right(regexp_replace(value, '[^0-9]', '', 'g'), 10)")],
    )
    for table in _PLAIN:
        op.drop_index(f"ix_{table}_plain", table_name=table)
    op.drop_index(op.f("ix_contact_point_number_digest"), table_name="contact_point")
    op.drop_constraint(op.f("uq_contact_point_kind_digest"), "contact_point")
    op.drop_column("contact_point", "number_digest")
    op.drop_column("contact_point", "digest")
    op.drop_column("legal_action", "names")
    for table, column in _NO_LONGER_REQUIRED.items():
        op.alter_column(table, column, nullable=False)
    for table, columns in _SEALED.items():
        for column in columns:
            op.drop_column(table, column)
    op.drop_table("data_key")
    op.execute("DELETE FROM unsealed WHERE kind = 'erasure'")
