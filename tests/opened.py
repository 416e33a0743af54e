"""What is kept sealed, opened: for tests that say what a table holds."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from recourse.domain.ids import ContactPointId, LoanId, PersonId
from recourse.storage import dossier_people, people, points
from recourse.storage.tables import contact_attempt, contact_point, person_contact_point
from tests.integration.conftest import World


async def contact_points(world: World) -> list[dict[str, Any]]:
    """One for each who is or was reached there."""
    c = person_contact_point.c
    shown = select(contact_point.c.id, contact_point.c.kind, c.person_id).join(
        contact_point, contact_point.c.id == c.contact_point_id
    )
    async with world.services.database.reading() as tx:
        rows = [dict(row) for row in (await tx.execute(shown.order_by(c.person_id))).mappings()]
        for row in rows:
            row["value"] = await points.value_of(tx, PersonId(row["person_id"]), ContactPointId(row["id"]))
    return rows


async def value_of(world: World, point_id: str) -> str:
    found = {row["value"] for row in await contact_points(world) if row["id"] == point_id}
    (value,) = found
    return str(value)


async def name_of(world: World, person_id: str) -> str | None:
    async with world.services.database.reading() as tx:
        return await people.name_of(tx, PersonId(person_id))


async def vehicle_of(world: World, loan_id: str) -> dict[str, Any]:
    async with world.services.database.reading() as tx:
        return await dossier_people.vehicle_of(tx, LoanId(loan_id))


async def contacts(world: World) -> list[dict[str, Any]]:
    """Every contact, the oldest first."""
    async with world.services.database.reading() as tx:
        return await dossier_people.contacts(tx, select(contact_attempt))
