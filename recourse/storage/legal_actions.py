"""Moves of legal actions, what runs out, what they cost and bring. Moves and entries are only ever added."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import RowMapping, case, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from recourse.domain.ids import CaseId, LoanId
from recourse.domain.legal.action import LegalAction, Made, Running
from recourse.domain.legal.procedure import Whose
from recourse.domain.legal.terms import SaleTerms
from recourse.domain.pending import LegalDue, LegalStand
from recourse.storage.database import ReadTx, Tx
from recourse.storage.sql import among, among_given
from recourse.storage.tables import collection_case, installment, legal_deadline, legal_move, loan, rule_set
from recourse.storage.together import Part


@dataclass(frozen=True, slots=True)
class MoveRow:
    """on: a day at the lender's place, which began at `occurred_at`. at: when it was recorded, business time.
    documents: kind of paper -> its id. known: what else the answer rested on. status_id: of the desk's report
    that it came by. terms: what was told with it, as JSON."""

    id: str
    loan_id: LoanId
    case_id: CaseId
    number: int
    code: str
    track: str
    state: str
    on: date
    occurred_at: datetime
    gives: str | None
    means: str | None
    documents: Mapping[str, str]
    procedure: str
    rules_digest: str
    source: str
    mark: str
    actor: str
    at: datetime
    known: Mapping[str, Any]
    request_id: str
    status_id: str | None = None
    terms: Mapping[str, Any] | None = None

    @property
    def made(self) -> Made:
        return Made(self.code, self.track, self.state, self.on, self.gives, self.sale)

    @property
    def sale(self) -> SaleTerms | None:
        return _SALE.validate_python(self.terms) if self.terms is not None else None


@dataclass(frozen=True, slots=True)
class DeadlineRow:
    """ends_on: the last day. warn_at, ends_at: when people are told, and the first moment after it."""

    id: str
    loan_id: LoanId
    case_id: CaseId
    number: int
    code: str
    whose: str
    ends_on: date
    warn_on: date
    warn_at: datetime
    ends_at: datetime
    ended_by: Sequence[str]
    source: str
    mark: str
    met_on: date | None = None

    @property
    def running(self) -> Running:
        return Running(
            self.code,
            self.number,
            Whose(self.whose),
            self.ends_on,
            self.warn_on,
            frozenset(self.ended_by),
            self.met_on,
        )

    @property
    def state(self) -> str:
        """met, late, or running; whether a running one was missed is a matter of today."""
        if self.met_on is None:
            return "running"
        return "met" if self.met_on <= self.ends_on else "late"


_SALE: TypeAdapter[SaleTerms] = TypeAdapter(SaleTerms)
_A_DAY = timedelta(days=1)
_MOVES = [legal_move.c[name] for name in MoveRow.__dataclass_fields__]
_DEADLINES = [legal_deadline.c[name] for name in DeadlineRow.__dataclass_fields__]


async def moves_of(tx: Tx | ReadTx, case_id: CaseId) -> list[MoveRow]:
    """In the order they were made."""
    mine = select(*_MOVES).where(legal_move.c.case_id == case_id).order_by(legal_move.c.number)
    return [MoveRow(**row) for row in (await tx.execute(mine)).mappings()]


async def deadlines_of(tx: Tx | ReadTx, case_id: CaseId) -> list[DeadlineRow]:
    """Running and ended, in the order they were started."""
    c = legal_deadline.c
    mine = select(*_DEADLINES).where(c.case_id == case_id).order_by(c.number, c.code)
    return [_deadline(row) for row in (await tx.execute(mine)).mappings()]


def _deadline(mapping: RowMapping) -> DeadlineRow:
    return DeadlineRow(**mapping)


def action_of(moves: Iterable[MoveRow], deadlines: Iterable[DeadlineRow]) -> LegalAction:
    return LegalAction(tuple(row.made for row in moves), tuple(row.running for row in deadlines))


async def by_request(tx: Tx | ReadTx, request_id: str) -> MoveRow | None:
    row = (await tx.execute(select(*_MOVES).where(legal_move.c.request_id == request_id))).mappings().first()
    return MoveRow(**row) if row else None


async def add_move(tx: Tx, row: MoveRow) -> None:
    await tx.execute(
        insert(legal_move).values({name: getattr(row, name) for name in MoveRow.__dataclass_fields__})
    )


async def keep_procedure(tx: Tx, digest: str, rules: Mapping[str, Any]) -> None:
    """Once each, so that a move can be judged again by the rules of its day."""
    await tx.execute(upsert(rule_set).values(digest=digest, rules=rules).on_conflict_do_nothing())


async def start(tx: Tx, rows: Iterable[DeadlineRow]) -> None:
    values = [{name: getattr(row, name) for name in DeadlineRow.__dataclass_fields__} for row in rows]
    if values:
        await tx.execute(insert(legal_deadline), values)


async def end(tx: Tx, keys: Iterable[str], met_on: date) -> None:
    c = legal_deadline.c
    await tx.execute(
        update(legal_deadline).where(among(c.id, keys), c.met_on.is_(None)).values(met_on=met_on)
    )


def _due(rows: Iterable[Any]) -> dict[CaseId, list[LegalDue]]:
    found: dict[CaseId, list[LegalDue]] = defaultdict(list)
    for case_id, *values in rows:
        found[case_id].append(LegalDue(*values))
    return found


DUE = Part(
    select(
        legal_deadline.c.case_id,
        legal_deadline.c.id,
        legal_deadline.c.whose,
        legal_deadline.c.warn_at,
        legal_deadline.c.ends_at,
    )
    .where(among_given(legal_deadline.c.case_id, "cases"), legal_deadline.c.met_on.is_(None))
    .order_by(legal_deadline.c.ends_at, legal_deadline.c.id),
    _due,
)
"""Of each of `cases`, what no move has ended, missed or not, the soonest first."""


def _stands(rows: Iterable[Any]) -> dict[CaseId, list[LegalStand]]:
    found: dict[CaseId, list[LegalStand]] = defaultdict(list)
    for case_id, number, code, track, state, on, planned in rows:
        day = date.fromisoformat(planned) if planned else None
        found[case_id].append(LegalStand(number, code, track, state, on, day))
    return found


STANDS = Part(
    select(
        legal_move.c.case_id,
        legal_move.c.number,
        legal_move.c.code,
        legal_move.c.track,
        legal_move.c.state,
        legal_move.c.on,
        legal_move.c.terms["day"].astext.label("planned"),
    )
    .where(among_given(legal_move.c.case_id, "cases"))
    .order_by(legal_move.c.case_id, legal_move.c.number),
    _stands,
)
"""The moves of each of `cases`, in their order."""


async def running(tx: ReadTx, until: datetime, limit: int) -> list[DeadlineRow]:
    """Of open cases: whose last day begins before then, and what was missed, the soonest first."""
    c = legal_deadline.c
    mine = (
        select(*_DEADLINES)
        .join(collection_case, collection_case.c.id == c.case_id)
        .where(c.met_on.is_(None), c.ends_at <= until + _A_DAY, collection_case.c.closed_at.is_(None))
    )
    return [
        _deadline(row) for row in (await tx.execute(mine.order_by(c.ends_on, c.id).limit(limit))).mappings()
    ]


async def newest(tx: ReadTx, limit: int) -> list[tuple[CaseId, LoanId, date]]:
    """Cases with a legal action, the one that moved last first: case, loan, day of the last move."""
    c = legal_move.c
    last = func.max(c.at)
    rows = await tx.execute(
        select(c.case_id, c.loan_id, func.max(c.on))
        .group_by(c.case_id, c.loan_id)
        .order_by(last.desc())
        .limit(limit)
    )
    return [(CaseId(case_id), LoanId(loan_id), on) for case_id, loan_id, on in rows]


async def paid_part(tx: Tx | ReadTx, loan_id: LoanId, today: date) -> Fraction | None:
    """The part of the whole price that was paid: without what is unpaid of the installments that were due,
    and without those to come. None where no contract names a price or no schedule is known. A schedule that
    leaves installments out makes it larger, never smaller."""
    price: int | None = (
        await tx.execute(select(loan.c.contract["price_minor"]).where(loan.c.id == loan_id))
    ).scalar_one()
    c = installment.c
    owed = case((c.due_date > today, c.due_minor), else_=c.unpaid_minor)
    [(known, owed_minor)] = await tx.execute(
        select(func.count(), func.coalesce(func.sum(owed), 0)).where(c.loan_id == loan_id)
    )
    return Fraction(max(price - int(owed_minor), 0), price) if price and known else None
