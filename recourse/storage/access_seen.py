"""Roles, grants and policies as a database has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, text

from recourse.storage.tables.access import APP, ROLES

LOGINLESS: Final = frozenset({"recourse_system"})
_POWERS: Final = {
    "rolsuper": "SUPERUSER",
    "rolbypassrls": "BYPASSRLS",
    "rolcreaterole": "CREATEROLE",
    "rolcreatedb": "CREATEDB",
}
_ROLES: Final = """
SELECT rolname, rolcanlogin, rolinherit, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb
FROM pg_roles WHERE rolname = ANY (:roles)
"""
_TABLES: Final = """
SELECT c.relname, r.rolname AS owner, r.rolsuper, c.relrowsecurity AND c.relforcerowsecurity AS secured
FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner
WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
"""
_MEMBERS: Final = """
SELECT r.rolname, m.rolname, pg_has_role(m.oid, r.oid, 'USAGE')
FROM pg_auth_members a JOIN pg_roles r ON r.oid = a.roleid JOIN pg_roles m ON m.oid = a.member
WHERE r.rolname = ANY (:roles)
"""
_GRANTS: Final = """
SELECT c.relname, coalesce(r.rolname, 'public'), a.privilege_type
FROM pg_class c CROSS JOIN aclexplode(c.relacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND a.grantee <> c.relowner
  AND (a.grantee = 0 OR r.rolname = ANY (:roles))
UNION ALL
SELECT c.relname, coalesce(r.rolname, 'public'), a.privilege_type || ' (' || t.attname || ')'
FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid CROSS JOIN aclexplode(t.attacl) a
  LEFT JOIN pg_roles r ON r.oid = a.grantee
WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND NOT t.attisdropped
  AND a.grantee <> c.relowner AND (a.grantee = 0 OR r.rolname = ANY (:roles))
"""
"""To tables, and to single columns."""
_POLICIES: Final = """
SELECT c.relname, p.polname, coalesce(obj_description(p.oid, 'pg_policy'), '') AS signed,
  md5(concat_ws('|', p.polcmd, p.polpermissive, pg_get_expr(p.polqual, p.polrelid),
    pg_get_expr(p.polwithcheck, p.polrelid),
    (SELECT string_agg(r::regrole::text, ',' ORDER BY r::regrole::text) FROM unnest(p.polroles) r))) AS made
FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid WHERE c.relnamespace = 'public'::regnamespace
"""
"""made: a digest of what the server made of it."""


@dataclass(frozen=True, slots=True)
class Seen:
    """faults: role -> attributes it must not have. owners: table -> its owner. plain: owners that are no
    superusers. members: (role, member), inheriting: those that have the role's rights without assuming it.
    grants: (table, role, verb), a verb for one column with its name. policies: (table, name) -> the digest of
    what we wrote, or None where the policy is another one by now."""

    faults: dict[str, list[str]]
    owners: dict[str, str]
    plain: frozenset[str]
    members: frozenset[tuple[str, str]]
    inheriting: frozenset[tuple[str, str]]
    grants: frozenset[tuple[str, str, str]]
    secured: frozenset[str]
    policies: dict[tuple[str, str], str | None]


def look(connection: Connection) -> Seen:
    def rows(statement: str) -> list[Any]:
        given = {"roles": list(ROLES)} if ":roles" in statement else {}
        return list(connection.execute(text(statement), given))

    tables, members = rows(_TABLES), rows(_MEMBERS)
    return Seen(
        faults={row.rolname: _faults(row) for row in rows(_ROLES)},
        owners={row.relname: row.owner for row in tables},
        plain=frozenset(row.owner for row in tables if not row.rolsuper),
        members=frozenset((role, member) for role, member, _ in members),
        inheriting=frozenset((role, member) for role, member, inherits in members if inherits),
        grants=frozenset((table, role, verb) for table, role, verb in rows(_GRANTS)),
        secured=frozenset(row.relname for row in tables if row.secured),
        policies={(row.relname, row.polname): _written(row) for row in rows(_POLICIES)},
    )


def sign_policies(connection: Connection) -> None:
    """The comment of a policy is the digest of what we wrote; put that of what the server made of it after
    it, so that one who alters the policy is found."""
    for row in connection.execute(text(_POLICIES)).all():
        if row.signed and " " not in row.signed:
            comment = f"COMMENT ON POLICY {row.polname} ON {row.relname} IS '{row.signed} {row.made}'"
            connection.execute(text(comment))


def _written(row: Any) -> str | None:
    ours, _, made = row.signed.partition(" ")
    return ours if made == row.made else None


def _faults(row: Any) -> list[str]:
    found = [word for column, word in _POWERS.items() if getattr(row, column)]
    found += ["LOGIN"] if row.rolcanlogin and row.rolname in LOGINLESS else []
    # It would see with its own rights what it is to see only when it assumes the other role.
    return found + (["INHERIT"] if row.rolinherit and row.rolname == APP else [])
