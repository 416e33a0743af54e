"""The feed of positions: only of vehicles that may be located, only the newest, and it gives no leave."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import timedelta
from functools import partial

import pytest

from activities.locating import LocatingActivities
from recourse.contracts.messages import StepCommand
from recourse.domain.law.verdict import Refused
from recourse.domain.positions import LocationPurpose, coarse
from recourse.domain.situation import HoldReason
from recourse.ports import Fix
from recourse.service import feeding, position_reads
from recourse.service.feeding import Taken
from recourse.service.keeping_positions import place_of
from recourse.storage import positions
from recourse.storage.positions import Heard, Shown
from tests.integration.conftest import World
from tests.integration.service.conftest import CIPHER, OpenCase, open_case
from tests.integration.service.located import FIELD, Tracker, desk, fix, granted
from tests.integration.service.permitted import hold

DEVICE = "DEMO-CN-1"
RECENT = timedelta(minutes=5)


@pytest.fixture
async def case(world: World) -> OpenCase:
    case = await open_case(world, days=FIELD, device=DEVICE)
    await case.reach("locate_vehicle")
    await world.execute("UPDATE collection_case SET stage = 'field'")
    return case


async def _take(world: World, *fixes: Fix, device: str = DEVICE) -> Taken:
    records: dict[str, Sequence[Fix]] = {device: fixes}
    take = partial(feeding.take, cipher=CIPHER, records=records, read=lambda one: one)
    return await world.services.run(take)


async def _heard(world: World) -> Heard | None:
    async with world.services.database.reading() as tx:
        from recourse.domain.ids import LoanId

        return await positions.heard(tx, CIPHER, LoanId("L-1"))


async def test_of_a_vehicle_that_nobody_may_locate_nothing_is_read_or_kept(
    world: World, case: OpenCase
) -> None:
    def never(_: Fix) -> Fix | None:
        pytest.fail("it was read")

    records = {DEVICE: [fix()], "DEMO-CN-2": [fix(), fix()]}
    take = partial(feeding.take, cipher=CIPHER, records=records, read=never)
    assert await world.services.run(take) == Taken(unread=3)
    assert await world.scalar("SELECT count(*) FROM position_feed") == 0


async def test_late_doubled_and_out_of_order_fixes_leave_the_newest_and_never_a_trail(
    world: World, case: OpenCase
) -> None:
    await granted(world, case)
    old, new = fix(timedelta(minutes=9)), fix(timedelta(minutes=2), latitude=31.3)
    assert await _take(world, new, old) == Taken(kept=1, old=1)
    assert await _take(world, old, old) == Taken(old=2)
    assert await _take(world, new) == Taken(old=1)
    heard = await _heard(world)
    assert heard is not None
    assert (heard.place, heard.order.fix_time) == (place_of(new), new.fix_time)
    assert await world.scalar("SELECT count(*) FROM position_feed") == 1
    assert await world.scalar("SELECT count(*) FROM location_fix") == 0  # nobody has read anything


async def test_a_carried_over_fix_takes_no_place_of_a_true_one_and_a_clock_far_ahead_blocks_nothing(
    world: World, case: OpenCase
) -> None:
    await granted(world, case)
    true = fix(timedelta(minutes=5))
    copied = dataclasses.replace(true, carried_over=True, received_time=fix().received_time)
    assert await _take(world, true) == Taken(kept=1)
    assert await _take(world, copied, fix(-timedelta(days=400))) == Taken(old=2)
    heard = await _heard(world)
    assert heard is not None
    assert not heard.order.carried_over
    later = fix(timedelta(minutes=4), carried_over=True)
    assert await _take(world, later) == Taken(kept=1)
    read = await desk(world, Tracker(), RECENT).locate((await granted(world, case)).id, "read-1", "desk-1")
    assert isinstance(read, Shown)
    assert read.reading.quality == "carried_over"  # its mark stays, and it is no presence


async def test_a_reading_takes_what_was_heard_and_asks_the_server_when_the_feed_is_silent(
    world: World, case: OpenCase
) -> None:
    row, tracker = await granted(world, case), Tracker(fix(latitude=31.9))
    heard = fix(timedelta(minutes=3))
    await _take(world, heard)
    first = await desk(world, tracker, RECENT).locate(row.id, "read-1", "desk-1")
    assert isinstance(first, Shown)
    assert (first.place, first.reading.source, tracker.asked) == (place_of(heard), "traccar-feed", 0)
    await world.execute("UPDATE position_feed SET heard_at = heard_at - interval '6 minutes'")
    second = await desk(world, tracker, RECENT).locate(row.id, "read-2", "desk-1")
    assert isinstance(second, Shown)
    assert (second.reading.source, tracker.asked) == ("traccar", 1)


async def test_where_no_more_may_be_known_the_feed_keeps_a_cell_and_an_exact_reading_asks_the_server(
    world: World, case: OpenCase
) -> None:
    assess = await granted(world, case, LocationPurpose.ASSESS_RECOVERY)
    await _take(world, fix())
    heard = await _heard(world)
    assert heard is not None
    assert heard.place == coarse(place_of(fix()), 5)
    visit, tracker = await granted(world, case, request_id="r-2"), Tracker()
    for row, calls in ((assess, 0), (visit, 1)):
        assert isinstance(await desk(world, tracker, RECENT).locate(row.id, "read-1", "d"), Shown)
        assert tracker.asked == calls


async def test_what_was_kept_goes_with_the_last_request_of_the_vehicle(world: World, case: OpenCase) -> None:
    first = await granted(world, case)
    await granted(world, case, request_id="r-2")
    await _take(world, fix())
    await world.services.run(partial(position_reads.end, request_id=first.id, code="found", actor="desk-1"))
    assert await _heard(world) is not None
    await hold(world, case, HoldReason.HARDSHIP)
    assert await _heard(world) is None
    assert await _take(world, fix()) == Taken(unread=1)
    refused = await desk(world, Tracker(), RECENT).locate(first.id, "read-1", "desk-1")
    assert isinstance(refused, Refused)


async def test_the_ladders_own_reading_takes_what_was_heard_too(world: World) -> None:
    case = await open_case(world, days=FIELD, device=DEVICE)
    plan = await case.reach("locate_vehicle")
    command, tracker = StepCommand(case.id, "locate_vehicle", plan.number), Tracker()
    await granted(world, case, LocationPurpose.ASSESS_RECOVERY)
    await _take(world, fix())
    locating = LocatingActivities(world.services, tracker, CIPHER, heard_within=RECENT)
    result = await locating.locate(command)
    assert (result.outcome, result.code, tracker.asked) == ("done", "fresh", 0)
    (kept,) = await world.rows("SELECT source, precision, request_id FROM location_fix")
    assert (kept["source"], kept["precision"]) == ("traccar-feed", "coarse")
