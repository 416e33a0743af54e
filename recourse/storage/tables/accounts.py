"""People who sign in with a browser, their sessions (by the database's clock), and what their queue gave."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
)

from recourse.storage.tables.base import instant, metadata, recorded_at

account = Table(
    "account",
    metadata,
    # Role, lenders and whose it is stand with the actor, as they do for a token.
    Column("actor", Text, ForeignKey("api_token.actor"), primary_key=True),
    Column("login", Text, nullable=False, unique=True),
    Column("password_hash", Text, nullable=False),
    # Of a password that somebody else knows: it ends then, and lets in only to choose another. NULL: his own.
    instant("first_until", nullable=True),
    # Shared with the person's authenticator, sealed with a key of the actor; in force once a code was shown.
    Column("totp_sealed", LargeBinary),
    Column("totp_confirmed", Boolean, nullable=False, server_default="false"),
    # The step of time of the newest code that was accepted: each is good once.
    Column("totp_step", BigInteger),
    # Codes refused since one was accepted.
    Column("refused_codes", Integer, nullable=False, server_default="0"),
    Column("language", Text),
    Column("look", Text),
    # Whether saving leads on to the next task.
    Column("onward", Boolean, nullable=False, server_default="true"),
    recorded_at(),
    CheckConstraint("login = lower(login)", name="login"),
)

web_session = Table(
    "web_session",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    # SHA-256 of what the browser's cookie holds, which is stored nowhere.
    Column("secret_hash", Text, nullable=False, unique=True),
    Column("actor", Text, ForeignKey("account.actor"), nullable=False),
    # False after the password alone: then it leads to the second factor and nowhere else.
    Column("whole", Boolean, nullable=False),
    instant("began_at"),
    instant("seen_at"),
    instant("ends_at"),
    instant("ended_at", nullable=True),
    # replaced, signed_out, by_its_person, by_an_administrator, password_changed
    Column("ended", Text),
    CheckConstraint("(ended_at IS NULL) = (ended IS NULL)", name="ended"),
    Index("ix_web_session_running", "actor", postgresql_where="ended_at IS NULL"),
)

queue_offer = Table(
    "queue_offer",
    metadata,
    # To whom the queue gave a task, for the moment until it is claimed, so that two who pull at once never
    # get the same; and what it passes over: for a person with his reason, for everybody (actor '') with the
    # code of the gate's no. Business time.
    Column("task_id", Text, ForeignKey("agent_task.id"), primary_key=True),
    Column("actor", Text, primary_key=True),
    Column("skipped", Text),
    instant("at"),
    instant("until"),
    Index(None, "until"),
)
