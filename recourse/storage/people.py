"""Master data from the bank's snapshot: people, contact points, vehicle, contract. Newest sequence wins."""

from __future__ import annotations

import string
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Column, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from recourse.domain.consents import NOT_STATED
from recourse.domain.ids import ContactPointId, LoanId, PersonId
from recourse.domain.situation import PartyRole
from recourse.storage import consents
from recourse.storage.consents import Ending, ProofData
from recourse.storage.database import ReadTx, Tx
from recourse.storage.sql import among, rows_among
from recourse.storage.tables import (
    NUMBER_END,
    NUMBERS,
    contact_point,
    loan,
    loan_party,
    number_digits,
    number_end,
    party,
    person_contact_point,
    vehicle,
)

SHORTEST_NUMBER = 7
"""Digits. What is shorter is a service of the network, and the end of many numbers."""
LONGEST_COUNTRY = 3


@dataclass(frozen=True, slots=True)
class PointData:
    """whereabouts: what it is to the person (home, work), where the bank says. proofs: of what he agreed to
    there."""

    kind: str
    value: str
    consent: tuple[str, ...]
    whereabouts: str | None = None
    proofs: tuple[ProofData, ...] = ()


@dataclass(frozen=True, slots=True)
class PersonData:
    """details: what the dossier shows beside the name (addresses, employer, national id).

    points_stated: False when the snapshot says nothing about how the person is reached, which is not the same
    as saying that there is no way any more.
    """

    id: PersonId
    role: str
    name: str | None
    language: str
    region: str | None
    zones: tuple[str, ...]
    details: Any
    points: tuple[PointData, ...]
    points_stated: bool = True


@dataclass(frozen=True, slots=True)
class VehicleData:
    details: Any
    gps_provider: str | None
    gps_device_id: str | None
    gps_consent_on: date | None


@dataclass(frozen=True, slots=True)
class MasterData:
    """One snapshot, already turned into what the tables hold."""

    loan_id: LoanId
    sequence: int | None
    as_of: datetime
    lender: str
    region: str
    currency: str
    zone: str
    contract: Any
    people: tuple[PersonData, ...]
    vehicle: VehicleData | None


async def ensure_people(tx: Tx, ids: Sequence[PersonId]) -> None:
    """Rows to lock for people never heard of."""
    if ids:
        rows = [{"id": person} for person in sorted(set(ids))]
        await tx.execute(upsert(party).on_conflict_do_nothing(), rows)


async def is_known(tx: Tx | ReadTx, person_id: PersonId) -> bool:
    return (await tx.execute(select(party.c.id).where(party.c.id == person_id))).first() is not None


async def of_role(tx: Tx | ReadTx, loan_id: LoanId, role: str) -> list[PersonId]:
    named = select(loan_party.c.person_id).where(loan_party.c.loan_id == loan_id, loan_party.c.role == role)
    return [PersonId(row) for row in (await tx.execute(named)).scalars()]


async def borrower_regions(tx: Tx | ReadTx, loan_ids: Iterable[LoanId]) -> dict[LoanId, str | None]:
    """Where each loan's borrower lives, as the bank names the place; None where it does not."""
    rows = await tx.execute(
        select(loan_party.c.loan_id, party.c.region)
        .join(loan_party, loan_party.c.person_id == party.c.id)
        .where(among(loan_party.c.loan_id, loan_ids), loan_party.c.role == PartyRole.BORROWER)
        .order_by(party.c.id.desc())
    )
    return {LoanId(loan_id): region for loan_id, region in rows}


async def on_loan(tx: Tx | ReadTx, loan_id: LoanId) -> list[PersonId]:
    named = select(loan_party.c.person_id).where(loan_party.c.loan_id == loan_id)
    return [PersonId(row) for row in (await tx.execute(named)).scalars()]


async def on_point(tx: Tx | ReadTx, point_id: ContactPointId) -> list[PersonId]:
    """Everybody who is or was reached there."""
    c = person_contact_point.c
    named = select(c.person_id).where(c.contact_point_id == point_id)
    return [PersonId(row) for row in (await tx.execute(named)).scalars()]


async def on_number(tx: Tx | ReadTx, number: str) -> list[tuple[PersonId, ContactPointId]]:
    """Everybody who is or was reached under a telephone number as a network writes it: with its country, with
    a plus or without, or as it is dialled at home."""
    digits = "".join(sign for sign in number if sign in string.digits).lstrip("0")
    if len(digits) < SHORTEST_NUMBER:
        return []
    c = person_contact_point.c
    rows = await tx.execute(
        select(c.person_id, c.contact_point_id, number_digits)
        .join(contact_point, contact_point.c.id == c.contact_point_id)
        .where(contact_point.c.kind.in_(NUMBERS), number_end == digits[-NUMBER_END:])
        .order_by(c.person_id, c.contact_point_id)
    )
    return [(PersonId(p), ContactPointId(point)) for p, point, known in rows if _same_number(known, digits)]


def _same_number(one: str, other: str) -> bool:
    """Where one of the two states no country: its code has three digits at most."""
    short, long = sorted((one.lstrip("0"), other), key=len)
    return long.endswith(short) and len(long) - len(short) <= LONGEST_COUNTRY


