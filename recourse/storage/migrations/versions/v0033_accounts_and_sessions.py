"""people who sign in with a browser: accounts, sessions, and what the queue gave or somebody passed over"""

from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def _text(*names: str, nullable: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=nullable) for name in names]


def _instant(*names: str, nullable: bool = False) -> list[sa.Column[datetime]]:
    return [sa.Column(name, sa.DateTime(timezone=True), nullable=nullable) for name in names]


def _flag(name: str, default: str | None = None) -> sa.Column[bool]:
    value = sa.text(default) if default is not None else None
    return sa.Column(name, sa.Boolean(), server_default=value, nullable=False)


def upgrade() -> None:
    # An actor may have a token, an account, or both in turn: what names him is the actor.
    op.drop_constraint("fk_token_scope_actor", "token_scope")
    op.drop_constraint("uq_api_token_actor", "api_token")
    op.drop_constraint("pk_api_token", "api_token", type_="primary")
    op.alter_column("api_token", "token_hash", nullable=True)
    op.create_unique_constraint(op.f("uq_api_token_token_hash"), "api_token", ["token_hash"])
    op.create_primary_key(op.f("pk_api_token"), "api_token", ["actor"])
    op.create_foreign_key(op.f("fk_token_scope_actor"), "token_scope", "api_token", ["actor"], ["actor"])
    op.create_table(
        "account",
        *_text("actor", "login", "password_hash"),
        *_instant("first_until", nullable=True),
        sa.Column("totp_sealed", sa.LargeBinary(), nullable=True),
        _flag("totp_confirmed", "false"),
        sa.Column("totp_step", sa.BigInteger(), nullable=True),
        sa.Column("refused_codes", sa.Integer(), server_default="0", nullable=False),
        *_text("language", "look", nullable=True),
        _flag("onward", "true"),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("actor", name=op.f("pk_account")),
        sa.ForeignKeyConstraint(["actor"], ["api_token.actor"], name=op.f("fk_account_actor")),
        sa.UniqueConstraint("login", name=op.f("uq_account_login")),
        sa.CheckConstraint("login = lower(login)", name=op.f("ck_account_login")),
    )
    op.create_table(
        "web_session",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        *_text("secret_hash", "actor"),
        _flag("whole"),
        *_instant("began_at", "seen_at", "ends_at"),
        *_instant("ended_at", nullable=True),
        *_text("ended", nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_web_session")),
        sa.ForeignKeyConstraint(["actor"], ["account.actor"], name=op.f("fk_web_session_actor")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_web_session_secret_hash")),
        sa.CheckConstraint("(ended_at IS NULL) = (ended IS NULL)", name=op.f("ck_web_session_ended")),
    )
    running = sa.text("ended_at IS NULL")
    op.create_index("ix_web_session_running", "web_session", ["actor"], postgresql_where=running)
    op.create_table(
        "queue_offer",
        *_text("task_id", "actor"),
        *_text("skipped", nullable=True),
        *_instant("at", "until"),
        sa.PrimaryKeyConstraint("task_id", "actor", name=op.f("pk_queue_offer")),
        sa.ForeignKeyConstraint(["task_id"], ["agent_task.id"], name=op.f("fk_queue_offer_task_id")),
    )
    op.create_index(op.f("ix_queue_offer_until"), "queue_offer", ["until"])


def downgrade() -> None:
    op.drop_table("queue_offer")
    op.drop_table("web_session")
    op.drop_table("account")
    op.execute("DELETE FROM data_key WHERE subject LIKE 'staff:%'")
    # Those who have no token are nobody to the release before; what they did names them all the same.
    op.execute("UPDATE api_token SET token_hash = 'none:' || actor WHERE token_hash IS NULL")
    op.drop_constraint("fk_token_scope_actor", "token_scope")
    op.drop_constraint("pk_api_token", "api_token", type_="primary")
    op.drop_constraint("uq_api_token_token_hash", "api_token")
    op.create_primary_key(op.f("pk_api_token"), "api_token", ["token_hash"])
    op.create_unique_constraint(op.f("uq_api_token_actor"), "api_token", ["actor"])
    op.create_foreign_key(op.f("fk_token_scope_actor"), "token_scope", "api_token", ["actor"], ["actor"])
