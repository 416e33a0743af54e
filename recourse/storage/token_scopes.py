"""Which lenders and loans tokens are for, where they are not for all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ARRAY, ColumnElement, ScalarSelect, Text, cast, func, or_, select, update
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.dialects.postgresql import insert as upsert

from recourse.domain.ids import LoanId
from recourse.storage.database import ReadTx, Tx
from recourse.storage.sql import among
from recourse.storage.tables import api_token, loan, token_scope


@dataclass(frozen=True, slots=True)
class Bound:
    """Every loan of these lenders, and these loans."""

    lenders: tuple[str, ...] = ()
    loans: tuple[LoanId, ...] = ()


def lenders_of(actor: ColumnElement[str], *, once: ColumnElement[bool]) -> ScalarSelect[list[str]]:
    """In a statement about tokens: every lender that the actor is for, wholly or with one loan. once: also
    those that it was for."""
    c = token_scope.c
    name = func.coalesce(c.lender, loan.c.lender)
    named = func.array_agg(aggregate_order_by(name.distinct(), name))
    mine = select(func.coalesce(named, cast([], ARRAY(Text)))).select_from(
        token_scope.outerjoin(loan, loan.c.id == c.loan_id)
    )
    return mine.where(c.actor == actor, or_(c.ended_at.is_(None), once)).scalar_subquery()


async def kind_of(tx: Tx | ReadTx, actor: str) -> tuple[str, bool] | None:
    """Role, and whether it is confined; None for an actor without a token."""
    c = api_token.c
    row = (await tx.execute(select(c.role, c.confined).where(c.actor == actor))).first()
    return (row.role, row.confined) if row else None


async def add(tx: Tx, actor: str, bound: Bound, at: datetime) -> None:
    """What is bound already stays as it is."""
    rows = [{"actor": actor, "lender": name, "loan_id": None, "since": at} for name in bound.lenders]
    rows += [{"actor": actor, "lender": None, "loan_id": key, "since": at} for key in bound.loans]
    if rows:
        await tx.execute(upsert(token_scope).on_conflict_do_nothing(), rows)


async def end(tx: Tx, actor: str, bound: Bound, at: datetime) -> int:
    """How many of them were in force."""
    c = token_scope.c
    these = or_(among(c.lender, bound.lenders), among(c.loan_id, bound.loans))
    result = await tx.execute(
        update(token_scope)
        .where(c.actor == actor, c.ended_at.is_(None), these)
        .values(ended_at=at)
        .returning(c.id)
    )
    return len(result.all())


async def of_actor(tx: Tx | ReadTx, actor: str) -> Bound:
    """What is in force, sorted."""
    c = token_scope.c
    rows = (await tx.execute(select(c.lender, c.loan_id).where(c.actor == actor, c.ended_at.is_(None)))).all()
    loans = sorted(LoanId(row.loan_id) for row in rows if row.loan_id is not None)
    return Bound(tuple(sorted(row.lender for row in rows if row.lender is not None)), tuple(loans))


async def covers(tx: Tx | ReadTx, actor: str, loan_id: LoanId) -> bool:
    """Whether the loan is one of this token's: by its lender of today, or by its id."""
    c = token_scope.c
    found = (
        select(c.id)
        .join(loan, or_(c.loan_id == loan.c.id, c.lender == loan.c.lender))
        .where(c.actor == actor, c.ended_at.is_(None), loan.c.id == loan_id)
        .limit(1)
    )
    return (await tx.execute(found)).first() is not None


async def lenders_known(tx: Tx | ReadTx, names: Sequence[str]) -> set[str]:
    """Which of these lenders have a loan here."""
    found: set[str] = set()
    for name in names:
        any_loan = select(loan.c.id).where(loan.c.lender == name).limit(1)
        found |= {name} if (await tx.execute(any_loan)).first() is not None else set()
    return found


async def loans_known(tx: Tx | ReadTx, loans: Iterable[LoanId]) -> set[LoanId]:
    rows = await tx.execute(select(loan.c.id).where(among(loan.c.id, loans)))
    return {LoanId(key) for key in rows.scalars()}
