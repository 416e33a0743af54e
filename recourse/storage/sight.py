"""Whose rows a transaction sees: a role of the database and lenders, both for the length of the transaction.

Always transaction-local: a connection that goes back to its pool, or that a pooler gives to somebody else
after a commit, has forgotten both.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import TextClause, text

from recourse.domain.ids import LoanId, PersonId
from recourse.storage.tables.access import APP, SEALER, SYSTEM, TENANT


@dataclass(frozen=True, slots=True)
class Sight:
    """role: assumed in the transaction. lenders: whose rows it may see, where the role does not see all.
    strict: refuse to work where the role cannot be assumed; else the login's own rights count."""

    role: str
    lenders: tuple[str, ...] = ()
    strict: bool = False


NOBODYS: Final = Sight(APP, strict=True)
"""What one sees who says nothing: no row of any lender."""
EVERY_LENDERS: Final = Sight(SYSTEM)
"""For the processes: caps, holds and locks of a person count over all loans, whoever lends. Given in
`recourse.app.compose` and where a use case holds its locks (`Unit`), nowhere else."""
LEDGERS: Final = Sight(SEALER)


def of_lenders(names: Iterable[str]) -> Sight:
    return Sight(APP, tuple(sorted(set(names))), strict=True)


_CALLED_UP: Final = (
    "(SELECT rolname::text FROM pg_roles WHERE rolname = :role AND pg_has_role(oid, 'MEMBER'))"
)
SETTINGS: Final = (
    f"set_config('{TENANT}', CAST(CAST(:lenders AS text[]) AS text), true), "
    f"set_config('role', coalesce({_CALLED_UP}, :otherwise), true)"
)
"""Part of the first statement of every transaction; takes what `values` gives. Who logs in as another user
than the roles' members (before `recourse db roles`, or a superuser of before) keeps his own rights."""


def values(sight: Sight) -> dict[str, object]:
    otherwise = sight.role if sight.strict else "none"  # to assume it then fails, and nothing is read
    return {"role": sight.role, "lenders": list(sight.lenders), "otherwise": otherwise}


_WIDEN: Final = (
    "SELECT set_config('role', CASE WHEN (SELECT count(*) FROM loan WHERE id = ANY (CAST(:loans AS text[]))) "
    "+ (SELECT count(*) FROM party WHERE id = ANY (CAST(:people AS text[]))) = :wanted "
    "THEN CAST(:system AS text) ELSE current_setting('role') END, true)"
)


def widening(loans: Iterable[LoanId], people: Iterable[PersonId]) -> tuple[TextClause, dict[str, object]]:
    """From here on the transaction sees every lender's rows, if it sees all of these now; the statement
    answers with the role it has then."""
    named: dict[str, object] = {"loans": sorted(set(loans)), "people": sorted(set(people))}
    wanted = len(set(loans)) + len(set(people))
    return text(_WIDEN), named | {"wanted": wanted, "system": SYSTEM}
