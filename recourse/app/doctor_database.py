"""What is wrong with a database that cannot be used, in words: the doctor's, and every command's."""

from __future__ import annotations

from recourse.app.findings import Finding
from recourse.storage import access

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


def down(error: BaseException) -> Finding:
    """As the doctor says it."""
    says, remedy = trouble(kind_of(error))
    return Finding("PostgreSQL", "down", says, remedy)


def kind_of(error: BaseException) -> str:
    """The name of the driver's error under SQLAlchemy's wrapping."""
    cause = getattr(getattr(error, "orig", None), "__cause__", None) or error
    return type(cause).__name__
