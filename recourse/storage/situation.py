"""Gathering the frozen `Situation` of a case under the locks its caller holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from recourse.domain.consents import agreed
from recourse.domain.ids import CaseId, ContactPointId, LoanId, PersonId
from recourse.domain.legal.procedure import Meaning
from recourse.domain.restrictions import NO_RESTRICTIONS, Whereabouts
from recourse.domain.situation import (
    Attempt,
    Case,
    Channel,
    ContactPoint,
    Hold,
    Party,
    PartyRole,
    Situation,
    Stage,
)
from recourse.storage import (
    agreements,
    attempts,
    cases,
    consents,
    ledger,
    legal_actions,
    money_agreements,
    proofs,
    restrictions,
    steps,
    tasks,
)
from recourse.storage.cases import CaseRow
from recourse.storage.database import ReadTx, Tx
from recourse.storage.ledger import LoanRow
from recourse.storage.sql import among_given
from recourse.storage.tables import contact_point as point_table
from recourse.storage.tables import (
    legal_action,
    legal_move,
    legal_status,
    loan_party,
    party,
    person_contact_point,
    vehicle,
)

CONCLUDING = ("enforced", "recovered", "withdrawn", "concluded")
"""Statuses of older releases after which nothing is left to collect on this case; today the procedure says
which move is such a one."""

_PARTIES = (
    select(loan_party.c.loan_id, party.c.id, loan_party.c.role, party.c.zones, party.c.ceased, party.c.region)
    .join(loan_party, loan_party.c.person_id == party.c.id)
    .where(among_given(loan_party.c.loan_id, "loans"))
    .order_by(loan_party.c.role, party.c.id)
)
_POINTS = (
    select(
        person_contact_point.c.person_id,
        person_contact_point.c.contact_point_id,
        point_table.c.kind,
        person_contact_point.c.consent,
        person_contact_point.c.usable & person_contact_point.c.listed,
        person_contact_point.c.whereabouts,
    )
    .join(point_table, point_table.c.id == person_contact_point.c.contact_point_id)
    .where(among_given(person_contact_point.c.person_id, "people"))
    .order_by(person_contact_point.c.person_id, person_contact_point.c.contact_point_id)
)
_LOCATABLE = select(vehicle.c.loan_id).where(
    among_given(vehicle.c.loan_id, "loans"),
    func.num_nonnulls(vehicle.c.gps_device_id, vehicle.c.gps_device_sealed) > 0,
    vehicle.c.gps_consent_on.is_not(None),
)
_CONCLUDED = (
    select(legal_action.c.case_id)
    .join(legal_status, legal_status.c.action_id == legal_action.c.id)
    .where(among_given(legal_action.c.case_id, "cases"), legal_status.c.status.in_(CONCLUDING))
    .where(legal_status.c.became.is_(None))
    .union(
        select(legal_move.c.case_id).where(
            among_given(legal_move.c.case_id, "cases"), legal_move.c.means == Meaning.CONCLUDED
        )
    )
)


@dataclass(frozen=True, slots=True)
class Gathered:
    """The situation with the rows it came from. borrower_region decides the law together with the loan's."""

    situation: Situation
    case: CaseRow
    loan: LoanRow
    borrower_region: str


async def gather(tx: Tx | ReadTx, case_key: CaseId, now: datetime) -> Gathered:
    """Raises LookupError when there is no such case."""
    return (await gather_all(tx, [case_key], now))[case_key]


async def gather_all(tx: Tx | ReadTx, keys: Sequence[CaseId], now: datetime) -> dict[CaseId, Gathered]:
    """One statement a table, however many cases: a batch of facts decides all of its cases at once.

    Raises LookupError when there is no such case.
    """
    rows = await cases.by_ids(tx, keys)
    if len(rows) < len(set(keys)):
        raise LookupError("case")
    loan_ids = sorted({row.loan_id for row in rows.values()})
    loans = await ledger.loans(tx, loan_ids)
    on_loans = await _parties(tx, loans)
    people = sorted({p.person_id for group in on_loans.values() for p in group.parties})
    points = sorted({c.id for group in on_loans.values() for p in group.parties for c in p.contact_points})
    attempted = await attempts.ledger(tx, people, points, now)
    held = await agreements.holds_of(tx, loan_ids, people)
    promised = await agreements.promises_of(tx, keys)
    agreed = await money_agreements.live_of(tx, keys)
    proved = await proofs.proofs_of(tx, loan_ids)
    last_due = await proofs.last_due_of(tx, loan_ids)
    done = await steps.records(tx, keys)
    open_tasks = await tasks.active_of(tx, keys)
    with_basis = await _with_locate_basis(tx, loan_ids)
    concluded = await _legal_concluded(tx, keys)
    legal_due = await legal_actions.due_of(tx, keys)
    earlier = await cases.earlier_episodes(tx, rows.values())
    zones = {key: row.zone for key, row in loans.items()}
    warned = await proofs.earlier_notices_of(tx, rows.values(), zones, now)
    touching, binding = _Touching(attempted), _Binding(held)
    found: dict[CaseId, Gathered] = {}
    for key, case in rows.items():
        loan, group = loans[case.loan_id], on_loans.get(case.loan_id, _Group())
        situation = Situation(
            case=Case(
                case.id, case.loan_id, case.episode, case.opened_at, Stage(case.stage), case.closed_reason
            ),
            account=loan.account,
            facts_seen=case.facts_due,
            lender_zone=loan.zone,
            currency=loan.currency,
            parties=group.parties,
            attempts=touching.these(group.parties),
            holds=binding.on(case.loan_id, group.parties),
            promises=tuple(promised.get(key, ())),
            steps=tuple(done.get(key, ())),
            tasks=tuple(open_tasks.get(key, ())),
            locate_basis="consent" if case.loan_id in with_basis else None,
            legal_concluded=key in concluded,
            earlier_episodes=tuple(earlier.get(key, ())),
            agreements=tuple(agreed.get(key, ())),
            proofs=tuple(proved.get(case.loan_id, ())),
            last_due_on=last_due.get(case.loan_id),
            earlier_notices=tuple(warned.get(key, ())),
            price_minor=loan.price_minor,
            legal_due=tuple(legal_due.get(key, ())),
        )
        found[key] = Gathered(situation, case, loan, group.borrower_region or loan.region)
    return found


