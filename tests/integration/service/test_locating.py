"""Reading the vehicle's position: for a purpose, on consent, and only a fresh true fix is presence."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from temporalio.exceptions import ApplicationError

from activities.locating import LocatingActivities
from recourse.contracts.messages import StepCommand, StepResult
from recourse.domain.ids import LoanId
from recourse.domain.situation import HoldReason
from recourse.gateways.traccar import TraccarLocator
from recourse.ports import Fix
from recourse.service import locating, position_reads, recovering
from recourse.service.noting import HoldRequest, place_hold
from recourse.stack import StackAddresses
from tests import opened
from tests.events import payment
from tests.integration.conftest import World
from tests.integration.gateways.conftest import Steer, closed_port, entries, traccar  # noqa: F401 - fixture
from tests.integration.service.conftest import CIPHER, NOON, open_case
from tests.integration.service.located import Tracker, ended

PAST_THE_NOTICES = 26
"""Days past due at which the position is the next step: every earlier reminder has had its time."""


@pytest.fixture
async def locator(stack: StackAddresses) -> AsyncIterator[TraccarLocator]:
    locator = TraccarLocator(stack.traccar_url, stack.traccar_token)
    yield locator
    await locator.close()


async def _due(world: World, device: str | None, loan: str = "L-1", **snapshot: object) -> StepCommand:
    """A case whose next step, due now, is to locate the vehicle."""
    case = await open_case(world, loan, days=PAST_THE_NOTICES, device=device, **snapshot)
    plan = await case.reach("locate_vehicle")
    return StepCommand(case.id, "locate_vehicle", plan.number)


def _calls(stack: StackAddresses, device: str) -> int:
    return len(entries(stack.end_logs["traccar"], "call", query=f"uniqueId={device}"))


async def test_a_fresh_fix_is_kept_with_its_purpose_and_basis_and_the_ladder_goes_on(
    world: World, locator: TraccarLocator
) -> None:
    command = await _due(world, "DEMO-CN-21")
    result = await LocatingActivities(world.services, locator, CIPHER).locate(command)
    assert (result.outcome, result.code) == ("done", "fresh")
    assert result.plan.step_id == "call_lead"
    fix = (await world.rows("SELECT * FROM location_fix"))[0]
    assert (fix["purpose"], fix["basis"], fix["source"]) == ("assess_recovery", "consent", "traccar")
    assert datetime.now(UTC) - fix["fix_time"] < timedelta(minutes=11)
    (request,) = await world.rows("SELECT * FROM location_request")
    assert (fix["request_id"], fix["precision"], fix["actor"]) == (request["id"], "coarse", "system")
    assert (request["purpose"], request["basis"], request["granted_by"]) == (
        "assess_recovery",
        "consent",
        "system",
    )
    assert request["basis_proof"] == "consented on 2026-01-01"
    events = await world.rows("SELECT event FROM step WHERE event LIKE 'location%' ORDER BY id")
    assert [row["event"] for row in events] == ["location_requested", "location_read"]
    assert (fix["latitude"], fix["longitude"], fix["raw_sha256"]) == (None, None, None)
    assert await world.scalar("SELECT data->>'quality' FROM outbox WHERE type LIKE '%located%'") == "fresh"


@pytest.mark.parametrize(
    ("device", "quality"),
    [("DEMO-CN-22-OLD", "stale"), ("DEMO-CN-22-STALE", "carried_over"), ("DEMO-CN-22-INVALID", "invalid")],
)
async def test_a_position_that_proves_no_presence_is_kept_but_sends_a_person_to_look(
    world: World, locator: TraccarLocator, device: str, quality: str
) -> None:
    command = await _due(world, device)
    result = await LocatingActivities(world.services, locator, CIPHER).locate(command)
    assert (result.outcome, result.code) == ("unable", quality)
    assert result.plan.step_id == "locate_by_hand"
    assert await world.scalar("SELECT count(*) FROM location_fix") == 1


@pytest.mark.parametrize("device", ["DEMO-CN-23-NOFIX", "DEMO-CN-23-LOST"])
async def test_a_tracker_without_a_fix_sends_a_person_to_look(
    world: World, locator: TraccarLocator, device: str
) -> None:
    command = await _due(world, device)
    result = await LocatingActivities(world.services, locator, CIPHER).locate(command)
    assert (result.outcome, result.code, result.plan.step_id) == ("unable", "no_fix", "locate_by_hand")
    assert await world.scalar("SELECT count(*) FROM location_fix") == 0


async def test_the_age_of_a_fix_counts_from_real_now_not_from_when_the_provider_heard_it(
    world: World,
    locator: TraccarLocator,
    traccar: Steer,  # noqa: F811 - the fixture
) -> None:
    edges = ((47, "fresh"), (49, "stale"), (-0.1, "fresh"), (-0.3, "invalid"))  # negative: its clock is ahead
    for number, (hours, quality) in enumerate(edges):
        device = f"EDGE-{number}"
        at = (datetime.now(UTC) - timedelta(hours=hours)).isoformat()
        position = {"latitude": 31.2, "longitude": 121.5, "fixTime": at, "serverTime": at, "deviceTime": at}
        await traccar("devices", {"device": {"uniqueId": device}, "position": position})
        command = await _due(world, device, f"L-{device}")
        assert (await LocatingActivities(world.services, locator, CIPHER).locate(command)).code == quality


async def test_without_a_tracker_on_consent_it_is_refused_with_its_source_and_nobody_is_asked(
    world: World, locator: TraccarLocator
) -> None:
    command = await _due(world, None)
    result = await LocatingActivities(world.services, locator, CIPHER).locate(command)
    assert (result.outcome, result.code) == ("refused", "no_lawful_basis")
    assert result.plan.step_id == "locate_by_hand"
    refused = (await world.rows("SELECT source FROM step WHERE code = 'no_lawful_basis'"))[0]
    assert "个人信息保护法" in refused["source"]


async def test_a_tracker_whose_consent_is_missing_is_not_asked(
    world: World, locator: TraccarLocator, stack: StackAddresses
) -> None:
    command = await _due(world, "DEMO-CN-24", gps_consent=None)
    assert (await opened.vehicle_of(world, "L-1"))["gps_device_id"] == "DEMO-CN-24"
    result = await LocatingActivities(world.services, locator, CIPHER).locate(command)
    assert result.code == "no_lawful_basis"
    assert _calls(stack, "DEMO-CN-24") == 0


async def test_a_payment_or_a_hold_before_the_reading_stops_it(
    world: World, locator: TraccarLocator, stack: StackAddresses
) -> None:
    command = await _due(world, "DEMO-CN-25")
    hold = HoldRequest(HoldReason.HARDSHIP, "agent-1", "test", loan_id=LoanId("L-1"))
    await world.services.run(partial(place_hold, request=hold))
    held = await LocatingActivities(world.services, locator, CIPHER).locate(command)
    await world.delivery.accept([payment("L-1", at=NOON + timedelta(hours=1))])
    paid = await LocatingActivities(world.services, locator, CIPHER).locate(command)
    assert (held.outcome, held.plan.reason) == ("stale", "hold")
    assert (paid.outcome, paid.plan.kind) == ("stale", "close")
    assert _calls(stack, "DEMO-CN-25") == 0


async def test_a_provider_that_is_down_is_asked_again_and_one_fix_is_kept(
    world: World, locator: TraccarLocator
) -> None:
    command = await _due(world, "DEMO-CN-26")
    down = TraccarLocator(f"http://127.0.0.1:{closed_port()}", "token", timeout=2)
    with pytest.raises(ApplicationError) as later:
        await LocatingActivities(world.services, down, CIPHER).locate(command)
    assert not later.value.non_retryable
    result = await LocatingActivities(world.services, locator, CIPHER).locate(command)
    again = await LocatingActivities(world.services, locator, CIPHER).locate(
        command
    )  # a retry whose answer was lost
    assert (result.outcome, again.outcome) == ("done", "stale")
    assert await world.scalar("SELECT count(*) FROM location_fix") == 1
    await down.close()


async def test_a_token_that_is_wrong_costs_no_step_and_the_reading_is_done_once_it_is_mended(
    world: World, locator: TraccarLocator, stack: StackAddresses
) -> None:
    command = await _due(world, "DEMO-CN-27")
    shut = TraccarLocator(stack.traccar_url, "wrong")
    with pytest.raises(ApplicationError, match="traccar_401") as later:
        await LocatingActivities(world.services, shut, CIPHER).locate(command)
    assert (later.value.type, later.value.non_retryable) == ("NotHandedOver", False)
    result = await LocatingActivities(world.services, locator, CIPHER).locate(command)
    assert (result.outcome, result.code) == ("done", "fresh")
    await shut.close()


async def test_a_provider_that_refuses_sends_a_person_to_look_and_its_own_code_is_kept(
    world: World,
    locator: TraccarLocator,
    traccar: Steer,  # noqa: F811 - the fixture
) -> None:
    command = await _due(world, "DEMO-CN-29")
    await traccar("outage", {"status": 400})
    result = await LocatingActivities(world.services, locator, CIPHER).locate(command)
    assert (result.outcome, result.code, result.plan.step_id) == ("unable", "traccar_400", "locate_by_hand")


@pytest.mark.parametrize("answer", ["fix", "none", "refusal"])
async def test_an_answer_that_comes_after_the_next_try_writes_nothing(
    world: World, locator: TraccarLocator, answer: str
) -> None:
    command = await _due(world, "DEMO-CN-32")
    first = await world.services.run(partial(locating.permit, command=command))
    assert isinstance(first, locating.Permit)
    done = await LocatingActivities(world.services, locator, CIPHER).locate(command)
    written = "SELECT (SELECT count(*) FROM step) AS steps, (SELECT count(*) FROM outbox) AS outbox"
    before = await world.rows(written)
    fix = await locator.locate("DEMO-CN-32") if answer == "fix" else None
    record = partial(locating.record_fix, command=command, given=first, fix=fix, cipher=CIPHER)
    if answer == "refusal":
        record = partial(locating.record_refused, command=command, code="traccar_400")
    late = await world.services.run(record)
    assert (done.outcome, late.outcome, late.code) == ("done", "stale", "answered_late")
    assert await world.rows(written) == before


async def test_a_request_ended_by_hand_between_permit_and_reading_ends_the_step_unasked(
    world: World, locator: TraccarLocator, stack: StackAddresses
) -> None:
    command = await _due(world, "DEMO-CN-34")
    given = await world.services.run(partial(locating.permit, command=command))
    assert isinstance(given, locating.Permit)
    end = partial(position_reads.end, request_id=given.request_id, code="press", actor="desk-1")
    await world.services.run(end)
    begin = partial(locating.begin, command=command, given=given, cipher=CIPHER, within=timedelta())
    stopped = await world.services.run(begin)
    assert isinstance(stopped, StepResult)
    assert (stopped.outcome, stopped.code) == ("unable", "location_request_ended")
    assert stopped.plan.step_id == "locate_by_hand"
    assert _calls(stack, "DEMO-CN-34") == 0


async def test_a_place_that_comes_after_a_hold_is_not_kept(world: World) -> None:
    command, tracker = await _due(world, "DEMO-CN-35"), Tracker()
    request = HoldRequest(HoldReason.HARDSHIP, "agent-1", "test", loan_id=LoanId("L-1"))
    tracker.during = lambda: world.services.run(partial(place_hold, request=request))
    result = await LocatingActivities(world.services, tracker, CIPHER).locate(command)
    assert (result.outcome, result.code, result.plan.reason) == ("stale", "hold", "hold")
    assert await world.scalar("SELECT count(*) FROM location_fix") == 0


async def test_the_recall_of_the_permit_ends_the_request(world: World) -> None:
    command = await _due(world, "DEMO-CN-36")
    given = await world.services.run(partial(locating.permit, command=command))
    assert isinstance(given, locating.Permit)
    recall = partial(recovering.recall_by_hand, permit_id=given.id, code="press", actor="lead-1")
    await world.services.run(recall)
    assert await ended(world, given.request_id) == "permit_recalled"


async def test_a_provider_that_does_not_come_to_an_end_is_asked_again(world: World) -> None:
    class Endless:
        async def locate(self, device_id: str) -> Fix | None:
            await asyncio.Event().wait()
            return None

    command = await _due(world, "DEMO-CN-33")
    with pytest.raises(ApplicationError, match="no answer in time") as later:
        await asyncio.wait_for(
            LocatingActivities(world.services, Endless(), CIPHER, within=0.2).locate(command), 10
        )
    assert later.value.type == "NotHandedOver"


async def test_neither_device_nor_position_stands_in_the_diary_or_in_messages_to_the_bank(
    world: World, locator: TraccarLocator
) -> None:
    command = await _due(world, "DEMO-CN-28")
    await LocatingActivities(world.services, locator, CIPHER).locate(command)
    told = await world.scalar(
        "SELECT (SELECT string_agg(step::text, ' ') FROM step)"
        " || (SELECT string_agg(data::text, ' ') FROM outbox)"
    )
    fix = await locator.locate("DEMO-CN-28")
    assert fix is not None
    secrets = ("DEMO-CN-28", f"{fix.latitude:.3f}", f"{fix.longitude:.3f}", "latitude")
    assert not [secret for secret in secrets if secret in told]
