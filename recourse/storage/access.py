"""Roles, grants and row-level security: made as `tables.access` says, and where they are not so, in words.

Nothing of this is a migration: what is there is compared with what should be and the difference is written,
so that it may be repeated, and a new policy needs no revision. Roles belong to the whole server, the rest to
one database.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text

from recourse.storage import migrate
from recourse.storage.access_seen import LOGINLESS, Seen, look, sign_policies
from recourse.storage.migrate import run_on
from recourse.storage.seals import SEALED
from recourse.storage.tables.access import ACCESS, APP, NOTHING, READ, READER, ROLES, SEALER, SYSTEM

_POLICIES: Final = {"every_lenders": (SYSTEM, SEALER), "own_lenders": (APP, READER)}
"""Name of a policy -> whom it is for."""


def granted(table: str, role: str) -> frozenset[str]:
    """As SQL says it, a right to one column with its name: `UPDATE (content)`."""
    access = ACCESS[table]
    if role == SEALER:
        return access.sealer | (READ if table in SEALED else NOTHING)
    if role == READER:
        return NOTHING if access.secret else READ
    return access.app | {f"UPDATE ({column})" for column in access.columns}


@dataclass(frozen=True, slots=True)
class Wrong:
    """says: what is not as it should be. mending: statements; none where a person must look."""

    says: str
    mending: tuple[str, ...] = ()


async def apply(url: str) -> list[str]:
    """Make it so, in one transaction; what was wrong, in words. Raises the driver's error where the login may
    not: roles are created by who has CREATEROLE, all else is the table owner's."""

    def work(connection: Connection) -> list[str]:
        connection.execute(text("SET LOCAL lock_timeout = '5s'"))
        wrong = [one for one in _compared(look(connection)) if one.mending]
        for one in wrong:
            for statement in one.mending:
                connection.execute(text(statement))
        sign_policies(connection)
        connection.commit()
        return [one.says for one in wrong]

    return await run_on(url, work)


async def upgrade(url: str) -> list[str]:
    """The newest schema and whatever access it needs: a new table is of no use before."""
    await migrate.upgrade(url)
    return await apply(url)


async def problems(url: str) -> list[str]:
    """What is not as it should be, in words; empty when all is."""

    def work(connection: Connection) -> list[str]:
        return [one.says for one in _compared(look(connection))]

    return await run_on(url, work)


async def powers(url: str) -> list[str]:
    """What the login of this URL is that a process's should not be; empty for a good one."""
    asked = text(
        "SELECT current_user::text, rolsuper, rolbypassrls, EXISTS (SELECT FROM pg_class WHERE relkind = 'r' "
        "AND relnamespace = 'public'::regnamespace AND pg_has_role(relowner, 'USAGE')) "
        "FROM pg_roles WHERE rolname = current_user"
    )

    def work(connection: Connection) -> list[str]:
        name, superuser, bypasses, owns = connection.execute(asked).one()
        if superuser:
            return [f"{name} is a superuser"]
        found = [f"{name} passes by row-level security"] if bypasses else []
        return found + ([f"{name} owns the tables"] if owns else [])

    return await run_on(url, work)


def _compared(seen: Seen) -> Iterator[Wrong]:
    yield from _roles(seen)
    yield from _memberships(seen)
    for table in sorted(seen.owners):
        if table not in ACCESS:
            yield Wrong(
                f"table {table}: nobody may use it, for recourse/storage/tables/access.py names it not"
            )
        else:
            yield from _grants(seen, table)
            yield from _row_security(seen, table)
            yield from _policies(seen, table)


def _roles(seen: Seen) -> Iterator[Wrong]:
    for role in ROLES:
        if role not in seen.faults:
            login = "NOLOGIN" if role in LOGINLESS else "LOGIN"
            create = f"CREATE ROLE {role} {login} {'NOINHERIT' if role == APP else 'INHERIT'}"
            # Another database of this server may be prepared in this very moment.
            also = "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL"
            yield Wrong(f"role {role}: there is none", (f"DO $$ BEGIN {create}; {also}; END $$",))
        elif seen.faults[role]:
            off = " ".join(f"NO{word}" for word in seen.faults[role])
            yield Wrong(f"role {role}: it has {', '.join(seen.faults[role])}", (f"ALTER ROLE {role} {off}",))
    for owner in sorted(set(seen.owners.values()) & set(ROLES)):
        yield Wrong(f"role {owner}: it owns tables; give them to another (REASSIGN OWNED)")


def _memberships(seen: Seen) -> Iterator[Wrong]:
    """Whoever owns the tables may alter their policies anyway: he has all roles, so that a migration that
    copies rows sees them, and a deployment with one login works as before."""
    missing = {(SYSTEM, APP)} - seen.members
    missing |= {(role, owner) for owner in seen.plain - set(ROLES) for role in ROLES} - seen.inheriting
    for role, member in sorted(missing):
        yield Wrong(f"role {member}: not a member of {role}", (f'GRANT {role} TO "{member}"',))


def _grants(seen: Seen, table: str) -> Iterator[Wrong]:
    wanted = {(role, verb) for role in ROLES for verb in granted(table, role)}
    present = {(role, verb) for one, role, verb in seen.grants if one == table}
    for role, verbs in _by_role(present - wanted):
        revoke = f"REVOKE {verbs} ON {table} FROM {role}"
        # With a right to the table PostgreSQL takes away those to its columns.
        again = ", ".join(sorted(verb for one, verb in wanted if one == role and "(" in verb))
        grant = (f"GRANT {again} ON {table} TO {role}",) if again else ()
        yield Wrong(f"table {table}: {role} has {verbs}", (revoke, *grant))
    for role, verbs in _by_role(wanted - present):
        yield Wrong(f"table {table}: {role} lacks {verbs}", (f"GRANT {verbs} ON {table} TO {role}",))


def _by_role(pairs: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    verbs: dict[str, list[str]] = defaultdict(list)
    for role, verb in sorted(pairs):
        verbs[role].append(verb)
    for role, several in verbs.items():
        yield role, ", ".join(several)


def _row_security(seen: Seen, table: str) -> Iterator[Wrong]:
    of_a_lender = ACCESS[table].rows is not None
    if of_a_lender and table not in seen.secured:
        on = f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"
        yield Wrong(f"table {table}: row-level security is not forced", (on,))
    if table in seen.secured and not of_a_lender:
        off = f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY"
        yield Wrong(f"table {table}: row-level security, and it is of no lender", (off,))


def _policies(seen: Seen, table: str) -> Iterator[Wrong]:
    rows = ACCESS[table].rows
    wanted: dict[str, str] = {}
    if rows is not None:
        for name, roles in _POLICIES.items():
            seeing = rows if APP in roles else "true"
            wanted[name] = f"TO {', '.join(roles)} USING ({seeing}) WITH CHECK ({seeing})"
    present = {name: written for (one, name), written in seen.policies.items() if one == table}
    for name, sql in wanted.items():
        digest = hashlib.sha256(sql.encode()).hexdigest()[:16]
        if present.get(name) != digest:
            drop = (f"DROP POLICY {name} ON {table}",) if name in present else ()
            comment = f"COMMENT ON POLICY {name} ON {table} IS '{digest}'"
            create = f"CREATE POLICY {name} ON {table} {sql}"
            yield Wrong(f"table {table}: without this release's policy {name}", (*drop, create, comment))
    for name in sorted(present.keys() - wanted):
        yield Wrong(f"table {table}: a policy {name} that is not ours", (f'DROP POLICY "{name}" ON {table}',))
