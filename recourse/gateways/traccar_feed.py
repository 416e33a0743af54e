"""Positions that a Traccar server forwards to Kafka (`forward.type` kafka, read in its sources at API 6.14):
the key is the server's own number of the device, the value `{"position": {...}, "device": {...}}`.

A position carries no unique id and its `deviceId` is the server's number, so the device beside it says whose
it is. What it forwards has passed the same pipeline as what it stores: `outdated` marks a fix that was copied
from the last one, or, where there was none, a fix of 1980 at 0, 0.
"""

from __future__ import annotations

from typing import Any, Final

from recourse.contracts.events import MAX_BYTES, Refused, RefusedCode
from recourse.contracts.events.strict_json import loads
from recourse.gateways.traccar import fix_of
from recourse.ports import Fix

SOURCE: Final = "traccar-feed"


class TraccarFeed:
    def device_of(self, value: bytes | None) -> str:
        device = _part(_record(value), "device").get("uniqueId")
        if not isinstance(device, str) or not device:
            raise Refused(RefusedCode.INVALID_DATA, "device.uniqueId", "must be a text that is not empty")
        return device

    def fix_of(self, value: bytes) -> Fix:
        record = _record(value)
        device, position = _part(record, "device"), _part(record, "position")
        if position.get("deviceId") != device.get("id"):
            raise Refused(
                RefusedCode.INVALID_DATA, "position.deviceId", "is not the id of the device beside it"
            )
        fix = fix_of(position, value, SOURCE)
        if fix is None:
            fields = "latitude, longitude, fixTime, serverTime"
            raise Refused(
                RefusedCode.INVALID_DATA, "position", f"needs {fields}, on earth and with an offset"
            )
        return fix


def _record(value: bytes | None) -> dict[str, Any]:
    if value is None:
        raise Refused(RefusedCode.NO_VALUE, "value", "a position has one")
    if len(value) > MAX_BYTES:
        raise Refused(RefusedCode.TOO_LARGE, "value", f"at most {MAX_BYTES} bytes")
    record = loads(value)
    if not isinstance(record, dict):
        raise Refused(RefusedCode.INVALID_DATA, "value", "must be an object with position and device")
    return record


def _part(record: dict[str, Any], name: str) -> dict[str, Any]:
    part = record.get(name)
    if not isinstance(part, dict):
        raise Refused(RefusedCode.INVALID_DATA, name, "must be an object")
    return part
