"""legal actions: moves, what runs out, what it costs and brings; sealed. And what a desk's status became"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_SEALED = ("legal_move", "legal_deadline", "legal_entry")


def _of_case(table: str) -> list[sa.Column | sa.Constraint]:  # type: ignore[type-arg]
    return [
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("loan_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.ForeignKeyConstraint(["loan_id"], ["loan.id"], name=op.f(f"fk_{table}_loan_id")),
        sa.ForeignKeyConstraint(["case_id"], ["collection_case.id"], name=op.f(f"fk_{table}_case_id")),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
    ]


def _json(name: str) -> sa.Column:  # type: ignore[type-arg]
    return sa.Column(name, postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False)


def _text(name: str, *, nullable: bool = False) -> sa.Column:  # type: ignore[type-arg]
    return sa.Column(name, sa.Text(), nullable=nullable)


def _instant(name: str) -> sa.Column:  # type: ignore[type-arg]
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def upgrade() -> None:
    op.add_column("legal_status", _text("became", nullable=True))
    _moves()
    _deadlines()
    _entries()
    for table in _SEALED:
        op.execute(
            f"CREATE FUNCTION to_be_sealed_{table}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "  # noqa: S608
            f"INSERT INTO unsealed (kind, ref, chain) SELECT '{table}', id, loan_id FROM fresh; "
            f"RETURN NULL; END $$"
        )
        for verb in ("INSERT", "UPDATE"):
            op.execute(
                f"CREATE TRIGGER to_be_sealed_{verb.lower()} AFTER {verb} ON {table} "
                f"REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION to_be_sealed_{table}()"
            )


def _moves() -> None:
    op.create_table(
        "legal_move",
        *_of_case("legal_move"),
        sa.Column("number", sa.Integer(), nullable=False),
        _text("code"),
        _text("track"),
        _text("state"),
        sa.Column("on", sa.Date(), nullable=False),
        _instant("occurred_at"),
        _text("gives", nullable=True),
        _text("means", nullable=True),
        _json("documents"),
        _text("procedure"),
        _text("rules_digest"),
        _text("source"),
        _text("mark"),
        _text("actor"),
        _instant("at"),
        _json("known"),
        _text("status_id", nullable=True),
        _text("request_id"),
        sa.UniqueConstraint("request_id", name=op.f("uq_legal_move_request_id")),
        sa.UniqueConstraint("case_id", "number", name=op.f("uq_legal_move_case_id_number")),
    )
    op.create_index(op.f("ix_legal_move_loan_id"), "legal_move", ["loan_id"])


def _deadlines() -> None:
    op.create_table(
        "legal_deadline",
        *_of_case("legal_deadline"),
        sa.Column("number", sa.Integer(), nullable=False),
        _text("code"),
        _text("whose"),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("warn_on", sa.Date(), nullable=False),
        _instant("warn_at"),
        _instant("ends_at"),
        _json("ended_by"),
        _text("source"),
        _text("mark"),
        sa.Column("met_on", sa.Date(), nullable=True),
    )
    op.create_index(op.f("ix_legal_deadline_case_id"), "legal_deadline", ["case_id"])
    op.create_index(op.f("ix_legal_deadline_loan_id"), "legal_deadline", ["loan_id"])
    running = sa.text("met_on IS NULL")
    op.create_index("ix_legal_deadline_running", "legal_deadline", ["ends_on"], postgresql_where=running)


def _entries() -> None:
    op.create_table(
        "legal_entry",
        *_of_case("legal_entry"),
        _text("kind"),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        _text("currency"),
        sa.Column("on", sa.Date(), nullable=False),
        _text("proof"),
        _text("reverses", nullable=True),
        _text("noted_by"),
        _instant("noted_at"),
        sa.ForeignKeyConstraint(["reverses"], ["legal_entry.id"], name=op.f("fk_legal_entry_reverses")),
        sa.UniqueConstraint("reverses", name=op.f("uq_legal_entry_reverses")),
    )
    op.create_index(op.f("ix_legal_entry_case_id"), "legal_entry", ["case_id"])
    op.create_index(op.f("ix_legal_entry_loan_id"), "legal_entry", ["loan_id"])


def downgrade() -> None:
    for table in reversed(_SEALED):
        op.execute(f"DROP FUNCTION to_be_sealed_{table}() CASCADE")
        op.drop_table(table)
        op.execute(f"DELETE FROM unsealed WHERE kind = '{table}'")  # noqa: S608
    op.drop_column("legal_status", "became")
