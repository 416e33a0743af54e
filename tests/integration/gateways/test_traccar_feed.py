"""What a Traccar server forwards is read strictly: whose it is first, then where; errors show no value."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recourse.contracts.events import MAX_BYTES, Refused, RefusedCode
from recourse.gateways.traccar_feed import TraccarFeed
from tests.forwarded import forwarded

FEED = TraccarFeed()
SECRET = "DEV-SECRET-1"


def test_a_record_tells_whose_it_is_and_where_in_our_units() -> None:
    value = forwarded(SECRET, speed=38.9, outdated=True)
    fix = FEED.fix_of(value)
    assert FEED.device_of(value) == SECRET
    assert (fix.latitude, fix.longitude, fix.accuracy_m) == (31.230416, 121.473701, 8.0)
    assert fix.speed_mps is not None
    assert abs(fix.speed_mps - 20.0119) < 0.001  # knots
    assert (fix.carried_over, fix.valid, fix.source) == (True, True, "traccar-feed")
    assert timedelta() < datetime.now(UTC) - fix.fix_time < timedelta(minutes=2)


def test_a_tracker_that_never_had_a_fix_is_carried_over_from_1980_and_no_presence() -> None:
    never: dict[str, Any] = {
        "outdated": True,
        "fixTime": "1980-01-06T00:00:00.000+00:00",
        "latitude": 0.0,
        "longitude": 0.0,
    }
    fix = FEED.fix_of(forwarded(SECRET, **never))
    assert (fix.carried_over, fix.fix_time.year) == (True, 1980)


def _without(*path: str) -> bytes:
    record: dict[str, Any] = json.loads(forwarded(SECRET))
    *before, last = path
    inner = record
    for name in before:
        inner = inner[name]
    del inner[last]
    return json.dumps(record).encode()


@pytest.mark.parametrize(
    ("value", "code", "field"),
    [
        (None, RefusedCode.NO_VALUE, "value"),
        (b"\xff", RefusedCode.NOT_UTF8, "value"),
        (b"{", RefusedCode.NOT_JSON, "value"),
        (b"[]", RefusedCode.INVALID_DATA, "value"),
        (b" " * (MAX_BYTES + 1), RefusedCode.TOO_LARGE, "value"),
        (_without("device"), RefusedCode.INVALID_DATA, "device"),
        (_without("device", "uniqueId"), RefusedCode.INVALID_DATA, "device.uniqueId"),
    ],
)
def test_what_does_not_say_whose_it_is_is_refused_by_its_field(
    value: bytes | None, code: RefusedCode, field: str
) -> None:
    with pytest.raises(Refused) as refused:
        FEED.device_of(value)
    assert (refused.value.code, refused.value.field) == (code, field)


@pytest.mark.parametrize(
    ("value", "field"),
    [
        (_without("position"), "position"),
        (_without("position", "fixTime"), "position"),
        (forwarded(SECRET, latitude=91.5), "position"),
        (forwarded(SECRET, fixTime="2026-11-06T04:00:00"), "position"),
        (forwarded(SECRET, deviceId=8), "position.deviceId"),
    ],
)
def test_a_position_that_is_none_or_somebody_elses_is_refused_and_not_shown(value: bytes, field: str) -> None:
    with pytest.raises(Refused) as refused:
        FEED.fix_of(value)
    assert refused.value.field == field
    assert not [part for part in (SECRET, "31.23", "91.5") if part in str(refused.value)]


@given(
    st.binary()
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.sampled_from(["device", "position", "uniqueId"]), inner)
        ),
    ).map(lambda value: json.dumps(value).encode())
)
def test_whatever_comes_is_read_or_refused(value: bytes) -> None:
    for read in (FEED.device_of, FEED.fix_of):
        with suppress(Refused):
            read(value)
