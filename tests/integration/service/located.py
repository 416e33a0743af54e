"""What tests of positions share: a tracker, a desk, and what the diary and the store say."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from recourse.domain.law.verdict import Refused
from recourse.domain.positions import LocationPurpose
from recourse.ports import Fix
from recourse.service import position_reads
from recourse.service.location_requests import NewRequest
from recourse.service.vehicle_desk import VehicleDesk
from recourse.storage.location_requests import RequestRow
from tests.integration.conftest import World
from tests.integration.service.conftest import CIPHER, OpenCase

HERE = (31.230416, 121.473701)
AGENT, FIELD = 12, 26
"""Days past due at which the case is in these stages."""


def fix(age: timedelta = timedelta(minutes=1), **changed: Any) -> Fix:
    at = datetime.now(UTC) - age
    base = Fix(*HERE, at, at, 3.0, 8.0, True, False, "WGS-84", "traccar", "0" * 64)
    return dataclasses.replace(base, **changed)


class Tracker:
    """Says `says`; `during` happens while it is asked."""

    def __init__(self, says: Fix | None = None) -> None:
        self.says: Fix | None = says or fix()
        self.asked = 0
        self.during: Callable[[], Awaitable[object]] | None = None

    async def locate(self, device_id: str) -> Fix | None:
        self.asked += 1
        if self.during is not None:
            await self.during()
        return self.says


def desk(world: World, tracker: Tracker, heard_within: timedelta = timedelta()) -> VehicleDesk:
    return VehicleDesk(world.services, tracker, CIPHER, heard_within)


async def asked(
    world: World,
    case: OpenCase,
    purpose: LocationPurpose = LocationPurpose.PLAN_VISIT,
    *,
    request_id: str = "r-1",
    days: int | None = None,
) -> RequestRow | Refused:
    new = NewRequest(case.id, purpose, "desk-1", request_id, days)
    return await world.services.run(partial(position_reads.request, new=new))


async def granted(
    world: World, case: OpenCase, purpose: LocationPurpose = LocationPurpose.PLAN_VISIT, **values: Any
) -> RequestRow:
    row = await asked(world, case, purpose, **values)
    assert isinstance(row, RequestRow), row
    return row


async def diary(world: World, prefix: str = "location") -> list[tuple[str, str]]:
    """(event, code) of the lines about locations, in order."""
    rows = await world.rows("SELECT event, code FROM step WHERE event LIKE :p ORDER BY id", p=f"{prefix}%")
    return [(row["event"], row["code"]) for row in rows]


async def ended(world: World, request_id: str) -> str | None:
    found: str | None = await world.scalar(
        "SELECT ended_code FROM location_request WHERE id = :id", id=request_id
    )
    return found
