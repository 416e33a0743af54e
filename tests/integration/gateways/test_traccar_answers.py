"""Whatever a Traccar server answers: a fix of the vehicle asked for, none, or an error of the port."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recourse.gateways.traccar import TraccarLocator
from recourse.ports import Fix, NotHandedOver, RefusedByProvider
from tests.integration.gateways.conftest import scripted_http

DEVICE = {"id": 7, "uniqueId": "T-7", "positionId": 70}
POSITION = {
    "id": 70,
    "deviceId": 7,
    "latitude": 31.2304,
    "longitude": 121.4737,
    "speed": 36.0,
    "accuracy": 12.5,
    "valid": True,
    "outdated": False,
    "fixTime": "2026-03-01T08:00:00.000+00:00",
    "serverTime": "2026-03-01T09:00:00.000+00:00",
}


async def _answered(devices: Any, positions: Any) -> Fix | None:
    answers = {"/api/devices": json.dumps(devices).encode(), "/api/positions": json.dumps(positions).encode()}
    async with scripted_http(answers) as url:
        locator = TraccarLocator(url, "token", timeout=5)
        try:
            return await locator.locate("T-7")
        finally:
            await locator.close()


async def test_the_answer_that_the_others_differ_from_gives_a_fix() -> None:
    fix = await _answered([DEVICE], [POSITION])
    assert fix is not None
    assert (fix.latitude, fix.valid, fix.carried_over) == (31.2304, True, False)


@pytest.mark.parametrize(
    "devices",
    [
        [DEVICE | {"uniqueId": "T-8"}],
        [DEVICE | {"uniqueId": "t-7"}],
        [DEVICE | {"uniqueId": 7}],
        [{"id": 7, "positionId": 70}],
        [DEVICE | {"id": 8, "uniqueId": "T-8"}, DEVICE | {"id": 9, "uniqueId": "T-9"}],
    ],
    ids=["another", "other case", "a number", "unnamed", "all vehicles"],
)
async def test_a_vehicle_that_was_not_asked_for_is_no_answer(devices: Any) -> None:
    """A server that does not know the parameter answers with all vehicles: the first is somebody else's."""
    assert await _answered(devices, [POSITION]) is None


async def test_the_vehicle_asked_for_is_found_among_others() -> None:
    others = [DEVICE | {"id": n, "uniqueId": f"T-{n}", "positionId": n * 10} for n in (8, 9)]
    of_others = [POSITION | {"id": 80, "deviceId": 8, "latitude": 1.0}]
    fix = await _answered([others[0], DEVICE, others[1]], [*of_others, POSITION])
    assert fix is not None
    assert fix.latitude == 31.2304


@pytest.mark.parametrize(
    "changed",
    [{"id": 71}, {"deviceId": 8}, {"id": "70"}, {"id": None}, {"deviceId": None}],
)
async def test_a_position_of_another_vehicle_is_no_fix(changed: dict[str, Any]) -> None:
    assert await _answered([DEVICE], [POSITION | changed]) is None


@pytest.mark.parametrize("position_id", [None, 0, -1, "70", 70.0, True, [70], {"id": 70}])
async def test_a_position_id_that_is_none_asks_for_nothing(position_id: Any) -> None:
    assert await _answered([DEVICE | {"positionId": position_id}], [POSITION]) is None


NUMBERS: list[Any] = [None, True, "31.2", "far away", [31.2], {}, math.nan, math.inf, -math.inf, 200, 10**400]
TIMES: list[Any] = [
    None,
    17,
    True,
    [],
    "",
    "soon",
    "2026-03-01",
    "2026-03-01T08:00:00",
    "0001-01-01T00:00:00+14:00",
]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[
            (name, value)
            for name in ("latitude", "longitude")
            for value in NUMBERS
            if value != 200 or name == "latitude"
        ],
        *[(name, value) for name in ("fixTime", "serverTime") for value in TIMES],
    ],
)
async def test_a_place_or_time_that_is_none_is_no_fix(name: str, value: Any) -> None:
    assert await _answered([DEVICE], [POSITION | {name: value}]) is None


@pytest.mark.parametrize("value", [*NUMBERS[:-2], -1, 10**400])
@pytest.mark.parametrize(("name", "field"), [("speed", "speed_mps"), ("accuracy", "accuracy_m")])
async def test_a_speed_or_accuracy_that_is_none_is_not_told(name: str, field: str, value: Any) -> None:
    fix = await _answered([DEVICE], [POSITION | {name: value}])
    assert fix is not None
    assert getattr(fix, field) is None


@pytest.mark.parametrize("value", ["false", "true", 1, None, [], {}])
async def test_a_validity_that_is_no_yes_is_a_no_and_a_doubt_that_is_no_no_is_a_yes(value: Any) -> None:
    fix = await _answered([DEVICE], [POSITION | {"valid": value, "outdated": value}])
    assert fix is not None
    assert (fix.valid, fix.carried_over) == (False, value is not None)


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff", b"{}", b"[1]", b"[null]", b'"x"', b"[" * 100_000])
@pytest.mark.parametrize("path", ["/api/devices", "/api/positions"])
async def test_an_answer_of_another_shape_is_the_providers_no(path: str, body: bytes) -> None:
    good = {"/api/devices": json.dumps([DEVICE]).encode(), "/api/positions": json.dumps([POSITION]).encode()}
    async with scripted_http({**good, path: body}) as url:
        locator = TraccarLocator(url, "token", timeout=5)
        with pytest.raises(RefusedByProvider, match="traccar_"):
            await locator.locate("T-7")
        await locator.close()


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=9), inner, max_size=2),
    max_leaves=4,
)


@settings(max_examples=80, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(POSITION)), _JSON, max_size=4))
async def test_whatever_a_position_says_a_fix_lies_on_earth_at_an_instant(changed: dict[str, Any]) -> None:
    try:
        fix = await _answered([DEVICE], [POSITION | changed])
    except (NotHandedOver, RefusedByProvider):
        return
    if fix is not None:
        assert -90 <= fix.latitude <= 90
        assert -180 <= fix.longitude <= 180
        assert fix.fix_time.tzinfo is fix.received_time.tzinfo is UTC
        assert datetime(1, 1, 1, tzinfo=UTC) < fix.fix_time
        assert fix.speed_mps is None or 0 <= fix.speed_mps < math.inf
        assert fix.accuracy_m is None or 0 < fix.accuracy_m < math.inf