class _Touching:
    """Attempts by the person and by the contact point they touched, in the order they were made."""

    def __init__(self, attempts_: Sequence[Attempt]) -> None:
        self._all = attempts_
        self._places: dict[PersonId | ContactPointId, set[int]] = defaultdict(set)
        for place, attempt in enumerate(attempts_):
            self._places[attempt.person_id].add(place)
            self._places[attempt.contact_point_id].add(place)

    def these(self, parties: Iterable[Party]) -> tuple[Attempt, ...]:
        places: set[int] = set()
        for party_ in parties:
            places |= self._places.get(party_.person_id, set())
            for point in party_.contact_points:
                places |= self._places.get(point.id, set())
        return tuple(self._all[place] for place in sorted(places))


class _Binding:
    """Holds by the loan or the person they are on, the oldest first."""

    def __init__(self, rows: Sequence[agreements.HoldRow]) -> None:
        self._rows = rows

    def on(self, loan_id: LoanId, parties: Iterable[Party]) -> tuple[Hold, ...]:
        people = {party_.person_id for party_ in parties}
        return tuple(row.hold for row in self._rows if row.loan_id == loan_id or row.person_id in people)


@dataclass(frozen=True, slots=True)
class _Group:
    """Everyone on a loan."""

    parties: tuple[Party, ...] = ()
    borrower_region: str | None = None


async def _parties(tx: Tx | ReadTx, loans: Mapping[LoanId, LoanRow]) -> dict[LoanId, _Group]:
    rows = (await tx.execute(_PARTIES, {"loans": list(loans)})).all()
    points = await _points(tx, sorted({row.id for row in rows}))
    told = await restrictions.in_force(tx, {row.id for row in rows})
    parties: dict[LoanId, list[Party]] = defaultdict(list)
    regions: dict[LoanId, str | None] = {}
    for row in rows:
        zones = tuple(row.zones) or (loans[row.loan_id].zone,)
        ceased = frozenset(Channel(c) for c in row.ceased)
        parties[row.loan_id].append(
            Party(
                PersonId(row.id),
                PartyRole(row.role),
                zones,
                points.get(row.id, ()),
                ceased,
                told.get(PersonId(row.id), NO_RESTRICTIONS),
            )
        )
        if row.role == PartyRole.BORROWER:
            regions.setdefault(row.loan_id, row.region)
    return {loan_id: _Group(tuple(group), regions.get(loan_id)) for loan_id, group in parties.items()}


async def _points(tx: Tx | ReadTx, people: list[str]) -> dict[str, tuple[ContactPoint, ...]]:
    rows = await tx.execute(_POINTS, {"people": people})
    known = await consents.by_point(tx, people)
    found: dict[str, list[ContactPoint]] = {}
    for person_id, point_id, kind, consent, usable, at in rows:
        listed = frozenset(Channel(name) for name in consent if name in set(Channel))
        told = agreed(listed, known.get((person_id, point_id), ()))
        whereabouts = Whereabouts(at) if at else None
        key = ContactPointId(point_id)
        point = ContactPoint(key, kind, told.channels, usable, whereabouts, told.proved)
        found.setdefault(person_id, []).append(point)
    return {person: tuple(points) for person, points in found.items()}


async def _with_locate_basis(tx: Tx | ReadTx, loan_ids: Iterable[LoanId]) -> set[LoanId]:
    """Loans whose vehicle has a tracker that its owner agreed to."""
    rows = await tx.execute(_LOCATABLE, {"loans": list(loan_ids)})
    return set(rows.scalars())


async def _legal_concluded(tx: Tx | ReadTx, case_ids: Iterable[CaseId]) -> set[CaseId]:
    rows = await tx.execute(_CONCLUDED, {"cases": list(case_ids)})
    return set(rows.scalars())
