"""The personal parts of the dossier, opened: everybody on the loan, the vehicle, the words of contacts.

What was erased is left out, as what was never known is.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import Select, Table, select

from recourse.domain.ids import LoanId
from recourse.storage import attempts, consents, people, points, vault
from recourse.storage.database import ReadTx, Tx
from recourse.storage.dossier_rows import plain, rows
from recourse.storage.tables import (
    contact_attempt,
    contact_point,
    loan_party,
    party,
    person_contact_point,
    vehicle,
)

_SEALED: Final = "_sealed"


async def everybody(tx: Tx | ReadTx, loan_id: LoanId) -> dict[str, Any]:
    found = await _people(tx, loan_id)
    keys = await vault.keys_of(tx, [vault.person(one["id"]) for one in found])
    for one in found:
        name = keys.open_text(people.place_of(one["id"], "name"), one.pop("name_sealed", None))
        details = keys.open_json(people.place_of(one["id"], "details"), one.pop("details_sealed", None))
        one.update({k: v for k, v in (("name", name), ("details", details)) if v is not None})
    places = await _points(tx, [one["id"] for one in found])
    for point in places:
        where = points.place_of(point["person_id"], point["id"])
        value = keys.open_text(where, point.pop("value_sealed", None))
        if value is not None:
            point["value"] = value
    given = [row.values() for row in await consents.of_people(tx, [one["id"] for one in found])]
    for point in places:
        place = point["person_id"], point["id"]
        point["consents"] = [
            plain(one) for one in given if (one["person_id"], one["contact_point_id"]) == place
        ]
    for one in found:
        one["contact_points"] = [
            {k: v for k, v in point.items() if k != "person_id"}
            for point in places
            if point["person_id"] == one["id"]
        ]
    return {"master_data": "present" if found else "missing", "people": found}


async def _people(tx: Tx | ReadTx, loan_id: LoanId) -> list[dict[str, Any]]:
    names = ("name", "language", "zones", "ceased", "details", "name_sealed", "details_sealed")
    return await rows(
        tx,
        select(party.c.id, loan_party.c.role, *[party.c[name] for name in names])
        .join(loan_party, loan_party.c.person_id == party.c.id)
        .where(loan_party.c.loan_id == loan_id)
        .order_by(loan_party.c.role, party.c.id),
    )


async def _points(tx: Tx | ReadTx, person_ids: Iterable[str]) -> list[dict[str, Any]]:
    c = person_contact_point.c
    names = ("consent", "usable", "unusable_code", "listed", "whereabouts", "value_sealed")
    shown = [contact_point.c.id, contact_point.c.kind, contact_point.c.value]
    return await rows(
        tx,
        select(c.person_id, *shown, *[c[name] for name in names])
        .join(contact_point, contact_point.c.id == c.contact_point_id)
        .where(c.person_id.in_(list(person_ids)))
        .order_by(c.person_id, contact_point.c.id),
    )


async def vehicle_of(tx: Tx | ReadTx, loan_id: LoanId) -> dict[str, Any]:
    """As the bank describes it; empty where it does not."""
    found = await rows(tx, select(*_open_columns(vehicle)).where(vehicle.c.loan_id == loan_id))
    if not found:
        return {}
    device = await people.tracker_of(tx, loan_id)
    known = {"details": await people.vehicle_details(tx, loan_id), "gps_device_id": device}
    return found[0] | {name: value for name, value in known.items() if value is not None}


async def contacts(tx: Tx | ReadTx, statement: Select[Any]) -> list[dict[str, Any]]:
    """Of `contact_attempt`, the oldest first, with what was said. statement: which, of all its columns."""
    c = contact_attempt.c
    found = await rows(tx, statement.order_by(c.at, c.id))
    about = {vault.person(one["person_id"]) for one in found} | {vault.loan(one["loan_id"]) for one in found}
    sealed = any(f"{name}{_SEALED}" in one for one in found for name in attempts.WORDS)
    keys = await vault.keys_of(tx, about if sealed else ())
    for one in found:
        for name in attempts.WORDS:
            place = attempts.place_of(one["id"], name, one["person_id"], one["loan_id"])
            words = keys.open_text(place, one.pop(f"{name}{_SEALED}", None))
            if words is not None:
                one[name] = words
    return found


def _open_columns(table: Table) -> list[Any]:
    return [column for column in table.c if not column.name.endswith(_SEALED)]
