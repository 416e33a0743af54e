"""From the bank's snapshot to what the tables hold: people, their zones and law region, vehicle, contract."""

from __future__ import annotations

from typing import Any

import phonenumbers
from phonenumbers import timezone as phone_zones

from recourse.contracts.events import BankEvent, LoanSnapshot
from recourse.domain import zones as zone_names
from recourse.domain.ids import LoanId, PersonId
from recourse.service.context import Lender
from recourse.storage.people import MasterData, PersonData, PointData, VehicleData

_MAX_ZONES = 12
"""A number that may be anywhere (a country with more zones) says nothing; the lender's zone stands in."""


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
        zones=zones_of(getattr(person, "zone", None), [p.value for p in points], data.zone),
        details=details,
        points=points,
        # A bank may name a guarantor by his number alone; of the borrower it says everything.
        points_stated=role == "borrower" or bool(person.model_fields_set & {"contact_points", "addresses"}),
    )


def _points(person: Any) -> tuple[PointData, ...]:
    """What the bank lists as such, and every address: that is where a visit or a letter goes."""
    listed = [
        PointData(p.kind, p.value, tuple(p.consent)) for p in getattr(person, "contact_points", None) or ()
    ]
    known = {point.value for point in listed}
    texts = dict.fromkeys(a.text for a in getattr(person, "addresses", None) or () if a.text)
    return (*listed, *(PointData("address", text, ()) for text in texts if text not in known))


def zones_of(stated: str | None, contact_values: list[str], lender_zone: str) -> tuple[str, ...]:
    """Every place the person may be: the stated zone, else those of the phone numbers, else the lender's.

    A contact must be lawful in all of them, so a number that could be in four zones narrows the hours.
    """
    if stated:
        return (stated,)
    zones: set[str] = set()
    for value in contact_values:
        if value.startswith("+"):
            zones |= _phone_zones(value)
    return tuple(sorted(zones)) if 0 < len(zones) <= _MAX_ZONES else (lender_zone,)


def _phone_zones(number: str) -> set[str]:
    try:
        found = phone_zones.time_zones_for_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return set()
    return {zone for zone in found if zone_names.exists(zone)}


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
