"""From the bank's snapshot to what the tables hold: people, their zones and law region, vehicle, contract."""

from __future__ import annotations

from typing import Any

import phonenumbers
from phonenumbers import timezone as phone_zones

from recourse.contracts.events import BankEvent, LoanSnapshot
from recourse.contracts.events.models import ConsentProof
from recourse.domain import zones as zone_names
from recourse.domain.ids import LoanId, PersonId
from recourse.packs.zones import zones_at
from recourse.service.context import Lender
from recourse.storage.consents import ProofData
from recourse.storage.people import MasterData, PersonData, VehicleData
from recourse.storage.points import PointData

_MAX_ZONES = 12
"""A number that may be in more (one without an area, say) says what its country says."""


def snapshot(event: BankEvent) -> LoanSnapshot | None:
    return event.data if isinstance(event.data, LoanSnapshot) else None


def lender_named(event: BankEvent) -> Lender | None:
    """The lender a snapshot names; other events rely on the settings."""
    data = snapshot(event)
    return Lender(data.lender, data.region, data.currency, data.zone) if data else None


def currencies_named(event: BankEvent) -> set[str]:
    """Currencies that a payment's or charge-off's amount is stated in."""
    amount = getattr(event.data, "amount", None)
    return {amount.currency} if amount is not None else set()


def people_named(event: BankEvent) -> list[PersonId]:
    data = snapshot(event)
    if data is None:
        return []
    return [PersonId(p.id) for p in (data.borrower, *data.related_parties)]


def schedule_rows(event: BankEvent) -> list[dict[str, Any]]:
    data = snapshot(event)
    return [
        {
            "loan_id": event.subject,
            "number": item.number,
            "due_date": item.due_date,
            "due_minor": item.amount_due_minor,
            "unpaid_minor": 0,
        }
        for item in (data.schedule if data else ())
    ]


def to_master_data(event: BankEvent) -> MasterData:
    """Raises ValueError for an event that is no snapshot."""
    data = snapshot(event)
    if data is None:
        raise ValueError("type: only a snapshot carries master data")
    people = [_person(data.borrower, "borrower", data)]
    people += [_person(related, related.role, data) for related in data.related_parties]
    return MasterData(
        loan_id=LoanId(event.subject),
        sequence=event.sequence,
        as_of=event.occurred_at,
        lender=data.lender,
        region=data.region,
        currency=data.currency,
        zone=data.zone,
        contract=data.contract.model_dump(mode="json") if data.contract else None,
        people=tuple(people),
        vehicle=_vehicle(data),
    )


def _person(person: Any, role: str, data: LoanSnapshot) -> PersonData:
    addresses = getattr(person, "addresses", None) or ()
    region = next((a.region for a in addresses if a.region), None)
    points = _points(person)
    details = person.model_dump(mode="json", exclude={"id", "name", "role", "contact_points"})
    return PersonData(
        id=PersonId(person.id),
        role=role,
        name=person.name,
        language=getattr(person, "language", None) or ("zh-CN" if data.region.startswith("CN") else "en"),
        region=region,
        zones=zones_of(getattr(person, "zone", None), region, [p.value for p in points], data.zone),
        details=details,
        points=points,
        # A bank may name a guarantor by his number alone; of the borrower it says everything.
        points_stated=role == "borrower" or bool(person.model_fields_set & {"contact_points", "addresses"}),
    )


def _points(person: Any) -> tuple[PointData, ...]:
    """What the bank lists as such, and every address: that is where a visit or a letter goes."""
    listed = [
        PointData(p.kind, p.value, tuple(p.consent), p.whereabouts, tuple(map(_proof, p.consents)))
        for p in getattr(person, "contact_points", None) or ()
    ]
    known = {point.value for point in listed}
    texts = {a.text: _AT.get(a.kind) for a in getattr(person, "addresses", None) or () if a.text}
    return (
        *listed,
        *(PointData("address", text, (), at) for text, at in texts.items() if text not in known),
    )


def _proof(proof: ConsentProof) -> ProofData:
    return ProofData(**proof.model_dump())


def proofs_ahead(event: BankEvent) -> bool:
    """Whether a consent is said to be given or withdrawn after the snapshot that says so. It would outlast a
    request to stop that comes in between."""
    data = snapshot(event)
    people = [data.borrower, *data.related_parties] if data is not None else []
    proofs = [proof for person in people for point in person.contact_points for proof in point.consents]
    return any(max(p.given_at, p.withdrawn_at or p.given_at) > event.occurred_at for p in proofs)


_AT = {"home": "home", "work": "work", "office": "work", "employer": "work"}
"""Kinds of addresses that say what the place is to the person; others say nothing."""


def zones_of(
    stated: str | None, region: str | None, contact_values: list[str], lender_zone: str
) -> tuple[str, ...]:
    """Every place the person may be; a contact must be lawful in all of them.

    The stated zone is believed. Else address and phone numbers are candidates side by side: who lives in
    California and has a number of New York may be in either place (12 CFR 1006.6(b)(1), comment on
    conflicting signs; general_knowledge). An address that names no more than a country with several zones
    counts only where no number says more. The lender's zone is the last resort.
    """
    if stated:
        return (stated,)
    lives, country = zones_at(region or ""), zones_at((region or "").partition("-")[0])
    exact = lives if len(lives) == 1 or lives != country else ()
    called = {zone for value in contact_values if value.startswith("+") for zone in _phone_zones(value)}
    return tuple(sorted({*exact, *called})) or tuple(sorted(lives)) or (lender_zone,)


def _phone_zones(number: str) -> set[str]:
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return set()
    found = {zone for zone in phone_zones.time_zones_for_number(parsed) if zone_names.exists(zone)}
    if len(found) <= _MAX_ZONES:
        return found
    return set(zones_at(phonenumbers.region_code_for_country_code(parsed.country_code or 0)))


def _vehicle(data: LoanSnapshot) -> VehicleData | None:
    if data.vehicle is None:
        return None
    gps = data.vehicle.gps
    return VehicleData(
        details=data.vehicle.model_dump(mode="json", exclude={"gps"}),
        gps_provider=gps.provider if gps else None,
        gps_device_id=gps.device_id if gps else None,
        gps_consent_on=gps.consent_on if gps else None,
    )
