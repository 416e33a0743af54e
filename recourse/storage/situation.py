"""Gathering the frozen `Situation` of a case under the locks its caller holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
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
    disputes,
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
from recourse.storage.together import Answers, Part, Together

CONCLUDING = ("enforced", "recovered", "withdrawn", "concluded")
"""Statuses of older releases after which nothing is left to collect on this case; today the procedure says
which move is such a one."""

_PARTIES = Part(
    select(loan_party.c.loan_id, party.c.id, loan_party.c.role, party.c.zones, party.c.ceased, party.c.region)
    .join(loan_party, loan_party.c.person_id == party.c.id)
    .where(among_given(loan_party.c.loan_id, "loans"))
    .order_by(loan_party.c.role, party.c.id),
    list,
)
_POINTS = Part(
    select(
        person_contact_point.c.person_id,
        person_contact_point.c.contact_point_id,
        point_table.c.kind,
        person_contact_point.c.consent,
        (person_contact_point.c.usable & person_contact_point.c.listed).label("usable"),
        person_contact_point.c.whereabouts,
    )
    .join(point_table, point_table.c.id == person_contact_point.c.contact_point_id)
    .where(
        person_contact_point.c.person_id.in_(
            select(loan_party.c.person_id).where(among_given(loan_party.c.loan_id, "loans"))
        )
    )
    .order_by(person_contact_point.c.person_id, person_contact_point.c.contact_point_id),
    list,
)
_LOCATABLE = Part(
    select(vehicle.c.loan_id).where(
        among_given(vehicle.c.loan_id, "loans"),
        func.num_nonnulls(vehicle.c.gps_device_id, vehicle.c.gps_device_sealed) > 0,
        vehicle.c.gps_consent_on.is_not(None),
    ),
    lambda rows: {row.loan_id for row in rows},
)
"""Loans whose vehicle has a tracker that its owner agreed to."""
_CONCLUDED = Part(
    select(legal_action.c.case_id)
    .join(legal_status, legal_status.c.action_id == legal_action.c.id)
    .where(among_given(legal_action.c.case_id, "cases"), legal_status.c.status.in_(CONCLUDING))
    .where(legal_status.c.became.is_(None))
    .union(
        select(legal_move.c.case_id).where(
            among_given(legal_move.c.case_id, "cases"), legal_move.c.means == Meaning.CONCLUDED
        )
    ),
    lambda rows: {row.case_id for row in rows},
)
_OF_LOANS = Together(
    cases.BY_IDS,
    ledger.LOANS,
    _PARTIES,
    _POINTS,
    agreements.PROMISES,
    money_agreements.LIVE_AGREEMENTS,
    proofs.PROOFS,
    proofs.LAST_DUE,
    steps.RECORDS,
    tasks.ACTIVE_TASKS,
    _LOCATABLE,
    _CONCLUDED,
    legal_actions.DUE,
    legal_actions.STANDS,
    disputes.DUE,
)
_OF_PEOPLE = Together(attempts.LEDGER, agreements.HOLDS, consents.CONSENTS, restrictions.IN_FORCE)


@dataclass(frozen=True, slots=True)
class Gathered:
    """The situation with the rows it came from. borrower_region decides the law together with the loan's."""

    situation: Situation
    case: CaseRow
    loan: LoanRow
    borrower_region: str


async def gather(tx: Tx | ReadTx, case_key: CaseId, now: datetime, loan_id: LoanId | None = None) -> Gathered:
    """loan_id: the case's, where it is known. Raises LookupError when there is no such case."""
    return (await gather_all(tx, [case_key], now, [loan_id] if loan_id else None))[case_key]


