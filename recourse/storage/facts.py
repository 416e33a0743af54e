"""The fact log: append only, one row an event id."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from recourse.domain.facts import Entry
from recourse.domain.ids import CaseId, FactId, LoanId, PersonId
from recourse.storage.codec import BANK_KINDS, entry_from_row
from recourse.storage.database import ReadTx, Tx
from recourse.storage.sql import among, among_given
from recourse.storage.tables import fact, loan


@dataclass(frozen=True, slots=True)
class NewFact:
    """A row for the log. disposition: `applied`, or why nothing followed from it."""

    event_id: str
    kind: str
    occurred_at: datetime
    payload: Any
    loan_id: LoanId | None = None
    person_id: PersonId | None = None
    sequence: int | None = None
    disposition: str = "applied"
    case_id: CaseId | None = None


_KNOWN = select(fact.c.event_id).where(among_given(fact.c.event_id, "events"))
_APPEND = insert(fact).returning(fact.c.id, sort_by_parameter_order=True)
_BANK_ENTRIES = (
    select(fact.c.loan_id, fact.c.event_id, fact.c.occurred_at, fact.c.sequence, fact.c.kind, fact.c.payload)
    .where(among_given(fact.c.loan_id, "loans"), fact.c.kind.in_(BANK_KINDS))
    .order_by(fact.c.id)
)


async def known(tx: Tx, event_ids: Iterable[str]) -> set[str]:
    """Which of these events are in the log already."""
    rows = await tx.execute(_KNOWN, {"events": list(event_ids)})
    return set(rows.scalars())


async def payload_of(tx: Tx | ReadTx, event_id: str) -> Any:
    """What the fact of this id says; None when there is none."""
    return (await tx.execute(select(fact.c.payload).where(fact.c.event_id == event_id))).scalar_one_or_none()


async def ceases_of(tx: ReadTx | Tx, people: Iterable[PersonId]) -> list[dict[str, Any]]:
    """What these people asked us to stop: who, when, which channels, by whom and where it can be read."""
    rows = await tx.execute(
        select(fact.c.person_id, fact.c.occurred_at, fact.c.payload)
        .where(among(fact.c.person_id, people), fact.c.kind == "cease")
        .order_by(fact.c.id)
    )
    return [
        {"person_id": row.person_id, "at": row.occurred_at}
        | {name: row.payload[name] for name in ("channels", "by", "source") if name in row.payload}
        for row in rows
    ]


async def append(tx: Tx, new: Sequence[NewFact]) -> list[FactId]:
    """Write facts in the given order; their ids rise in that order."""
    if not new:
        return []
    rows = [
        {
            "event_id": f.event_id,
            "kind": f.kind,
            "occurred_at": f.occurred_at,
            "payload": f.payload,
            "loan_id": f.loan_id,
            "person_id": f.person_id,
            "sequence": f.sequence,
            "disposition": f.disposition,
            "case_id": f.case_id,
        }
        for f in new
    ]
    result = await tx.execute(_APPEND, rows)
    return [FactId(row) for row in result.scalars()]


async def bank_entries(tx: Tx | ReadTx, loan_ids: Iterable[LoanId]) -> dict[LoanId, list[Entry]]:
    """Every bank fact of the loans, as the fold takes them."""
    rows = await tx.execute(_BANK_ENTRIES, {"loans": list(loan_ids)})
    entries: dict[LoanId, list[Entry]] = defaultdict(list)
    for loan_id, *values in rows:
        entries[LoanId(loan_id)].append(entry_from_row(*values))
    return entries


@dataclass(frozen=True, slots=True)
class NewLoan:
    id: LoanId
    lender: str
    region: str
    currency: str
    zone: str


async def ensure_loans(tx: Tx, loans: Sequence[NewLoan], empty_account: Any) -> None:
    """Create the rows of loans never heard of, so that there is something to lock."""
    if loans:
        await tx.execute(
            upsert(loan).on_conflict_do_nothing(),
            [
                {
                    "id": new.id,
                    "lender": new.lender,
                    "region": new.region,
                    "currency": new.currency,
                    "zone": new.zone,
                    "account": empty_account,
                }
                for new in sorted(loans, key=lambda new: new.id)
            ],
        )
