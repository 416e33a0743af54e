"""Payment plans, settlements, extensions, restructures and waivers, with who proposed and who decided."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import RowMapping, insert, select, update

from recourse.domain.agreements import IN_FORCE, JUDGED, Agreement, AgreementKind, AgreementState, Terms
from recourse.domain.ids import CaseId, LoanId
from recourse.storage.database import ReadTx, Tx
from recourse.storage.sql import among_given
from recourse.storage.tables import agreement
from recourse.storage.together import Part

_TERMS: TypeAdapter[Terms] = TypeAdapter(Terms)
GIVEN = (*sorted(IN_FORCE), AgreementState.KEPT)
LIVE = (*sorted(JUDGED), AgreementState.PROPOSED)


@dataclass(frozen=True, slots=True)
class AgreementRow:
    """beyond: the measures in which it goes beyond what its proposer decides alone. since: when it came into
    force. code: why, where the state alone does not say. cancel_…: of a settlement that was paid, who asked
    first that it be cancelled, and why."""

    id: str
    loan_id: LoanId
    case_id: CaseId
    terms: Terms
    state: AgreementState
    proposed_at: datetime
    proposed_by: str
    proposed_as: str
    beyond: tuple[str, ...]
    authority: str
    decided_at: datetime | None = None
    decided_by: str | None = None
    decided_as: str | None = None
    since: datetime | None = None
    judged_at: datetime | None = None
    code: str | None = None
    cancel_asked_by: str | None = None
    cancel_asked_as: str | None = None
    cancel_asked_at: datetime | None = None
    cancel_code: str | None = None

    @property
    def kind(self) -> AgreementKind:
        return AgreementKind(self.terms.kind)


_COLUMNS = [agreement.c[name] for name in AgreementRow.__dataclass_fields__]


def _live(rows: Iterable[Any]) -> dict[CaseId, list[Agreement]]:
    found: dict[CaseId, list[Agreement]] = defaultdict(list)
    for case_id, key, terms, state, since in rows:
        found[case_id].append(Agreement(key, _TERMS.validate_python(terms), AgreementState(state), since))
    return found


LIVE_AGREEMENTS = Part(
    select(agreement.c.case_id, agreement.c.id, agreement.c.terms, agreement.c.state, agreement.c.since)
    .where(among_given(agreement.c.case_id, "cases"), agreement.c.state.in_(LIVE))
    .order_by(agreement.c.proposed_at, agreement.c.id),
    _live,
)
"""Of each of `cases`, what a decision looks at, the oldest first: none that was declined or cancelled."""


def _row(mapping: RowMapping) -> AgreementRow:
    values = dict(mapping)
    terms, state = _TERMS.validate_python(values["terms"]), AgreementState(values["state"])
    return AgreementRow(**values | {"terms": terms, "state": state, "beyond": tuple(values["beyond"])})


def terms_to_json(terms: Terms) -> Any:
    return _TERMS.dump_python(terms, mode="json")


async def add(tx: Tx, row: AgreementRow) -> None:
    values = {name: getattr(row, name) for name in AgreementRow.__dataclass_fields__}
    own = {"kind": row.kind, "terms": terms_to_json(row.terms), "beyond": list(row.beyond)}
    await tx.execute(insert(agreement).values(values | own))


async def get(tx: Tx | ReadTx, key: str) -> AgreementRow | None:
    row = (await tx.execute(select(*_COLUMNS).where(agreement.c.id == key))).mappings().first()
    return _row(row) if row else None


async def given(tx: Tx | ReadTx, loan_id: LoanId) -> list[Agreement]:
    """All of a loan that are in force or were kept, in whichever case."""
    c = agreement.c
    rows = await tx.execute(
        select(c.id, c.terms, c.state, c.since).where(c.loan_id == loan_id, c.state.in_(GIVEN)).order_by(c.id)
    )
    return [
        Agreement(key, _TERMS.validate_python(terms), AgreementState(state), since)
        for key, terms, state, since in rows
    ]


async def listing(
    tx: Tx | ReadTx,
    *,
    case_id: CaseId | None = None,
    states: Iterable[AgreementState] = (),
    limit: int = 1000,
) -> list[AgreementRow]:
    """The oldest first; of every case, and in every state, where nothing is named."""
    statement = select(*_COLUMNS).order_by(agreement.c.proposed_at, agreement.c.id).limit(limit)
    if case_id is not None:
        statement = statement.where(agreement.c.case_id == case_id)
    if wanted := list(states):
        statement = statement.where(agreement.c.state.in_(wanted))
    return [_row(row) for row in (await tx.execute(statement)).mappings()]


async def decide(
    tx: Tx,
    key: str,
    state: AgreementState,
    *,
    by: str,
    as_role: str,
    at: datetime,
    since: datetime | None = None,
    code: str | None = None,
) -> None:
    """A person's decision. since: of one that is in force from now on."""
    values: dict[str, Any] = {"state": state, "decided_at": at, "decided_by": by, "decided_as": as_role}
    values |= {"since": since} if since is not None else {}
    await tx.execute(update(agreement).where(agreement.c.id == key).values(values | {"code": code}))


async def judge(tx: Tx, key: str, state: AgreementState, at: datetime, code: str) -> None:
    """What the facts decided."""
    values = {"state": state, "judged_at": at, "code": code or None}
    await tx.execute(update(agreement).where(agreement.c.id == key).values(values))


async def ask_to_cancel(tx: Tx, key: str, *, by: str, as_role: str, at: datetime, code: str) -> None:
    """The first of two persons."""
    values = {"cancel_asked_by": by, "cancel_asked_as": as_role, "cancel_asked_at": at, "cancel_code": code}
    await tx.execute(update(agreement).where(agreement.c.id == key).values(values))
