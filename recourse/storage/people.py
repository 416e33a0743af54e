"""Master data from the bank's snapshot: people, contact points, vehicle, contract. Newest sequence wins."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Column, delete, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from recourse.domain.consents import NOT_STATED
from recourse.domain.ids import ContactPointId, LoanId, PersonId
from recourse.domain.situation import PartyRole
from recourse.storage import consents, erasures, points, vault
from recourse.storage.consents import Ending
from recourse.storage.database import ReadTx, Tx
from recourse.storage.points import PointData
from recourse.storage.sql import among
from recourse.storage.tables import (
    loan,
    loan_party,
    party,
    person_contact_point,
    vehicle,
)
from recourse.storage.vault import Keys, Place


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


async def borrowed_by(tx: Tx | ReadTx, person_id: PersonId) -> list[LoanId]:
    """The loans of which the person is the borrower."""
    c = loan_party.c
    mine = select(c.loan_id).where(c.person_id == person_id, c.role == PartyRole.BORROWER)
    return [LoanId(row) for row in (await tx.execute(mine.order_by(c.loan_id))).scalars()]


async def on_loan(tx: Tx | ReadTx, loan_id: LoanId) -> list[PersonId]:
    named = select(loan_party.c.person_id).where(loan_party.c.loan_id == loan_id)
    return [PersonId(row) for row in (await tx.execute(named)).scalars()]


async def on_point(tx: Tx | ReadTx, point_id: ContactPointId) -> list[PersonId]:
    """Everybody who is or was reached there."""
    c = person_contact_point.c
    named = select(c.person_id).where(c.contact_point_id == point_id)
    return [PersonId(row) for row in (await tx.execute(named)).scalars()]


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
    about = [vault.person(person.id) for person in data.people]
    keys = await vault.keys_for(tx, [vault.loan(data.loan_id), *about])
    for person in data.people:
        await _save_person(tx, data, person, keys)
    await _save_vehicle(tx, data.loan_id, data.vehicle, keys)


def place_of(person_id: PersonId | str, column: str) -> Place:
    return Place("party", column, str(person_id), (vault.person(person_id),))


def vehicle_place(loan_id: LoanId | str, column: str) -> Place:
    return Place("vehicle", column, str(loan_id), (vault.loan(loan_id),))


async def name_of(tx: Tx | ReadTx, person_id: PersonId) -> str | None:
    """None where nobody gave one, or it was erased."""
    found = select(party.c.name, party.c.name_sealed).where(party.c.id == person_id)
    plain, sealed = (await tx.execute(found)).one()
    opened = await vault.opened(tx, place_of(person_id, "name"), sealed)
    return opened.decode() if opened is not None else plain


async def vehicle_details(tx: Tx | ReadTx, loan_id: LoanId) -> Any:
    """As the bank's snapshot has them; None where there are none, or they were erased."""
    c = vehicle.c
    row = (await tx.execute(select(c.details, c.details_sealed).where(c.loan_id == loan_id))).first()
    if row is None:
        return None
    opened = await vault.opened(tx, vehicle_place(loan_id, "details"), row.details_sealed)
    return json.loads(opened) if opened is not None else row.details


async def tracker_of(tx: Tx | ReadTx, loan_id: LoanId) -> str | None:
    """The provider's id of the vehicle's tracker."""
    c = vehicle.c
    row = (await tx.execute(select(c.gps_device_id, c.gps_device_sealed).where(c.loan_id == loan_id))).one()
    opened = await vault.opened(tx, vehicle_place(loan_id, "gps_device_id"), row.gps_device_sealed)
    return opened.decode() if opened is not None else row.gps_device_id


async def _save_person(tx: Tx, data: MasterData, person: PersonData, keys: Keys) -> None:
    await tx.execute(
        upsert(loan_party)
        .values(loan_id=data.loan_id, person_id=person.id, role=person.role)
        .on_conflict_do_nothing()
    )
    if keys.is_erased(vault.person(person.id)):
        # The bank may not know yet; what was erased does not come back by its next snapshot.
        await erasures.note_named_again(tx, person.id, data.as_of)
        return
    await _take_if_newest(tx, person.id, party.c.as_of, _values(data, person, keys))
    newest = person.points_stated and await _take_if_newest(
        tx, person.id, party.c.points_as_of, {"points_as_of": data.as_of}
    )
    if newest:
        ids = await points.save(tx, person.id, person.points, keys)
        proofs = [(ids[p.kind, p.value], proof) for p in person.points for proof in p.proofs]
        ending = Ending(data.as_of, NOT_STATED, f"snapshot {data.loan_id}", consents.BANK)
        await consents.state(tx, person.id, proofs, ending)


def _values(data: MasterData, person: PersonData, keys: Keys) -> dict[str, Any]:
    return {
        "name": None,
        "name_sealed": keys.seal(place_of(person.id, "name"), person.name),
        "language": person.language,
        "region": person.region,
        "zones": list(person.zones),
        "details": None,
        "details_sealed": keys.seal_json(place_of(person.id, "details"), person.details),
        "as_of": data.as_of,
    }


async def _take_if_newest(tx: Tx, key: PersonId, said_at: Column[Any], values: dict[str, Any]) -> bool:
    """Another loan's older snapshot must not overwrite what a newer one said about the same person, nor bring
    back a consent that was withdrawn since."""
    older = said_at.is_(None) | (said_at <= values[said_at.name])
    mine = update(party).where(party.c.id == key, older).values(values).returning(party.c.id)
    return (await tx.execute(mine)).first() is not None


async def _save_vehicle(tx: Tx, loan_id: LoanId, data: VehicleData | None, keys: Keys) -> None:
    """A vehicle that is named no more stays for the dossier; its tracker, and the consent to it, do not."""
    if data is None:
        named = ("gps_provider", "gps_device_id", "gps_device_sealed", "gps_consent_on")
        gone = dict.fromkeys(named)
        await tx.execute(update(vehicle).where(vehicle.c.loan_id == loan_id).values(gone))
        return
    device = keys.seal(vehicle_place(loan_id, "gps_device_id"), data.gps_device_id)
    values = {
        "details": None,
        "details_sealed": keys.seal_json(vehicle_place(loan_id, "details"), data.details),
        "gps_provider": data.gps_provider,
        "gps_device_id": None,
        "gps_device_sealed": device,
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
