"""Vehicle positions from a Traccar-compatible server: units, ages, and what is no evidence of presence."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from recourse.gateways.traccar import TraccarLocator
from recourse.ports import NotHandedOver, RefusedByProvider
from recourse.service.keeping_positions import quality_of
from recourse.stack import StackAddresses
from tests.integration.gateways.conftest import Steer, closed_port, entries

FIX_TIME = "2026-03-01T16:00:00.000+08:00"
POSITION: dict[str, Any] = {
    "latitude": 31.2304,
    "longitude": 121.4737,
    "speed": 36.0,
    "accuracy": 12.5,
    "fixTime": FIX_TIME,
    "deviceTime": "2026-03-01T08:30:00.000+00:00",
    "serverTime": "2026-03-01T09:00:00.000+00:00",
}


@pytest.fixture
async def locator(stack: StackAddresses) -> AsyncIterator[TraccarLocator]:
    locator = TraccarLocator(stack.traccar_url, stack.traccar_token)
    yield locator
    await locator.close()


async def _seeded(traccar: Steer, **changes: Any) -> str:
    """A vehicle of the test's own whose tracker says POSITION, changed."""
    unique_id = secrets.token_hex(8)
    await traccar("devices", {"device": {"uniqueId": unique_id}, "position": POSITION | changes})
    return unique_id


async def test_a_fix_comes_in_our_units_with_its_datum_and_utc_times(
    locator: TraccarLocator, traccar: Steer
) -> None:
    fix = await locator.locate(await _seeded(traccar))
    assert fix is not None
    assert (fix.latitude, fix.longitude) == (31.2304, 121.4737)
    assert fix.source_datum == "WGS-84"  # not moved to the Chinese map datum
    assert fix.speed_mps == pytest.approx(18.52)  # 36 knots are 36 * 1852 m in 3600 s
    assert fix.accuracy_m == 12.5
    assert fix.fix_time == datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
    assert fix.received_time == datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
    assert fix.fix_time.utcoffset() == timedelta(0)
    assert (fix.valid, fix.carried_over, fix.source) == (True, False, "traccar")


async def test_the_age_is_that_of_the_satellites_not_of_the_report(
    locator: TraccarLocator, traccar: Steer
) -> None:
    fix = await locator.locate(await _seeded(traccar))
    assert fix is not None
    assert fix.age(datetime(2026, 3, 1, 9, 30, tzinfo=UTC)) == timedelta(hours=1, minutes=30)
    assert fix.age(datetime(2026, 3, 1, 7, 0, tzinfo=UTC)) == -timedelta(hours=1)  # its clock is ahead


async def test_the_answer_it_was_read_from_is_kept_as_a_digest(
    locator: TraccarLocator, traccar: Steer, stack: StackAddresses
) -> None:
    fix = await locator.locate(await _seeded(traccar))
    query = entries(stack.end_logs["traccar"], "call", path="/api/positions")[-1]["query"]
    headers = {"Authorization": f"Bearer {stack.traccar_token}"}
    async with httpx.AsyncClient(base_url=stack.traccar_url, headers=headers, trust_env=False) as client:
        raw = (await client.get(f"/api/positions?{query}")).content
    assert fix is not None
    assert fix.raw_sha256 == hashlib.sha256(raw).hexdigest()


async def test_a_carried_over_position_never_counts_as_presence_however_fresh_it_looks(
    locator: TraccarLocator, traccar: Steer
) -> None:
    fix = await locator.locate(await _seeded(traccar, outdated=True))
    copied = await locator.locate("DEMO-CN-7-STALE")
    for repeated in (fix, copied):
        assert repeated is not None
        assert repeated.carried_over
        assert quality_of(repeated, timedelta(0)) == "carried_over"


async def test_a_fix_the_tracker_itself_doubts_is_invalid(locator: TraccarLocator) -> None:
    fix = await locator.locate("DEMO-CN-7-INVALID")
    assert fix is not None
    assert not fix.valid
    assert quality_of(fix, timedelta(0)) == "invalid"


