"""Cases as lists and as one case with its diary. Opaque ids and codes only; people stand in the dossier."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select

from recourse.domain.ids import CaseId
from recourse.domain.law.hours import local_date
from recourse.domain.situation import Hold
from recourse.storage import (
    agreements,
    consents,
    disputes,
    facts,
    money_agreements,
    permits,
    restrictions,
    tasks,
)
from recourse.storage.cases import CaseRow, get
from recourse.storage.consents import ConsentRow
from recourse.storage.database import ReadTx
from recourse.storage.tables import collection_case, fact, loan, loan_party, step


@dataclass(frozen=True, slots=True)
class CaseLine:
    """dpd: today's, computed from the oldest unpaid due date; bucket: as of the last decision."""

    id: str
    loan_id: str
    stage: str
    bucket: str
    dpd: int
    unpaid_minor: int
    currency: str
    next_step: str | None
    next_at: str | None
    opened_at: datetime
    closed_reason: str | None


async def listing(
    tx: ReadTx, now: datetime, *, open_only: bool = True, stage: str | None = None, limit: int = 100
) -> list[CaseLine]:
    """Newest first. now: business time."""
    c = collection_case.c
    statement = select(
        c.id,
        c.loan_id,
        c.stage,
        c.bucket,
        loan.c.oldest_due,
        loan.c.unpaid_minor,
        loan.c.currency,
        func.coalesce(c.plan["step_id"].astext, c.plan["reason"].astext),
        c.plan["due_at"].astext,
        c.opened_at,
        c.closed_reason,
        loan.c.zone,
    ).join(loan, loan.c.id == c.loan_id)
    if open_only:
        statement = statement.where(c.closed_at.is_(None))
    if stage is not None:
        statement = statement.where(c.stage == stage)
    rows = await tx.execute(statement.order_by(c.opened_at.desc(), c.id).limit(limit))
    return [_line(*row, now=now) for row in rows]


async def of_id(tx: ReadTx, key: CaseId) -> CaseId | None:
    """The case with this id, or the newest one of the loan with this id."""
    c = collection_case.c
    found = select(c.id).where((c.id == key) | (c.loan_id == key)).order_by(c.opened_at.desc()).limit(1)
    one = (await tx.execute(found)).scalar()
    return CaseId(one) if one is not None else None


async def currency_of(tx: ReadTx, key: CaseId) -> str:
    """Of its loan. Raises LookupError for a case that there is none of."""
    c = collection_case.c
    asked = select(loan.c.currency).join(collection_case, c.loan_id == loan.c.id).where(c.id == key)
    found = (await tx.execute(asked)).scalar()
    if found is None:
        raise LookupError("case")
    return str(found)


def _line(
    case_id: str, loan_id: str, stage: str, bucket: str, oldest_due: date | None, *rest: Any, now: datetime
) -> CaseLine:
    """The row with its date turned into days past due at the lender's place."""
    *kept, zone = rest
    dpd = max((local_date(now, zone) - oldest_due).days, 0) if oldest_due else 0
    return CaseLine(case_id, loan_id, stage, bucket, dpd, *kept)


@dataclass(frozen=True, slots=True)
class DiaryLine:
    """One recorded step with its reason. at: business time."""

    id: int
    at: datetime
    event: str
    step_id: str | None
    outcome: str | None
    code: str | None
    reason: str
    source: str | None
    opens_at: datetime | None
    actor: str | None
    packs: str
    strategy: str


@dataclass(frozen=True, slots=True)
class CaseView:
    case: CaseRow
    diary: list[DiaryLine]
    holds: list[dict[str, Any]]
    promises: list[dict[str, Any]]
    tasks: list[str]
    facts: int
    ceases: list[dict[str, Any]]
    """What somebody on the loan asked us to stop."""
    permits: list[dict[str, Any]]
    """For what cannot be taken back, oldest first. owed: the recall is not acknowledged yet."""
    restrictions: list[dict[str, Any]]
    """What somebody on the loan told us about being contacted, where it is in force."""
    agreed_anew: list[dict[str, Any]] = field(default_factory=list)
    """What somebody agreed to after he had asked us to stop it: free again on that contact point."""
    agreements: list[dict[str, Any]] = field(default_factory=list)
    disputes: list[dict[str, Any]] = field(default_factory=list)
    limitation: list[dict[str, Any]] = field(default_factory=list)
    """Until when the claim can be enforced (`recourse.service.limiting`); empty where it is not known."""


async def show(tx: ReadTx, case_id: CaseId) -> CaseView | None:
    case = await get(tx, case_id)
    if case is None:
        return None
    named = select(loan_party.c.person_id).where(loan_party.c.loan_id == case.loan_id)
    people = list((await tx.execute(named)).scalars())
    held = await agreements.HOLDS.of(tx, loans=[case.loan_id], people=list(people))
    promises = (await agreements.PROMISES.of(tx, cases=[case_id])).get(case_id, [])
    active = await tasks.active_of(tx, case_id)
    seen = (
        select(func.count())
        .select_from(fact)
        .where(fact.c.loan_id == case.loan_id, fact.c.case_id == case_id)  # the index is by loan
    )
    ceases = await facts.ceases_of(tx, people)
    return CaseView(
        case=case,
        diary=await diary(tx, case_id),
        holds=[_hold(row.hold) for row in held],
        promises=[
            {"id": p.id, "amount_minor": p.amount_minor, "due_on": p.due_on, "state": p.state.value}
            for p in promises
        ],
        tasks=[task.id for task in active],
        facts=(await tx.execute(seen)).scalar_one(),
        ceases=ceases,
        agreed_anew=[
            consents.told(row)
            for row in await consents.of_people(tx, people)
            if row.withdrawn_at is None and _stopped(row, ceases)
        ],
        permits=[
            {
                "id": p.id,
                "kind": p.kind.value,
                "state": p.state.value,
                "recall_code": p.recall_code,
                "owed": p.owed,
            }
            for p in await permits.of_case(tx, case_id)
        ],
        agreements=[asdict(row) for row in await money_agreements.listing(tx, case_id=case_id)],
        disputes=[asdict(row) for row in await disputes.of_loan(tx, case.loan_id)],
        restrictions=[
            restrictions.told(row)
            for row in await restrictions.of_people(tx, people)
            if row.withdrawn_at is None
        ],
    )


def _stopped(row: ConsentRow, ceases: list[dict[str, Any]]) -> bool:
    return any(row.person_id == one["person_id"] and row.channel in one["channels"] for one in ceases)


def _hold(hold: Hold) -> dict[str, Any]:
    """stops: what was named besides what the law packs say for the reason."""
    known = {"id": hold.id, "reason": hold.reason.value, "since": hold.since, "until": hold.until}
    return known | {"stops": sorted(hold.stops), "source": hold.source, "asked_by": hold.asked_by}


async def diary(tx: ReadTx, case_id: CaseId) -> list[DiaryLine]:
    """Oldest first."""
    columns = [step.c[name] for name in DiaryLine.__dataclass_fields__]
    rows = await tx.execute(select(*columns).where(step.c.case_id == case_id).order_by(step.c.id))
    return [DiaryLine(*row) for row in rows]
