"""requests for locations, sealed; places apart from readings, encrypted; what the feed of positions keeps"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0025"
down_revision = "0022"
branch_labels = None
depends_on = None

# Readings of an older release keep what they have; new ones have none of it.
_NO_MORE = {"latitude": sa.Double(), "longitude": sa.Double(), "raw_sha256": sa.Text()}
_NEW = ("request_id", "actor", "precision", "quality", "sealed_sha256")


def upgrade() -> None:
    op.create_table(
        "location_request",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("loan_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("basis_proof", sa.Text(), nullable=False),
        sa.Column("precision", sa.Text(), nullable=False),
        sa.Column("cell_km", sa.Integer(), nullable=False),
        sa.Column("granted_by", sa.Text(), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("granted_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_code", sa.Text(), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_location_request")),
        sa.ForeignKeyConstraint(["loan_id"], ["loan.id"], name=op.f("fk_location_request_loan_id")),
        sa.ForeignKeyConstraint(
            ["case_id"], ["collection_case.id"], name=op.f("fk_location_request_case_id")
        ),
    )
    op.create_index(op.f("ix_location_request_loan_id"), "location_request", ["loan_id"])
    op.create_index(
        "ix_location_request_running", "location_request", ["case_id"], postgresql_where="ended_at IS NULL"
    )
    for name, kind in _NO_MORE.items():
        op.alter_column("location_fix", name, existing_type=kind, nullable=True)
    for name in _NEW:
        op.add_column("location_fix", sa.Column(name, sa.Text(), nullable=True))
    op.create_foreign_key(
        op.f("fk_location_fix_request_id"), "location_fix", "location_request", ["request_id"], ["id"]
    )
    op.create_index(op.f("ix_location_fix_request_id"), "location_fix", ["request_id"])
    op.create_table(
        "position",
        sa.Column("fix_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("sealed", postgresql.BYTEA(), nullable=False),
        sa.Column("delete_after", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("fix_id", name=op.f("pk_position")),
        sa.ForeignKeyConstraint(["fix_id"], ["location_fix.id"], name=op.f("fk_position_fix_id")),
        sa.ForeignKeyConstraint(["case_id"], ["collection_case.id"], name=op.f("fk_position_case_id")),
    )
    op.create_index(op.f("ix_position_delete_after"), "position", ["delete_after"])
    op.create_index(op.f("ix_position_case_id"), "position", ["case_id"])
    op.create_table(
        "position_feed",
        sa.Column("loan_id", sa.Text(), nullable=False),
        sa.Column("fix_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("carried_over", sa.Boolean(), nullable=False),
        sa.Column("valid", sa.Boolean(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("sealed", postgresql.BYTEA(), nullable=False),
        sa.Column("heard_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("loan_id", name=op.f("pk_position_feed")),
        sa.ForeignKeyConstraint(["loan_id"], ["loan.id"], name=op.f("fk_position_feed_loan_id")),
    )
    op.execute(
        "CREATE FUNCTION to_be_sealed_location_request() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "INSERT INTO unsealed (kind, ref, chain) SELECT 'location_request', id, loan_id FROM fresh; "
        "RETURN NULL; END $$"
    )
    for verb in ("INSERT", "UPDATE"):
        op.execute(
            f"CREATE TRIGGER to_be_sealed_{verb.lower()} AFTER {verb} ON location_request "
            f"REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION to_be_sealed_location_request()"
        )


def downgrade() -> None:
    op.execute("DROP FUNCTION to_be_sealed_location_request() CASCADE")
    op.drop_table("position_feed")
    op.drop_table("position")
    op.drop_index(op.f("ix_location_fix_request_id"), table_name="location_fix")
    op.drop_constraint(op.f("fk_location_fix_request_id"), "location_fix")
    for name in _NEW:
        op.drop_column("location_fix", name)
    op.drop_table("location_request")
    op.execute("DELETE FROM unsealed WHERE kind = 'location_request'")