async def test_a_tracker_that_keeps_reporting_is_fresh_and_one_that_fell_silent_is_old(
    locator: TraccarLocator,
) -> None:
    online, silent = await locator.locate("DEMO-CN-7"), await locator.locate("DEMO-CN-7-OLD")
    assert online is not None
    assert silent is not None
    assert online.age(datetime.now(UTC)) < timedelta(minutes=11)
    assert silent.age(datetime.now(UTC)) > timedelta(days=9)
    assert not silent.carried_over


@pytest.mark.parametrize("device", ["DEMO-CN-7-NOFIX", "DEMO-CN-7-LOST", "860000000000000"])
async def test_a_tracker_that_is_unknown_or_never_had_a_fix_has_none(
    locator: TraccarLocator, device: str
) -> None:
    assert await locator.locate(device) is None


@pytest.mark.parametrize(
    "broken",
    [{"latitude": 91.0}, {"longitude": -181.0}, {"fixTime": None}, {"fixTime": "2026-03-01T08:00:00"}],
)
async def test_a_position_that_lies_nowhere_or_names_no_time_is_no_fix(
    locator: TraccarLocator, traccar: Steer, broken: dict[str, Any]
) -> None:
    assert await locator.locate(await _seeded(traccar, **broken)) is None


async def test_speed_and_accuracy_that_were_not_told_are_not_made_up(
    locator: TraccarLocator, traccar: Steer
) -> None:
    fix = await locator.locate(await _seeded(traccar, speed=None, accuracy=0.0))
    assert fix is not None
    assert (fix.speed_mps, fix.accuracy_m) == (None, None)


@pytest.mark.parametrize("status", [500, 503, 429])
async def test_a_provider_that_is_down_or_busy_may_be_asked_again(
    locator: TraccarLocator, traccar: Steer, status: int
) -> None:
    await traccar("outage", {"status": status})
    with pytest.raises(NotHandedOver, match=f"traccar_{status}"):
        await locator.locate("DEMO-CN-7")
    await traccar("outage", {"status": None})
    assert await locator.locate("DEMO-CN-7") is not None


async def test_a_provider_that_never_answers_may_be_asked_again(
    stack: StackAddresses, traccar: Steer
) -> None:
    await traccar("outage", {"status": 0})
    locator = TraccarLocator(stack.traccar_url, stack.traccar_token, timeout=0.3)
    with pytest.raises(NotHandedOver, match="no answer"):
        await locator.locate("DEMO-CN-7")
    await locator.close()


async def test_a_provider_that_is_not_there_may_be_asked_again() -> None:
    locator = TraccarLocator(f"http://127.0.0.1:{closed_port()}", "token", timeout=2)
    with pytest.raises(NotHandedOver, match="no answer"):
        await locator.locate("DEMO-CN-7")
    await locator.close()


async def test_a_wrong_token_is_about_us_and_names_no_device(stack: StackAddresses) -> None:
    locator = TraccarLocator(stack.traccar_url, "wrong")
    with pytest.raises(NotHandedOver) as refused:
        await locator.locate("DEMO-CN-7")
    assert str(refused.value) == "traccar_401: it refuses us; check the token"
    await locator.close()


async def test_a_redirect_is_not_taken_for_an_answer(locator: TraccarLocator, traccar: Steer) -> None:
    await traccar("outage", {"status": 302})
    with pytest.raises(RefusedByProvider, match="traccar_302"):
        await locator.locate("DEMO-CN-7")


async def test_a_user_without_the_right_to_read_is_about_us(locator: TraccarLocator, traccar: Steer) -> None:
    await traccar("outage", {"status": 403})
    with pytest.raises(NotHandedOver, match="traccar_403"):
        await locator.locate("DEMO-CN-7")