async def gather_all(
    tx: Tx | ReadTx, keys: Sequence[CaseId], now: datetime, loans: Iterable[LoanId] | None = None
) -> dict[CaseId, Gathered]:
    """Two statements, however many cases: a batch of facts decides all of its cases at once. One more where
    `loans`, those of the cases, are not known. Raises LookupError when there is no such case.
    """
    if loans is None:
        loans = {row.loan_id for row in (await cases.by_ids(tx, keys)).values()}
    loan_ids = sorted(set(loans))
    about = await _OF_LOANS.of(tx, cases=list(keys), loans=loan_ids)
    rows = about[cases.BY_IDS]
    if len(rows) < len(set(keys)):
        raise LookupError("case")
    people = sorted({row.id for row in about[_PARTIES]})
    points = sorted({row.contact_point_id for row in about[_POINTS]})
    since = attempts.ledger_from(now)
    told = await _OF_PEOPLE.of(tx, loans=loan_ids, people=people, points=points, ledger_from=since)
    earlier = await cases.earlier_episodes(tx, rows.values())
    zones = {key: row.zone for key, row in about[ledger.LOANS].items()}
    warned = await proofs.earlier_notices_of(tx, rows.values(), zones, now)
    on_loans = _groups(about, told)
    touching, binding = _Touching(told[attempts.LEDGER]), _Binding(told[agreements.HOLDS])
    found: dict[CaseId, Gathered] = {}
    for key, case in rows.items():
        loan, group = about[ledger.LOANS][case.loan_id], on_loans.get(case.loan_id, _Group())
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
            promises=tuple(about[agreements.PROMISES].get(key, ())),
            steps=tuple(about[steps.RECORDS].get(key, ())),
            tasks=tuple(about[tasks.ACTIVE_TASKS].get(key, ())),
            locate_basis="consent" if case.loan_id in about[_LOCATABLE] else None,
            legal_concluded=key in about[_CONCLUDED],
            earlier_episodes=tuple(earlier.get(key, ())),
            agreements=tuple(about[money_agreements.LIVE_AGREEMENTS].get(key, ())),
            proofs=tuple(about[proofs.PROOFS].get(case.loan_id, ())),
            last_due_on=about[proofs.LAST_DUE].get(case.loan_id),
            earlier_notices=tuple(warned.get(key, ())),
            price_minor=loan.price_minor,
            legal_due=tuple(about[legal_actions.DUE].get(key, ())),
            disputes_due=tuple(about[disputes.DUE].get(key, ())),
            legal_moves=tuple(about[legal_actions.STANDS].get(key, ())),
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


def _groups(about: Answers, told: Answers) -> dict[LoanId, _Group]:
    points, restricted = _points(about, told), told[restrictions.IN_FORCE]
    parties: dict[LoanId, list[Party]] = defaultdict(list)
    regions: dict[LoanId, str | None] = {}
    for row in about[_PARTIES]:
        zones = tuple(row.zones) or (about[ledger.LOANS][row.loan_id].zone,)
        ceased = frozenset(Channel(c) for c in row.ceased)
        parties[row.loan_id].append(
            Party(
                PersonId(row.id),
                PartyRole(row.role),
                zones,
                points.get(row.id, ()),
                ceased,
                restricted.get(PersonId(row.id), NO_RESTRICTIONS),
            )
        )
        if row.role == PartyRole.BORROWER:
            regions.setdefault(row.loan_id, row.region)
    return {loan_id: _Group(tuple(group), regions.get(loan_id)) for loan_id, group in parties.items()}


def _points(about: Answers, told: Answers) -> dict[str, tuple[ContactPoint, ...]]:
    known = consents.by_point(told[consents.CONSENTS])
    found: dict[str, list[ContactPoint]] = {}
    for person_id, point_id, kind, consent, usable, at in about[_POINTS]:
        listed = frozenset(Channel(name) for name in consent if name in set(Channel))
        told_of = agreed(listed, known.get((person_id, point_id), ()))
        whereabouts = Whereabouts(at) if at else None
        key = ContactPointId(point_id)
        point = ContactPoint(key, kind, told_of.channels, usable, whereabouts, told_of.proved)
        found.setdefault(person_id, []).append(point)
    return {person: tuple(points) for person, points in found.items()}
