"""reveals of dossiers in clear, with the broken glass; exports that take two persons"""

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def _text(*names: str, nullable: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=nullable) for name in names]


def _instant(*names: str, nullable: bool = False) -> list[sa.Column[datetime]]:
    return [sa.Column(name, sa.DateTime(timezone=True), nullable=nullable) for name in names]


def _recorded_at() -> sa.Column[datetime]:
    return sa.Column(
        "recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
    )


def upgrade() -> None:
    op.create_table(
        "reveal",
        *_text("id", "loan_id", "actor", "role", "purpose"),
        *_text("reference", "outside", "justification", nullable=True),
        *_instant("at", "until"),
        *_text("finding", "reviewed_by", nullable=True),
        *_instant("reviewed_at", nullable=True),
        _recorded_at(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reveal")),
        sa.ForeignKeyConstraint(["loan_id"], ["loan.id"], name=op.f("fk_reveal_loan_id")),
        sa.CheckConstraint("(outside IS NULL) = (justification IS NULL)", name=op.f("ck_reveal_justified")),
    )
    op.create_index(op.f("ix_reveal_loan_id"), "reveal", ["loan_id"])
    unreviewed = sa.text("outside IS NOT NULL AND reviewed_at IS NULL")
    op.create_index("ix_reveal_unreviewed", "reveal", ["at"], postgresql_where=unreviewed)
    op.add_column("dossier_read", sa.Column("reveal_id", sa.Text(), nullable=True))
    op.create_foreign_key(op.f("fk_dossier_read_reveal_id"), "dossier_read", "reveal", ["reveal_id"], ["id"])
    op.create_table(
        "export_request",
        *_text("id", "kind"),
        *_text("person_id", nullable=True),
        sa.Column("loans", postgresql.ARRAY(sa.Text()), nullable=False),
        *_text("recipient", "purpose", "approval", "state", "asked_by"),
        *_instant("asked_at", "lapses_at"),
        *_text("decided_by", nullable=True),
        *_instant("decided_at", nullable=True),
        *_text("code", "used_by", nullable=True),
        *_instant("used_at", nullable=True),
        _recorded_at(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_export_request")),
        sa.ForeignKeyConstraint(["person_id"], ["party.id"], name=op.f("fk_export_request_person_id")),
        sa.CheckConstraint("cardinality(loans) > 0", name=op.f("ck_export_request_loans")),
    )
    op.execute(
        "CREATE FUNCTION to_be_sealed_reveal() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "INSERT INTO unsealed (kind, ref, chain) SELECT 'reveal', id, loan_id FROM fresh; RETURN NULL; END $$"
    )
    for verb in ("INSERT", "UPDATE"):
        op.execute(
            f"CREATE TRIGGER to_be_sealed_{verb.lower()} AFTER {verb} ON reveal "
            f"REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION to_be_sealed_reveal()"
        )


def downgrade() -> None:
    op.drop_table("export_request")
    op.drop_constraint(op.f("fk_dossier_read_reveal_id"), "dossier_read")
    op.drop_column("dossier_read", "reveal_id")
    op.execute("DROP FUNCTION to_be_sealed_reveal() CASCADE")
    op.drop_table("reveal")
    op.execute("DELETE FROM unsealed WHERE kind = 'reveal'")
