"""Vehicle positions from a Traccar server (API 6): device by unique id, then its last position.

The usual mistakes this file exists to avoid: speed comes in knots, an age may only be computed from
`fixTime`, and `outdated` (missing from the published schema) marks a position that was merely repeated.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from recourse.gateways.http import check, parsed, trusted
from recourse.ports import Fix, NotHandedOver, RefusedByProvider

KNOT_MPS = 1852 / 3600
"""One knot is a nautical mile, 1,852 m, an hour."""


@dataclass(frozen=True, slots=True)
class Rights:
    """What the server lets our user do besides reading. can_command: send what a tracker would obey. saved:
    commands that are linked to him, which he may send however limited he is. can_change: devices, settings or
    other users."""

    administrator: bool
    can_command: bool
    saved: int
    can_change: bool


class TraccarLocator:
    """A user without command rights is enough: this only reads. timeout: seconds a call."""

    def __init__(self, url: str, token: str, *, timeout: float = 10) -> None:
        self._client = httpx.AsyncClient(
            base_url=url.rstrip("/"),
            headers={"Authorization": f"Bearer {token}"},
            timeout=timeout,
            verify=trusted(),
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def locate(self, device_id: str) -> Fix | None:
        devices = _list(await self._get("/api/devices", {"uniqueId": device_id}))
        device = _only(devices, uniqueId=device_id)
        number, position_id = _id(device, "id"), _id(device, "positionId")
        if number is None or position_id is None:
            return None
        response = await self._get("/api/positions", {"id": str(position_id)})
        position = _only(_list(response), id=position_id, deviceId=number)
        return fix_of(position, response.content)

    async def rights(self) -> Rights:
        """What our user may do beyond what we need. The token stands in the address of one call, as this
        server wants it: it is for an examination, not for every day. Raises as `locate` does."""
        token = self._client.headers["Authorization"].removeprefix("Bearer ")
        user = _object(await self._get("/api/session", {"token": token}))
        server = _object(await self._get("/api/server", {}))
        saved = _list(await self._get("/api/commands", {}))
        admin, managed = user.get("administrator") is True, user.get("userLimit") not in (0, None)

        def limited(*names: str) -> bool:
            return any(place.get(name) is True for place in (user, server) for name in names)

        return Rights(
            administrator=admin,
            can_command=admin or not limited("limitCommands"),
            saved=len(saved),
            can_change=admin or managed or not limited("readonly"),
        )

    async def _get(self, path: str, params: dict[str, str]) -> httpx.Response:
        try:
            response = await self._client.get(path, params=params)
        except httpx.HTTPError:
            raise NotHandedOver("traccar: no answer") from None
        check("traccar", response)
        return response


def _object(response: httpx.Response) -> dict[str, Any]:
    try:
        value = parsed(response)
    except ValueError:
        raise RefusedByProvider("traccar_not_json") from None
    if not isinstance(value, dict):
        raise RefusedByProvider("traccar_unexpected_shape")
    return value


def _list(response: httpx.Response) -> list[dict[str, Any]]:
    try:
        value = parsed(response)
    except ValueError:
        raise RefusedByProvider("traccar_not_json") from None
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise RefusedByProvider("traccar_unexpected_shape")
    return value


def _only(found: list[dict[str, Any]], **named: object) -> dict[str, Any]:
    """The one that bears the names asked for; empty when there is none. A server that does not know the
    parameter answers with everything, and the first of that is somebody else's."""
    return next((one for one in found if all(one.get(name) == it for name, it in named.items())), {})


def _id(item: dict[str, Any], name: str) -> int | None:
    value = item.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def fix_of(position: dict[str, Any], raw: bytes, source: str = "traccar") -> Fix | None:
    """None for a position that lies nowhere on earth or names no time."""
    latitude, longitude = _number(position, "latitude"), _number(position, "longitude")
    fix_time, received = _instant(position.get("fixTime")), _instant(position.get("serverTime"))
    if latitude is None or longitude is None or fix_time is None or received is None:
        return None
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        return None
    speed, accuracy = _number(position, "speed"), _number(position, "accuracy")
    return Fix(
        latitude=latitude,
        longitude=longitude,
        fix_time=fix_time,
        received_time=received,
        speed_mps=None if speed is None or speed < 0 else speed * KNOT_MPS,
        accuracy_m=accuracy if accuracy and accuracy > 0 else None,
        valid=position.get("valid") is True,
        carried_over=position.get("outdated", False) not in (False, None),
        source_datum="WGS-84",
        source=source,
        raw_sha256=hashlib.sha256(raw).hexdigest(),
    )


def _number(position: dict[str, Any], name: str) -> float | None:
    """A finite one. `true` is a number to Python, and NaN and an integer of 400 digits are JSON to it."""
    value = position.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _instant(text: object) -> datetime | None:
    """In UTC; one without an offset is none."""
    if not isinstance(text, str):
        return None
    try:
        instant = datetime.fromisoformat(text)
        return instant.astimezone(UTC) if instant.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None
