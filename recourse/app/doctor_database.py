"""What is wrong with a database that cannot be used, in words: the doctor's, and every command's."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlalchemy import func, select

from recourse.app.findings import Finding
from recourse.storage import access
from recourse.storage.database import ReadTx
from recourse.storage.tables import api_token

TOKENS_END_SOON: Final = timedelta(days=14)

_NO_SCHEMA = ("it has no schema, or one that is not of this release", "recourse db upgrade")
_NO_ENTRY = ("it does not let this user in", "mend user and password in RECOURSE_DATABASE_URL")
_TROUBLE = {
    "UndefinedTableError": _NO_SCHEMA,
    "UndefinedColumnError": _NO_SCHEMA,
    "InvalidCatalogNameError": (
        "the server has no database of this name",
        "create it (createdb NAME), or mend RECOURSE_DATABASE_URL",
    ),
    "InvalidPasswordError": _NO_ENTRY,
    "InvalidAuthorizationSpecificationError": _NO_ENTRY,
    "InsufficientPrivilegeError": (
        "this user may not do that",
        "grant it, or mend the user in RECOURSE_DATABASE_URL",
    ),
    "TooManyConnectionsError": ("it has no connection left", "raise max_connections, or run fewer processes"),
    "LockNotAvailableError": ("another transaction holds the rows or tables", "try again in a moment"),
}
_AWAY = ("it does not answer", "start it or mend RECOURSE_DATABASE_URL; `recourse stack up` has one")


def trouble(kind: str) -> tuple[str, str]:
    """(what is wrong, what to do). kind: the name of the driver's error; its text may quote a row."""
    return _TROUBLE.get(kind, _AWAY)


async def rights(url: str) -> Finding:
    """Roles, grants, row-level security, and whether the login is one that a process should have."""
    wrong = await access.problems(url)
    login = await access.powers(url)
    if wrong:
        says = f"{wrong[0]}" + (f", and {len(wrong) - 1} more" if len(wrong) > 1 else "")
        return Finding("PostgreSQL", "finding", says, "recourse db roles; all of it: recourse db check")
    if login:
        says = f"the login {login[0]}: row-level security does not bind it"
        return Finding("PostgreSQL", "finding", says, "log in as recourse_app; see docs/access.md")
    return Finding("PostgreSQL", "ok", "roles, grants and row-level security")


async def tokens(tx: ReadTx) -> list[Finding]:
    """Those that will soon be nobody's: whoever calls with one wants another before."""
    c = api_token.c
    soon = c.ends_at.between(func.clock_timestamp(), func.clock_timestamp() + TOKENS_END_SOON)
    asked = select(c.actor, c.ends_at).where(c.revoked_at.is_(None), soon).order_by(c.ends_at, c.actor)
    rows = (await tx.execute(asked)).all()
    if not rows:
        return []
    actor, ends_at = rows[0]
    says = f"{len(rows)} tokens end within {TOKENS_END_SOON.days} days, {actor} on {ends_at:%Y-%m-%d} (UTC)"
    return [
        Finding("tokens", "finding", says, "recourse tokens issue --person ID, as `tokens list` names it")
    ]


def down(error: BaseException) -> Finding:
    """As the doctor says it."""
    says, remedy = trouble(kind_of(error))
    return Finding("PostgreSQL", "down", says, remedy)


def kind_of(error: BaseException) -> str:
    """The name of the driver's error under SQLAlchemy's wrapping."""
    cause = getattr(getattr(error, "orig", None), "__cause__", None) or error
    return type(cause).__name__
