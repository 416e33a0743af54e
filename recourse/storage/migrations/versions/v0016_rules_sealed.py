"""the rules that steps were decided by are sealed too"""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

# A chain for each: what proves a case then needs the rules of its own steps only.
_CHAIN = "'rules-' || digest"


def upgrade() -> None:
    op.execute(
        f"INSERT INTO unsealed (kind, ref, chain) SELECT 'rule_set', digest, {_CHAIN} FROM rule_set "  # noqa: S608
        f"ORDER BY recorded_at, digest"
    )
    op.execute(
        f"CREATE FUNCTION to_be_sealed_rule_set() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "  # noqa: S608
        f"INSERT INTO unsealed (kind, ref, chain) SELECT 'rule_set', digest, {_CHAIN} FROM fresh; "
        f"RETURN NULL; END $$"
    )
    for verb in ("INSERT", "UPDATE"):
        op.execute(
            f"CREATE TRIGGER to_be_sealed_{verb.lower()} AFTER {verb} ON rule_set "
            f"REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION to_be_sealed_rule_set()"
        )


def downgrade() -> None:
    op.execute("DROP FUNCTION to_be_sealed_rule_set() CASCADE")
    op.execute("DELETE FROM unsealed WHERE kind = 'rule_set'")
