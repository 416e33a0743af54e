"""the evidence ledger, and triggers that name each row to be sealed"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

# Table -> its key and its chain, as SQL over the row. Written out here and not taken from the code: a
# migration must mean the same for ever.
_SEALED = {
    "step": ("id::text", "coalesce(case_id, loan_id)"),
    "fact": ("id::text", "coalesce(loan_id, person_id)"),
    "contact_attempt": ("id", "loan_id"),
    "provider_receipt": ("id::text", "'provider_receipt'"),
    "location_fix": ("id", "loan_id"),
    "hold": ("id", "coalesce(loan_id, person_id)"),
    "promise": ("id", "case_id"),
    "agreement": ("id", "case_id"),
    "dispute": ("id", "loan_id"),
    "consent": ("id", "person_id"),
    "proof": ("id", "loan_id"),
    "recovery_proposal": ("id", "loan_id"),
    "legal_action": ("id", "loan_id"),
    "legal_status": ("status_id", "(SELECT a.loan_id FROM legal_action a WHERE a.id = action_id)"),
    "permit": ("id", "loan_id"),
    "permit_check": ("id::text", "(SELECT p.loan_id FROM permit p WHERE p.id = permit_id)"),
    "dossier_read": ("id::text", "loan_id"),
}


def upgrade() -> None:
    op.create_table(
        "unsealed",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unsealed")),
    )
    op.create_index(op.f("ix_unsealed_kind_ref"), "unsealed", ["kind", "ref"])
    op.create_table(
        "seal",
        sa.Column("index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("prev", postgresql.BYTEA(), nullable=False),
        sa.Column("commitments", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("hash", postgresql.BYTEA(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("index", name=op.f("pk_seal")),
        sa.UniqueConstraint("chain", "n", name=op.f("uq_seal_chain_n")),
    )
    op.create_index(op.f("ix_seal_kind_ref_index"), "seal", ["kind", "ref", "index"])
    op.create_table(
        "seal_secret",
        sa.Column("index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("secret", postgresql.BYTEA(), nullable=False),
        sa.PrimaryKeyConstraint("index", name=op.f("pk_seal_secret")),
    )
    op.create_table(
        "seal_node",
        sa.Column("level", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", postgresql.BYTEA(), nullable=False),
        sa.PrimaryKeyConstraint("level", "index", name=op.f("pk_seal_node")),
    )
    op.create_table(
        "checkpoint",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_checkpoint")),
    )
    op.create_table(
        "anchor",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("receipt", postgresql.BYTEA(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("size", "place", name=op.f("pk_anchor")),
    )
    for table, (ref, chain) in _SEALED.items():
        # What is there already is sealed first; and a statement of many rows costs one more, not many.
        op.execute(
            f"INSERT INTO unsealed (kind, ref, chain) SELECT '{table}', {ref}, {chain} FROM {table} "  # noqa: S608
            f"ORDER BY recorded_at, {ref}"
        )
        op.execute(
            f"CREATE FUNCTION to_be_sealed_{table}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "  # noqa: S608
            f"INSERT INTO unsealed (kind, ref, chain) SELECT '{table}', {ref}, {chain} FROM fresh; "
            f"RETURN NULL; END $$"
        )
        for verb in ("INSERT", "UPDATE"):
            op.execute(
                f"CREATE TRIGGER to_be_sealed_{verb.lower()} AFTER {verb} ON {table} "
                f"REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION to_be_sealed_{table}()"
            )


def downgrade() -> None:
    for table in _SEALED:
        op.execute(f"DROP FUNCTION to_be_sealed_{table}() CASCADE")
    for table in ("anchor", "checkpoint", "seal_node", "seal_secret", "seal", "unsealed"):
        op.drop_table(table)
