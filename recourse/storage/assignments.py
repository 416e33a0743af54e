"""Who is in which arm of an experiment. Written once: what is stored wins over any file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert

from recourse.domain.ids import LoanId, PersonId
from recourse.domain.strategy.experiment import UnitKind
from recourse.storage.database import Tx
from recourse.storage.sql import among, rows_among
from recourse.storage.tables import assignment, loan_party

UnitKey = tuple[str, UnitKind, str]
"""(experiment, kind, id of the person or loan)."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """strategy: `id@version`. shares: of all arms, as they were when it was dealt. inherited: taken from a
    loan of the person that was assigned while he was not known."""

    arm: str
    strategy: str
    shares: Mapping[str, int]
    inherited: bool = False


_KEY = (assignment.c.experiment, assignment.c.unit_kind, assignment.c.unit_id)
_VALUE = (assignment.c.arm, assignment.c.strategy, assignment.c.shares, assignment.c.inherited)


async def stored(tx: Tx, keys: Iterable[UnitKey]) -> dict[UnitKey, Assignment]:
    wanted = sorted(set(keys))
    rows = await tx.execute(select(*_KEY, *_VALUE).where(rows_among(_KEY, wanted)))
    return {(e, UnitKind(kind), unit): Assignment(*value) for e, kind, unit, *value in rows}


async def of_loans(tx: Tx, people: Iterable[PersonId]) -> dict[tuple[str, PersonId], Assignment]:
    """By experiment and borrower: the oldest assignment of one of his loans."""
    his = (assignment.c.unit_kind == UnitKind.LOAN) & (assignment.c.unit_id == loan_party.c.loan_id)
    rows = await tx.execute(
        select(assignment.c.experiment, loan_party.c.person_id, *_VALUE)
        .join(loan_party, his)
        .where(among(loan_party.c.person_id, people), loan_party.c.role == "borrower")
        .order_by(assignment.c.at.desc(), assignment.c.unit_id.desc())
    )
    return {(e, PersonId(person)): Assignment(*value) for e, person, *value in rows}


async def add(tx: Tx, new: Mapping[UnitKey, Assignment], at: datetime) -> None:
    """Who is assigned already stays where he is."""
    if new:
        rows = [
            {
                "experiment": experiment,
                "unit_kind": kind,
                "unit_id": unit,
                "arm": value.arm,
                "strategy": value.strategy,
                "shares": dict(value.shares),
                "inherited": value.inherited,
                "at": at,
            }
            for (experiment, kind, unit), value in sorted(new.items())
        ]
        await tx.execute(upsert(assignment).on_conflict_do_nothing(), rows)


async def borrowers(tx: Tx, loan_ids: Sequence[LoanId]) -> dict[LoanId, PersonId]:
    rows = await tx.execute(
        select(loan_party.c.loan_id, loan_party.c.person_id).where(
            among(loan_party.c.loan_id, loan_ids), loan_party.c.role == "borrower"
        )
    )
    return {LoanId(loan_id): PersonId(person) for loan_id, person in rows}
