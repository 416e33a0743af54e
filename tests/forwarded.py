"""Records as a Traccar server forwards them to Kafka, for every kind of test: the fields of its Position and
Device, in its spelling, with what Jackson writes for an instant."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds")


def forwarded(
    device: str, number: int = 7, *, age: timedelta = timedelta(minutes=1), **position: Any
) -> bytes:
    at = _instant(datetime.now(UTC) - age)
    told = {
        "id": number * 1000,
        "attributes": {"ignition": False, "motion": False, "distance": 0.0},
        "deviceId": number,
        "protocol": "jt808",
        "serverTime": at,
        "deviceTime": at,
        "fixTime": at,
        "outdated": False,
        "valid": True,
        "latitude": 31.230416,
        "longitude": 121.473701,
        "altitude": 12.0,
        "speed": 0.0,
        "course": 90.0,
        "address": None,
        "accuracy": 8.0,
        "network": None,
        "geofenceIds": None,
    }
    owner = {
        "id": number,
        "attributes": {},
        "groupId": 0,
        "calendarId": 0,
        "name": device,
        "uniqueId": device,
        "status": "online",
        "lastUpdate": at,
        "positionId": 0,
        "disabled": False,
        "expirationTime": None,
    }
    return json.dumps({"position": told | position, "device": owner}).encode()
