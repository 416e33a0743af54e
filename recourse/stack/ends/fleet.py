"""The vehicles the Traccar end knows: those a test seeds, and any whose unique id starts with `DEMO-`.

A `DEMO-` device needs no seeding: device and position follow from a hash of its id, near a Chinese city for
`DEMO-CN…`, an American one for `DEMO-US…`, either otherwise. What its tracker says is chosen by how the id
ends:

| id ends in | tracker                                                                                     |
|------------|---------------------------------------------------------------------------------------------|
| `-STALE`   | online, but the position was copied from three days ago: `outdated` true, old `fixTime`      |
| `-OLD`     | offline, a true fix ten days old                                                            |
| `-INVALID` | online, the device itself says the fix is not good: `valid` false                           |
| `-NOFIX`   | known, never reported: `positionId` null                                                    |
| `-LOST`    | unknown id: the answer is an empty list                                                     |
| else       | online, parked, a true fix 0 to 9 minutes old                                               |
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

Json = dict[str, Any]

DEMO_PREFIX: Final = "DEMO-"
CITIES: Final = {  # WGS-84 latitude, longitude
    "CN": ((31.2304, 121.4737), (39.9042, 116.4074), (23.1291, 113.2644), (30.5728, 104.0668)),
    "US": ((34.0522, -118.2437), (41.8781, -87.6298), (29.7604, -95.3698), (40.7128, -74.0060)),
}
SPREAD_DEGREES: Final = 0.08  # some 9 km


@dataclass(slots=True)
class Fleet:
    """Devices by unique id, positions by id; shapes are Device and Position of Traccar's OpenAPI
    description.
    """

    devices: dict[str, Json] = field(default_factory=dict)
    positions: dict[int, Json] = field(default_factory=dict)
    seeded: set[str] = field(default_factory=set)

    def seed(self, device: Json, position: Json | None) -> Json:
        """Adds or replaces a device and its last position; what is left out is filled in. Returns the
        device.
        """
        unique_id = str(device["uniqueId"])
        number = _number(unique_id)
        filled: Json = {
            **_device(unique_id, number, "online", datetime.now(UTC)),
            **device,
            "positionId": None,
        }
        if position is not None:
            blank = _position(number, (0.0, 0.0), datetime.now(UTC), carried_over=False)
            told = {**blank, **position, "deviceId": filled["id"]}
            filled["positionId"] = told["id"]
            self.positions[int(told["id"])] = told
        self.devices[unique_id] = filled
        self.seeded.add(unique_id)
        return filled

    def find(self, unique_ids: Iterable[str]) -> list[Json]:
        """The devices with these unique ids; an id nobody knows is left out, as Traccar does."""
        return [device for unique_id in unique_ids if (device := self._device(unique_id)) is not None]

    def last_positions(self) -> list[Json]:
        """The last position of every device seen so far."""
        ids = [device["positionId"] for device in self.devices.values()]
        return [self.positions[number] for number in ids if number is not None]

    def history(self, device_id: int, start: datetime, end: datetime) -> list[Json]:
        """A device's positions whose fix lies between two instants."""
        mine = [position for position in self.positions.values() if position["deviceId"] == device_id]
        return [position for position in mine if start <= datetime.fromisoformat(position["fixTime"]) <= end]

    def _device(self, unique_id: str) -> Json | None:
        invented = unique_id.startswith(DEMO_PREFIX) and not unique_id.endswith("-LOST")
        if invented and unique_id not in self.seeded:
            self._invent(unique_id)  # anew at every call: a tracker that is online keeps reporting
        return self.devices.get(unique_id)

    def _invent(self, unique_id: str) -> None:
        number, now = _number(unique_id), datetime.now(UTC)
        behaviour = unique_id.rpartition("-")[2]
        age = {"STALE": timedelta(days=3), "OLD": timedelta(days=10)}.get(
            behaviour, timedelta(minutes=number % 10)
        )
        status = "offline" if behaviour == "OLD" else "online"
        device = _device(unique_id, number, status, now - age if behaviour == "OLD" else now)
        if behaviour != "NOFIX":
            carried_over = behaviour == "STALE"
            position = _position(number, _place(unique_id, number), now - age, carried_over=carried_over)
            position["valid"] = behaviour != "INVALID"
            device["positionId"] = position["id"]
            self.positions[position["id"]] = position
        self.devices[unique_id] = device


def _number(unique_id: str) -> int:
    """A stable id that fits JSON's exact integers (below 2^53)."""
    return int.from_bytes(hashlib.sha256(unique_id.encode()).digest()[:6])


def _place(unique_id: str, number: int) -> tuple[float, float]:
    region = unique_id.removeprefix(DEMO_PREFIX)[:2]
    cities = CITIES.get(region, CITIES["CN"] + CITIES["US"])
    latitude, longitude = cities[number % len(cities)]
    north, east = (number >> 8) % 1000 / 1000 - 0.5, (number >> 20) % 1000 / 1000 - 0.5
    return round(latitude + 2 * SPREAD_DEGREES * north, 6), round(longitude + 2 * SPREAD_DEGREES * east, 6)


def _device(unique_id: str, number: int, status: str, last_update: datetime) -> Json:
    return {
        "id": number,
        "name": unique_id,
        "uniqueId": unique_id,
        "status": status,
        "disabled": False,
        "lastUpdate": last_update.isoformat(timespec="milliseconds"),
        "positionId": None,
        "groupId": 0,
        "phone": None,
        "model": None,
        "contact": None,
        "category": "car",
        "attributes": {},
    }


def _position(number: int, place: tuple[float, float], fixed_at: datetime, *, carried_over: bool) -> Json:
    heard_at = datetime.now(UTC) if carried_over else fixed_at
    return {
        "id": number + 1,
        "deviceId": number,
        "protocol": "jt808",
        "deviceTime": heard_at.isoformat(timespec="milliseconds"),
        "fixTime": fixed_at.isoformat(timespec="milliseconds"),
        "serverTime": heard_at.isoformat(timespec="milliseconds"),
        "outdated": carried_over,  # in the server's JSON, missing from its OpenAPI schema
        "valid": True,
        "latitude": place[0],
        "longitude": place[1],
        "altitude": 12.0,  # metres
        "speed": 0.0,  # knots
        "course": float(number % 360),
        "address": None,
        "accuracy": 8.0,  # metres
        "network": None,
        "geofenceIds": None,
        "attributes": {"ignition": False, "batteryLevel": 50 + number % 50},
    }
