"""Legal actions for screens: where one stands, what may follow and what it takes, what runs out, what it
cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from recourse.domain.ids import CaseId
from recourse.domain.law.hours import local_date
from recourse.domain.legal.action import Asked, LegalAction, MoveRefusal, NotMade, follows, may
from recourse.domain.legal.amounts import Totals, totals
from recourse.domain.legal.procedure import LegalMove, Procedure
from recourse.packs.loader import PackBook
from recourse.storage import cases, legal_actions, legal_entries, people
from recourse.storage.database import Database, ReadTx
from recourse.storage.ledger import loans
from recourse.storage.legal_actions import DeadlineRow, MoveRow
from recourse.storage.legal_entries import EntryRow


class NoSuchCase(LookupError):
    """The text says where to look."""


@dataclass(frozen=True, slots=True)
class Next:
    """A move that the state lets follow. refused: what is against it today, besides papers; empty for
    nothing. terms: what has to be told with it. The gate and the permits (`begins`) are asked when it is
    made."""

    code: str
    title_en: str
    title_zh: str
    documents: tuple[str, ...]
    begins: str | None
    refused: str
    missing: tuple[str, ...]
    opens_on: date | None
    source: str
    mark: str
    terms: str | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """today: at the lender's place. states: of each track that was begun."""

    case_id: str
    loan_id: str
    procedure: str
    now: datetime
    today: date
    states: dict[str, str]
    moves: Sequence[MoveRow]
    deadlines: Sequence[DeadlineRow]
    following: Sequence[Next]
    entries: Sequence[EntryRow]
    totals: Totals
    currency: str

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        sums = {"costs_minor": self.totals.costs_minor, "recovered_minor": self.totals.recovered_minor}
        by_kind = dict(self.totals.by_kind)
        return {
            **{name: getattr(self, name) for name in ("case_id", "loan_id", "procedure", "today", "states")},
            "moves": [asdict(row) for row in self.moves],
            "deadlines": [asdict(row) | {"state": state_of(row, self.now)} for row in self.deadlines],
            "next": [asdict(row) for row in self.following],
            "entries": [asdict(row) for row in self.entries],
            "totals": sums
            | {"net_minor": self.totals.net_minor, "by_kind": by_kind, "currency": self.currency},
        }


def state_of(row: DeadlineRow, now: datetime) -> str:
    """met, late, running, missed (one of ours) or over (somebody else's)."""
    if row.met_on is not None or now < row.ends_at:
        return row.state
    return "missed" if row.whose == "ours" else "over"


async def shown(database: Database, tx: ReadTx, book: PackBook, case_id: str) -> Shown:
    """Raises NoSuchCase."""
    case = await cases.get(tx, CaseId(case_id))
    if case is None:
        raise NoSuchCase("case: there is none of this id; list them with `recourse cases list`")
    loan = (await loans(tx, [case.loan_id]))[case.loan_id]
    now = await database.now(tx)
    today = local_date(now, loan.zone)
    region = (await people.borrower_regions(tx, [loan.id])).get(loan.id) or loan.region
    procedure = book.procedure(region)
    moves = await legal_actions.moves_of(tx, case.id)
    deadlines = await legal_actions.deadlines_of(tx, case.id)
    action = legal_actions.action_of(moves, deadlines)
    entries = await legal_entries.of_case(tx, case.id)
    paid = await legal_actions.paid_part(tx, loan.id, today)
    possible = [move for move in procedure.moves if move.in_force(today) and follows(move, action)]
    return Shown(
        case.id,
        loan.id,
        procedure.name,
        now,
        today,
        action.states(),
        moves,
        deadlines,
        [
            _next(procedure, action, move, Asked(move.code, today, today, move.documents, paid))
            for move in possible
        ],
        entries,
        totals(row.entry for row in entries),
        loan.currency,
    )


def _next(procedure: Procedure, action: LegalAction, move: LegalMove, asked: Asked) -> Next:
    found = may(procedure, action, asked)
    why = found if isinstance(found, NotMade) and found.code != MoveRefusal.TERMS_MISSING else NotMade("")
    begins = move.begins.value if move.begins is not None else None
    return Next(
        move.code,
        move.title_en,
        move.title_zh,
        tuple(sorted(move.documents)),
        begins,
        why.code,
        why.missing,
        why.opens_on,
        move.source.title,
        move.source.mark.value,
        move.terms.value if move.terms is not None else None,
    )


@dataclass(frozen=True, slots=True)
class Listed:
    case_id: str
    loan_id: str
    states: dict[str, str]
    last_on: date
    next_deadline: str | None
    ends_on: date | None


async def listing(tx: ReadTx, limit: int) -> list[Listed]:
    """Cases with a legal action, the one that moved last first."""
    found = []
    for case_id, loan_id, last_on in await legal_actions.newest(tx, limit):
        action = legal_actions.action_of(await legal_actions.moves_of(tx, case_id), ())
        running = [row for row in await legal_actions.deadlines_of(tx, case_id) if row.met_on is None]
        soonest = min(running, key=lambda row: row.ends_on, default=None)
        code, ends_on = (soonest.code, soonest.ends_on) if soonest is not None else (None, None)
        found.append(Listed(case_id, loan_id, action.states(), last_on, code, ends_on))
    return found