async def save(tx: Tx, data: MasterData) -> None:
    """Replace the loan's master data by a newer snapshot. The caller has checked that it is newer."""
    await tx.execute(
        update(loan)
        .where(loan.c.id == data.loan_id)
        .values(
            lender=data.lender,
            region=data.region,
            currency=data.currency,
            zone=data.zone,
            contract=data.contract,
            master_sequence=data.sequence,
            master_at=data.as_of,
        )
    )
    await tx.execute(delete(loan_party).where(loan_party.c.loan_id == data.loan_id))
    for person in data.people:
        await _save_person(tx, data, person)
    await _save_vehicle(tx, data.loan_id, data.vehicle)


async def _save_person(tx: Tx, data: MasterData, person: PersonData) -> None:
    values = {
        "name": person.name,
        "language": person.language,
        "region": person.region,
        "zones": list(person.zones),
        "details": person.details,
        "as_of": data.as_of,
    }
    await tx.execute(
        upsert(loan_party)
        .values(loan_id=data.loan_id, person_id=person.id, role=person.role)
        .on_conflict_do_nothing()
    )
    await _take_if_newest(tx, person.id, party.c.as_of, values)
    newest = person.points_stated and await _take_if_newest(
        tx, person.id, party.c.points_as_of, {"points_as_of": data.as_of}
    )
    if newest:
        ids = await _save_points(tx, person)
        proofs = [(ids[p.kind, p.value], proof) for p in person.points for proof in p.proofs]
        ending = Ending(data.as_of, NOT_STATED, f"snapshot {data.loan_id}", consents.BANK)
        await consents.state(tx, person.id, proofs, ending)


async def _take_if_newest(tx: Tx, key: PersonId, said_at: Column[Any], values: dict[str, Any]) -> bool:
    """Another loan's older snapshot must not overwrite what a newer one said about the same person, nor bring
    back a consent that was withdrawn since."""
    older = said_at.is_(None) | (said_at <= values[said_at.name])
    mine = update(party).where(party.c.id == key, older).values(values).returning(party.c.id)
    return (await tx.execute(mine)).first() is not None


async def _save_points(tx: Tx, person: PersonData) -> dict[tuple[str, str], ContactPointId]:
    """By kind and value. What is not listed any more stays as evidence of where was written to, and nobody is
    reached there."""
    await tx.execute(
        update(person_contact_point)
        .where(person_contact_point.c.person_id == person.id)
        .values(listed=False, consent=[])
    )
    if not person.points:
        return {}
    points = {(p.kind, p.value): p for p in person.points}
    rows = [{"id": f"cp-{uuid.uuid4().hex}", "kind": k, "value": v} for k, v in sorted(points)]
    await tx.execute(upsert(contact_point).on_conflict_do_nothing(index_elements=["kind", "value"]), rows)
    found = await tx.execute(
        select(contact_point.c.id, contact_point.c.kind, contact_point.c.value).where(
            rows_among((contact_point.c.kind, contact_point.c.value), points)
        )
    )
    known = found.all()
    statement = upsert(person_contact_point)
    await tx.execute(
        statement.on_conflict_do_update(
            index_elements=["person_id", "contact_point_id"],
            set_={
                "consent": statement.excluded.consent,
                "listed": True,
                # A snapshot that does not say it does not unsay it: somebody may have asked us to keep away.
                "whereabouts": func.coalesce(
                    statement.excluded.whereabouts, person_contact_point.c.whereabouts
                ),
            },
        ),
        [
            {
                "person_id": person.id,
                "contact_point_id": row.id,
                "consent": sorted(points[row.kind, row.value].consent),
                "whereabouts": points[row.kind, row.value].whereabouts,
            }
            for row in known
        ],
    )
    return {(row.kind, row.value): ContactPointId(row.id) for row in known}


async def _save_vehicle(tx: Tx, loan_id: LoanId, data: VehicleData | None) -> None:
    """A vehicle that is named no more stays for the dossier; its tracker, and the consent to it, do not."""
    if data is None:
        gone = {"gps_provider": None, "gps_device_id": None, "gps_consent_on": None}
        await tx.execute(update(vehicle).where(vehicle.c.loan_id == loan_id).values(gone))
        return
    values = {
        "details": data.details,
        "gps_provider": data.gps_provider,
        "gps_device_id": data.gps_device_id,
        "gps_consent_on": data.gps_consent_on,
    }
    await tx.execute(
        upsert(vehicle)
        .values(loan_id=loan_id, **values)
        .on_conflict_do_update(index_elements=["loan_id"], set_=values)
    )


async def stop_channels(tx: Tx, person_id: PersonId, channels: Sequence[str]) -> None:
    """A cease request: never undone by a later snapshot."""
    row = (await tx.execute(select(party.c.ceased).where(party.c.id == person_id))).scalar_one()
    merged = sorted(set(row) | set(channels))
    await tx.execute(update(party).where(party.c.id == person_id).values(ceased=merged))


async def mark_unusable(tx: Tx, person_id: PersonId, point_id: str, code: str) -> None:
    """A wrong or dead number: for this person only; the other one on the same phone keeps it."""
    await tx.execute(
        update(person_contact_point)
        .where(
            person_contact_point.c.person_id == person_id,
            person_contact_point.c.contact_point_id == point_id,
        )
        .values(usable=False, unusable_code=code)
    )
