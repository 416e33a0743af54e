"""The Traccar end answers as Traccar's own description says."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from recourse.stack import StackAddresses
from tests.integration.stack.conftest import logged

# Traccar's OpenAPI description, schemas Device and Position: the types a reader may meet.
TEXT, NUMBER, MAYBE = (str,), (int, float), (str, int, dict, list, type(None))
DEVICE = {
    "id": NUMBER,
    "uniqueId": TEXT,
    "status": TEXT,
    "disabled": (bool,),
    "lastUpdate": MAYBE,
    "positionId": MAYBE,
}
POSITION = {
    **dict.fromkeys(
        ("id", "deviceId", "latitude", "longitude", "altitude", "speed", "course", "accuracy"), NUMBER
    ),
    **dict.fromkeys(("protocol", "deviceTime", "fixTime", "serverTime"), TEXT),
    **{"valid": (bool,), "outdated": (bool,), "attributes": (dict,)},
}


@pytest.fixture
async def traccar(ends: StackAddresses) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {ends.traccar_token}"}
    async with httpx.AsyncClient(
        base_url=ends.traccar_url, headers=headers, trust_env=False, timeout=5
    ) as client:
        yield client
        await client.post("/_control/outage", json={"status": None})


async def _list(client: httpx.AsyncClient, path: str, **query: Any) -> list[dict[str, Any]]:
    response = await client.get(path, params=query)
    assert response.status_code == 200, response.text
    answer: list[dict[str, Any]] = response.json()
    return answer


async def _locate(client: httpx.AsyncClient, unique_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    [device] = await _list(client, "/api/devices", uniqueId=unique_id)
    [position] = await _list(client, "/api/positions", id=device["positionId"])
    return device, position


def _has(value: dict[str, Any], schema: dict[str, tuple[type, ...]]) -> bool:
    return all(name in value and isinstance(value[name], types) for name, types in schema.items())


def _age(position: dict[str, Any]) -> timedelta:
    return datetime.now(UTC) - datetime.fromisoformat(position["fixTime"])


async def test_a_vehicle_is_located_in_two_calls(traccar: httpx.AsyncClient, ends: StackAddresses) -> None:
    unique_id = f"DEMO-CN-{secrets.token_hex(4)}"
    device, position = await _locate(traccar, unique_id)
    assert _has(device, DEVICE)
    assert _has(position, POSITION)
    assert device["uniqueId"] == unique_id
    assert position["deviceId"] == device["id"]
    assert 18 < position["latitude"] < 54
    assert 73 < position["longitude"] < 135
    assert not position["outdated"]
    assert timedelta(0) <= _age(position) < timedelta(minutes=10)
    await logged(ends.end_logs["traccar"], "call", query=f"uniqueId={unique_id}", status=200, seconds=0)


async def test_the_same_vehicle_stands_in_the_same_place(traccar: httpx.AsyncClient) -> None:
    (_, first), (_, second) = await _locate(traccar, "DEMO-US-1"), await _locate(traccar, "DEMO-US-1")
    assert (first["latitude"], first["longitude"]) == (second["latitude"], second["longitude"])


async def test_what_a_tracker_says_follows_from_its_id(traccar: httpx.AsyncClient) -> None:
    device, stale = await _locate(traccar, "DEMO-1-STALE")
    assert device["status"] == "online"
    assert stale["outdated"]
    assert _age(stale) > timedelta(days=2)
    device, old = await _locate(traccar, "DEMO-1-OLD")
    assert device["status"] == "offline"
    assert not old["outdated"]
    assert _age(old) > timedelta(days=9)
    assert not (await _locate(traccar, "DEMO-1-INVALID"))[1]["valid"]
    [nofix] = await _list(traccar, "/api/devices", uniqueId="DEMO-1-NOFIX")
    assert nofix["positionId"] is None
    assert await _list(traccar, "/api/devices", uniqueId="DEMO-1-LOST") == []
    assert await _list(traccar, "/api/devices", uniqueId="860000000000000") == []
    assert await _list(traccar, "/api/positions", id=1) == []


async def test_a_seeded_vehicle_is_told_as_it_was_given(traccar: httpx.AsyncClient) -> None:
    unique_id = secrets.token_hex(8)
    fix = {"latitude": 34.05, "longitude": -118.24, "speed": 38.9, "fixTime": "2026-03-01T08:00:00.000+00:00"}
    seed = {"device": {"uniqueId": unique_id, "status": "unknown"}, "position": fix}
    assert (await traccar.post("/_control/devices", json=seed)).status_code == 200
    device, position = await _locate(traccar, unique_id)
    assert device["status"] == "unknown"
    assert {name: position[name] for name in fix} == fix
    during = {"from": "2026-03-01T00:00:00Z", "to": "2026-03-02T00:00:00Z"}
    assert await _list(traccar, "/api/positions", deviceId=device["id"], **during) == [position]
    after = {"from": "2026-03-02T00:00:00Z", "to": "2026-03-03T00:00:00Z"}
    assert await _list(traccar, "/api/positions", deviceId=device["id"], **after) == []
    assert position in await _list(traccar, "/api/positions")


async def test_a_device_without_a_time_span_is_a_bad_request(traccar: httpx.AsyncClient) -> None:
    assert (await traccar.get("/api/positions", params={"deviceId": 7})).status_code == 400


async def test_only_the_server_page_is_open_to_strangers(
    traccar: httpx.AsyncClient, ends: StackAddresses
) -> None:
    async with httpx.AsyncClient(base_url=ends.traccar_url, trust_env=False) as stranger:
        assert (await stranger.get("/api/server")).status_code == 200
        for wrong in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic wrong"}):
            assert (await stranger.get("/api/devices", headers=wrong)).status_code == 401
        basic = httpx.BasicAuth("recourse", ends.traccar_token)
        assert (
            await stranger.get("/api/devices", params={"uniqueId": "DEMO-1"}, auth=basic)
        ).status_code == 200


async def test_an_outage_refuses_or_hangs_and_is_counted(traccar: httpx.AsyncClient) -> None:
    before = (await traccar.get("/_control/calls")).json().get("/api/devices", 0)
    await traccar.post("/_control/outage", json={"status": 503})
    assert (await traccar.get("/api/devices", params={"uniqueId": "DEMO-1"})).status_code == 503
    await traccar.post("/_control/outage", json={"status": 0})
    with pytest.raises(httpx.ReadTimeout):
        await traccar.get("/api/devices", params={"uniqueId": "DEMO-1"}, timeout=0.3)
    await traccar.post("/_control/outage", json={"status": None})
    assert len(await _list(traccar, "/api/devices", uniqueId="DEMO-1")) == 1
    assert (await traccar.get("/_control/calls")).json()["/api/devices"] == before + 3
