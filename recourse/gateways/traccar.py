"""Vehicle positions from a Traccar server (API 6): device by unique id, then its last position.

The usual mistakes this file exists to avoid: speed comes in knots, an age may only be computed from
`fixTime`, and `outdated` (missing from the published schema) marks a position that was merely repeated.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

import httpx

from recourse.gateways.http import check
from recourse.ports import Fix, NotHandedOver, RefusedByProvider

KNOT_MPS = 1852 / 3600
"""One knot is a nautical mile, 1,852 m, an hour."""


class TraccarLocator:
    """A user without command rights is enough: this only reads. timeout: seconds a call."""

    def __init__(self, url: str, token: str, *, timeout: float = 10) -> None:
        self._client = httpx.AsyncClient(
            base_url=url.rstrip("/"), headers={"Authorization": f"Bearer {token}"}, timeout=timeout
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def locate(self, device_id: str) -> Fix | None:
        devices = await self._get("/api/devices", {"uniqueId": device_id})
        found = _list(devices)
        position_id = found[0].get("positionId") if found else None
        if not position_id:
            return None
        response = await self._get("/api/positions", {"id": str(position_id)})
        positions = _list(response)
        return _fix(positions[0], response.content) if positions else None

    async def _get(self, path: str, params: dict[str, str]) -> httpx.Response:
        try:
            response = await self._client.get(path, params=params)
        except httpx.HTTPError:
            raise NotHandedOver("traccar: no answer") from None
        check("traccar", response)
        return response


def _list(response: httpx.Response) -> list[dict[str, Any]]:
    try:
        value = response.json()
    except ValueError:
        raise RefusedByProvider("traccar_not_json") from None
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise RefusedByProvider("traccar_unexpected_shape")
    return value


def _fix(position: dict[str, Any], raw: bytes) -> Fix | None:
    """None for a position that lies nowhere on earth or names no time."""
    try:
        latitude, longitude = float(position["latitude"]), float(position["longitude"])
        fix_time, received = _instant(position["fixTime"]), _instant(position["serverTime"])
    except (KeyError, TypeError, ValueError):
        return None
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        return None
    speed, accuracy = position.get("speed"), position.get("accuracy")
    return Fix(
        latitude=latitude,
        longitude=longitude,
        fix_time=fix_time,
        received_time=received,
        speed_mps=None if speed is None else float(speed) * KNOT_MPS,
        accuracy_m=float(accuracy) if accuracy else None,
        valid=bool(position.get("valid", False)),
        carried_over=bool(position.get("outdated", False)),
        source_datum="WGS-84",
        source="traccar",
        raw_sha256=hashlib.sha256(raw).hexdigest(),
    )


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("no offset")
    return instant.astimezone(UTC)
