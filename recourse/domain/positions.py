"""Where a vehicle is, no more precisely than the purpose allows: purposes, coarse cells, and which of two
fixes is the newer.

A coarse place is the middle of a cell of a fixed grid. Noise could be averaged away by reading often; a cell
says the same however often it is read, and a vehicle that stands still tells nothing more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class LocationPurpose(StrEnum):
    """What a position may be read for; there is no other."""

    ASSESS_RECOVERY = "assess_recovery"
    """Whether the vehicle is where it can be recovered at all."""
    PLAN_VISIT = "plan_visit"
    RECOVER_VEHICLE = "recover_vehicle"
    COURT_PRESERVATION = "court_preservation"
    """What a court or its officers are told so that they can secure the vehicle."""
    CHECK_TRACKER = "check_tracker"
    """Whether the tracker still works."""


class Precision(StrEnum):
    COARSE = "coarse"
    EXACT = "exact"


@dataclass(frozen=True, slots=True)
class LocationRequest:
    """Somebody's leave to read positions of one case for one purpose. granted_until: business instant.
    cell_km: of a coarse place. ended_code: why it ended before; None where it did not."""

    id: str
    purpose: str
    precision: Precision
    cell_km: int
    granted_until: datetime
    ended_code: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """WGS-84 degrees; of a coarse one those of its cell's middle. cell_km: how high and wide the cell is at
    least; None for an exact one. Speed in m/s and accuracy in metres stand in an exact one alone."""

    latitude: float
    longitude: float
    precision: Precision
    cell_km: int | None = None
    speed_mps: float | None = None
    accuracy_m: float | None = None


HALF_MERIDIAN_KM = 20_003.9
"""From pole to pole on WGS-84."""


def coarse(place: Place, cell_km: int) -> Place:
    """The cell that it lies in. Raises ValueError for a cell without a size."""
    if cell_km < 1:
        raise ValueError("cell_km: at least 1")
    rows = math.floor(HALF_MERIDIAN_KM / cell_km)
    row = _part(place.latitude + 90, 180, rows)
    latitude = (row + 0.5) * 180 / rows - 90
    # Towards a pole there are fewer cells in a row, so that none becomes a sliver that says more than others.
    columns = max(1, math.floor(2 * rows * math.cos(math.radians(latitude))))
    column = _part((place.longitude + 180) % 360, 360, columns)
    longitude = (column + 0.5) * 360 / columns - 180
    return Place(latitude, longitude, Precision.COARSE, cell_km)


def _part(value: float, whole: float, parts: int) -> int:
    return min(parts - 1, max(0, math.floor(value / whole * parts)))


def at_most(place: Place, precision: Precision, cell_km: int) -> Place:
    """The place as it may be told: exact where that is allowed, else its cell. A place that is coarse by
    larger cells already stays as it is."""
    if precision is Precision.EXACT or (place.cell_km is not None and place.cell_km >= cell_km):
        return place
    return coarse(place, cell_km)


@dataclass(frozen=True, slots=True)
class FixOrder:
    """What decides which of two fixes of one tracker is kept. A server sends them again, late and in any
    order; that it carried an old one over says nothing newer than the old one did."""

    fix_time: datetime
    carried_over: bool
    valid: bool
    received_time: datetime
    digest: str

    def newer_than(self, other: FixOrder) -> bool:
        """A total order, so that it does not matter in which order they come. digest: for two that differ in
        nothing else."""
        return self._key() > other._key()

    def _key(self) -> tuple[datetime, bool, bool, datetime, str]:
        return self.fix_time, not self.carried_over, self.valid, self.received_time, self.digest
