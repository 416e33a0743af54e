"""letters as they were sent, sealed; and proofs that are about one of them"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "document",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("loan_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("step_id", sa.Text(), nullable=False),
        sa.Column("attempt_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("content", postgresql.BYTEA(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document")),
        sa.ForeignKeyConstraint(["loan_id"], ["loan.id"], name=op.f("fk_document_loan_id")),
        sa.ForeignKeyConstraint(["case_id"], ["collection_case.id"], name=op.f("fk_document_case_id")),
        sa.ForeignKeyConstraint(["attempt_id"], ["contact_attempt.id"], name=op.f("fk_document_attempt_id")),
        sa.CheckConstraint("sha256 = encode(sha256(content), 'hex')", name=op.f("ck_document_sha256")),
    )
    op.create_index(op.f("ix_document_loan_id"), "document", ["loan_id"])
    op.create_index(op.f("ix_document_case_id"), "document", ["case_id"])
    op.create_index(op.f("ix_document_attempt_id"), "document", ["attempt_id"])
    op.add_column("proof", sa.Column("document_id", sa.Text(), nullable=True))
    op.create_foreign_key(op.f("fk_proof_document_id"), "proof", "document", ["document_id"], ["id"])
    op.execute(
        "CREATE FUNCTION to_be_sealed_document() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "INSERT INTO unsealed (kind, ref, chain) SELECT 'document', id, loan_id FROM fresh; "
        "RETURN NULL; END $$"
    )
    for verb in ("INSERT", "UPDATE"):
        op.execute(
            f"CREATE TRIGGER to_be_sealed_{verb.lower()} AFTER {verb} ON document "
            f"REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION to_be_sealed_document()"
        )


def downgrade() -> None:
    op.execute("DROP FUNCTION to_be_sealed_document() CASCADE")
    op.drop_column("proof", "document_id")
    op.drop_table("document")
    op.execute("DELETE FROM unsealed WHERE kind = 'document'")
