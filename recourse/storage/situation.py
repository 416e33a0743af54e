"""Gathering the frozen `Situation` of a case under the locks its caller holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from recourse.domain.ids import CaseId, ContactPointId, LoanId, PersonId
from recourse.domain.situation import (
    Case,
    Channel,
    ContactPoint,
    Party,
    PartyRole,
    Situation,
    Stage,
)
from recourse.storage import agreements, attempts, cases, ledger, steps, tasks
from recourse.storage.cases import CaseRow
from recourse.storage.database import ReadTx, Tx
from recourse.storage.ledger import LoanRow
from recourse.storage.tables import contact_point as point_table
from recourse.storage.tables import (
    legal_action,
    legal_status,
    loan_party,
    party,
    person_contact_point,
    vehicle,
)

CONCLUDING = ("enforced", "recovered", "withdrawn", "concluded")
"""Statuses of the legal desk after which nothing is left to collect on this case."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """The situation with the rows it came from. borrower_region decides the law together with the loan's."""

    situation: Situation
    case: CaseRow
    loan: LoanRow
    borrower_region: str


async def gather(tx: Tx | ReadTx, case_key: CaseId, now: datetime) -> Gathered:
    """Raises LookupError when there is no such case."""
    case = await cases.get(tx, case_key)
    if case is None:
        raise LookupError("case")
    loan = (await ledger.loans(tx, [case.loan_id]))[case.loan_id]
    parties, region = await _parties(tx, case.loan_id, loan)
    people = [p.person_id for p in parties]
    points = [point.id for p in parties for point in p.contact_points]
    situation = Situation(
        case=Case(case.id, case.loan_id, case.episode, case.opened_at, Stage(case.stage), case.closed_reason),
        account=loan.account,
        facts_seen=case.facts_due,
        lender_zone=loan.zone,
        currency=loan.currency,
        parties=parties,
        attempts=await attempts.ledger(tx, people, points, now),
        holds=await agreements.holds_of(tx, case.loan_id, people),
        promises=await agreements.promises_of(tx, case_key),
        steps=await steps.records(tx, case_key),
        tasks=await tasks.active_of(tx, case_key),
        locate_basis=await _locate_basis(tx, case.loan_id),
        legal_concluded=await _legal_concluded(tx, case_key),
    )
    return Gathered(situation, case, loan, region or loan.region)


async def _parties(tx: Tx | ReadTx, loan_id: LoanId, loan: LoanRow) -> tuple[tuple[Party, ...], str | None]:
    rows = (
        await tx.execute(
            select(party.c.id, loan_party.c.role, party.c.zones, party.c.ceased, party.c.region)
            .join(loan_party, loan_party.c.person_id == party.c.id)
            .where(loan_party.c.loan_id == loan_id)
            .order_by(loan_party.c.role, party.c.id)
        )
    ).all()
    points = await _points(tx, [row.id for row in rows])
    parties = tuple(
        Party(
            person_id=PersonId(row.id),
            role=PartyRole(row.role),
            zones=tuple(row.zones) or (loan.zone,),
            contact_points=points.get(row.id, ()),
            ceased=frozenset(Channel(c) for c in row.ceased),
        )
        for row in rows
    )
    region = next((row.region for row in rows if row.role == PartyRole.BORROWER), None)
    return parties, region


async def _points(tx: Tx | ReadTx, people: list[str]) -> dict[str, tuple[ContactPoint, ...]]:
    c = person_contact_point.c
    rows = await tx.execute(
        select(c.person_id, c.contact_point_id, point_table.c.kind, c.consent, c.usable)
        .join(point_table, point_table.c.id == c.contact_point_id)
        .where(c.person_id.in_(people))
        .order_by(c.person_id, c.contact_point_id)
    )
    found: dict[str, list[ContactPoint]] = {}
    for person_id, point_id, kind, consent, usable in rows:
        channels = frozenset(Channel(name) for name in consent if name in set(Channel))
        found.setdefault(person_id, []).append(ContactPoint(ContactPointId(point_id), kind, channels, usable))
    return {person: tuple(points) for person, points in found.items()}


async def _locate_basis(tx: Tx | ReadTx, loan_id: LoanId) -> str | None:
    row = (
        await tx.execute(
            select(vehicle.c.gps_consent_on).where(
                vehicle.c.loan_id == loan_id, vehicle.c.gps_device_id.is_not(None)
            )
        )
    ).first()
    return "consent" if row is not None and row[0] is not None else None


async def _legal_concluded(tx: Tx | ReadTx, case_key: CaseId) -> bool:
    found = await tx.execute(
        select(func.count())
        .select_from(legal_status)
        .join(legal_action, legal_action.c.id == legal_status.c.action_id)
        .where(legal_action.c.case_id == case_key, legal_status.c.status.in_(CONCLUDING))
    )
    return found.scalar_one() > 0
