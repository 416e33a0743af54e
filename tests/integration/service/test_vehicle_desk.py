"""The vehicle desk: leave first, then readings, each a line of the diary, none finer or later than that."""

from __future__ import annotations

import secrets
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import text

from recourse.contracts.cipher import CannotOpen
from recourse.domain.ids import CaseId, LoanId
from recourse.domain.law.verdict import RefusalCode, Refused
from recourse.domain.positions import LocationPurpose, Precision, coarse
from recourse.domain.situation import HoldReason
from recourse.gateways.position_cipher import AesPositionCipher
from recourse.gateways.traccar import TraccarLocator
from recourse.reading.explaining import explained
from recourse.service import keeping_positions, location_requests, noting, position_reads
from recourse.service.keeping_positions import place_of
from recourse.service.noting import HoldRequest, Pointless, RequestReused, Unknown
from recourse.service.position_reads import NotLocated
from recourse.service.vehicle_desk import VehicleDesk
from recourse.stack import StackAddresses
from recourse.storage.dossier import dossier_document
from recourse.storage.positions import Shown
from tests.events import payment, snapshot
from tests.integration.conftest import World
from tests.integration.gateways.conftest import entries
from tests.integration.service.conftest import CIPHER, NOON, OpenCase, open_case
from tests.integration.service.located import (
    AGENT,
    FIELD,
    HERE,
    Tracker,
    asked,
    desk,
    diary,
    ended,
    fix,
    granted,
)
from tests.integration.service.permitted import hold
from tests.integration.service.test_sealing import look, seal

EVERYTHING_KEPT = (
    "SELECT (SELECT string_agg(t::text, ' ') FROM location_fix t)"
    " || (SELECT string_agg(t::text, ' ') FROM position t)"
    " || (SELECT string_agg(t::text, ' ') FROM step t)"
    " || (SELECT string_agg(t::text, ' ') FROM outbox t)"
)


async def _field(world: World, loan: str = "L-1", device: str = "DEMO-CN-1") -> OpenCase:
    case = await open_case(world, loan, days=FIELD, device=device)
    await case.reach("locate_vehicle")
    # As after a task of the field team.
    await world.execute(f"UPDATE collection_case SET stage = 'field' WHERE id = '{case.id}'")
    return case


async def test_leave_is_asked_for_then_the_place_is_read_and_every_step_stands_in_diary_and_dossier(
    world: World, stack: StackAddresses
) -> None:
    device = f"DEMO-CN-{secrets.token_hex(6)}"  # the log of the end outlives the test
    case = await _field(world, device=device)
    locator = TraccarLocator(stack.traccar_url, stack.traccar_token)
    row = await granted(world, case)
    assert (row.basis, row.basis_proof, row.granted_by) == ("consent", "consented on 2026-01-01", "desk-1")
    office = VehicleDesk(world.services, locator, CIPHER, timedelta())
    shown = [await office.locate(row.id, "read-1", "desk-1") for _ in range(2)]
    true = await locator.locate(device)
    await locator.close()
    assert true is not None
    for one in shown:
        assert isinstance(one, Shown)
        assert one.place is not None
        assert (one.place.latitude, one.place.longitude) == (true.latitude, true.longitude)
        assert (one.place.precision, one.reading.quality) == ("exact", "fresh")
    assert len(entries(stack.end_logs["traccar"], "call", query=f"uniqueId={device}")) == 2  # one is ours
    assert await diary(world) == [
        ("location_requested", "plan_visit"),
        ("location_asked", "plan_visit"),
        ("location_read", "fresh"),
        ("location_shown", "fresh"),
    ]
    lines = await world.rows(
        "SELECT actor, source, reason FROM step WHERE event LIKE 'location%' ORDER BY id"
    )
    assert {(line["actor"], line["source"]) for line in lines} == {("desk-1", row.id)}
    assert lines[-1]["reason"] == "plan_visit, exact"
    async with world.services.database.reading() as tx:
        vehicle = (await dossier_document(tx, LoanId("L-1")))["vehicle"]
        for (number,) in await tx.execute(text("SELECT id FROM step WHERE asked IS NOT NULL")):
            assert (await explained(tx, CaseId(case.id), number=number)).differs == []
    assert [one["id"] for one in vehicle["location_requests"]] == [row.id]
    (read,) = vehicle["positions"]
    assert (read["actor"], read["purpose"], read["precision"]) == ("desk-1", "plan_visit", "exact")
    assert not {"latitude", "longitude", "speed_mps", "accuracy_m"} & set(read)
    kept = await world.scalar(EVERYTHING_KEPT)
    telling = (device, f"{true.latitude:.3f}", f"{true.longitude:.3f}")
    assert not [part for part in telling if part in kept]


async def test_a_place_is_coarse_in_the_store_already_where_the_purpose_or_the_stage_wants_it(
    world: World,
) -> None:
    early = await open_case(world, "L-1", days=AGENT)
    await early.decide()
    late = await _field(world, "L-2")
    tracker = Tracker()
    cell = coarse(place_of(fix()), 5)
    for case, purpose in ((early, LocationPurpose.PLAN_VISIT), (late, LocationPurpose.ASSESS_RECOVERY)):
        row = await granted(world, case, purpose, request_id=case.id)
        assert row.precision is Precision.COARSE
        shown = await desk(world, tracker).locate(row.id, "read-1", "desk-1")
        assert isinstance(shown, Shown)
        assert shown.place == cell
        sealed = await world.scalar("SELECT sealed FROM position WHERE case_id = :c", c=case.id)
        fix_id = await world.scalar("SELECT fix_id FROM position WHERE case_id = :c", c=case.id)
        plain = CIPHER.open(sealed, f"recourse position {fix_id}").decode()
        assert not [part for part in (*map(str, HERE), "3.0", "8.0") if part in plain]


async def test_what_was_exact_is_told_coarsely_once_the_stage_allows_no_more(world: World) -> None:
    case = await _field(world)
    row = await granted(world, case)
    exact = await desk(world, Tracker()).locate(row.id, "read-1", "desk-1")
    assert isinstance(exact, Shown)
    assert exact.place == place_of(fix())
    await world.execute("UPDATE collection_case SET stage = 'agent'")
    found = await desk(world, Tracker()).look(row.id, "desk-1")
    assert not isinstance(found, Refused)
    assert [one.place for one in found] == [coarse(place_of(fix()), 5)]


@pytest.mark.parametrize("what", ["hold", "payment", "consent"])
async def test_a_request_ends_with_the_fact_that_makes_the_gate_say_no_and_never_runs_again(
    world: World, what: str
) -> None:
    case = await _field(world)
    row, tracker = await granted(world, case), Tracker()
    at = NOON + timedelta(hours=1)
    if what == "hold":
        placed = await hold(world, case, HoldReason.HARDSHIP)
    elif what == "payment":
        await world.delivery.accept([payment("L-1", at=at)])
    else:
        await world.delivery.accept([snapshot("L-1", at=at, sequence=3, gps_consent=None)])
    code = {"hold": "hold", "payment": "case_closed", "consent": "no_lawful_basis"}[what]
    assert await ended(world, row.id) == code
    refused = await desk(world, tracker).locate(row.id, "read-1", "desk-1")
    assert isinstance(refused, Refused)
    assert refused.code == code
    assert (await diary(world))[1:] == [("location_request_ended", code), ("location_refused", code)]
    if what == "hold":
        await world.services.run(partial(noting.lift_hold, key=placed, actor="lead-1"))
        again = await desk(world, tracker).locate(row.id, "read-2", "desk-1")
        assert isinstance(again, Refused)
        assert (again.code, again.detail) == (RefusalCode.LOCATION_REQUEST_ENDED, "hold")
    assert tracker.asked == 0


async def test_what_comes_while_the_provider_is_asked_is_heeded_before_the_place_is_kept_or_told(
    world: World,
) -> None:
    case = await _field(world)
    row, tracker = await granted(world, case), Tracker()
    request = HoldRequest(HoldReason.HARDSHIP, "lead-1", "test", loan_id=LoanId("L-1"))
    tracker.during = lambda: world.services.run(partial(noting.place_hold, request=request))
    refused = await desk(world, tracker).locate(row.id, "read-1", "desk-1")
    assert isinstance(refused, Refused)
    assert (refused.code, tracker.asked) == (RefusalCode.HOLD, 1)
    assert await world.scalar("SELECT count(*) FROM location_fix") == 0


async def test_a_tracker_that_knows_nothing_and_one_that_repeats_itself_are_told_as_such(
    world: World,
) -> None:
    case = await _field(world)
    row, tracker = await granted(world, case), Tracker(fix(carried_over=True))
    repeated = await desk(world, tracker).locate(row.id, "read-1", "desk-1")
    assert isinstance(repeated, Shown)
    assert repeated.reading.quality == "carried_over"
    tracker.says = None
    assert await desk(world, tracker).locate(row.id, "read-2", "desk-1") == NotLocated("no_fix")
    assert (await diary(world))[-1] == ("location_read", "no_fix")


async def test_leave_is_for_no_longer_than_the_packs_allow_and_a_request_id_stands_for_one(
    world: World,
) -> None:
    case = await _field(world)
    with pytest.raises(Pointless, match="days: 1 to 7"):
        await asked(world, case, days=8)
    row = await granted(world, case, days=2)
    assert await granted(world, case, days=2) == row
    with pytest.raises(RequestReused):
        await asked(world, case, days=3)
    with pytest.raises(Unknown):
        await desk(world, Tracker()).locate("location-none", "read-1", "desk-1")
    no_consent = await open_case(world, "L-2", days=FIELD, gps_consent=None)
    refused = await asked(world, no_consent, request_id="r-2")
    assert isinstance(refused, Refused)
    assert (refused.code, "个人信息保护法" in refused.source) == (RefusalCode.NO_LAWFUL_BASIS, True)


async def test_leave_that_has_run_out_is_refused_and_the_sweep_ends_it(world: World) -> None:
    case = await _field(world)
    row = await granted(world, case, days=1)
    world.set_now(row.granted_until)
    refused = await desk(world, Tracker()).locate(row.id, "read-1", "desk-1")
    assert isinstance(refused, Refused)
    assert (refused.code, refused.detail) == (RefusalCode.LOCATION_REQUEST_ENDED, "expired")
    swept = [await world.services.run(partial(location_requests.expire, limit=10)) for _ in range(2)]
    assert (swept, await ended(world, row.id)) == ([1, 0], "expired")


async def test_ended_by_hand_it_is_over_at_once_and_twice_is_once(world: World) -> None:
    case = await _field(world)
    row = await granted(world, case)
    end = partial(position_reads.end, request_id=row.id, code="found", actor="desk-1")
    assert (await world.services.run(end)).ended_code == "found"
    await world.services.run(partial(position_reads.end, request_id=row.id, code="other", actor="desk-2"))
    assert await ended(world, row.id) == "found"
    assert (await diary(world)).count(("location_request_ended", "found")) == 1


async def test_places_go_after_the_packs_days_their_readings_stay_and_the_evidence_still_holds(
    world: World,
) -> None:
    case = await _field(world)
    row = await granted(world, case)
    for number in range(3):
        await desk(world, Tracker()).locate(row.id, f"read-{number}", "desk-1")
    await seal(world)
    read_at = await world.scalar("SELECT max(read_at) FROM location_fix")
    world.set_now(read_at + timedelta(days=30) - timedelta(minutes=5))
    assert await world.services.run(partial(keeping_positions.sweep, limit=10)) == 0
    world.set_now(read_at + timedelta(days=30))
    gone = [await world.services.run(partial(keeping_positions.sweep, limit=2)) for _ in range(3)]
    assert gone == [2, 1, 0]
    assert await world.scalar("SELECT count(*) FROM position") == 0
    assert await world.scalar("SELECT count(*) FROM location_fix") == 3
    assert await diary(world, "positions_deleted") == [("positions_deleted", "2"), ("positions_deleted", "1")]
    await seal(world)
    assert (await look(world)).findings == []


async def test_a_place_opens_by_its_own_key_and_in_its_own_row_alone(world: World) -> None:
    case = await _field(world)
    row = await granted(world, case)
    for number in range(2):
        await desk(world, Tracker()).locate(row.id, f"read-{number}", "desk-1")
    newer = AesPositionCipher((b"another key of 32 bytes, the new", b"a key of these tests, 32 bytes.."))
    moved = VehicleDesk(world.services, Tracker(), newer, timedelta())
    found = await moved.look(row.id, "desk-1")
    assert not isinstance(found, Refused)
    assert len([one for one in found if one.place is not None]) == 2
    stranger = AesPositionCipher((b"another key of 32 bytes, the new",))
    with pytest.raises(CannotOpen):
        await VehicleDesk(world.services, Tracker(), stranger, timedelta()).look(row.id, "desk-1")
    await world.execute("UPDATE position p SET sealed = o.sealed FROM position o WHERE o.fix_id > p.fix_id")
    with pytest.raises(CannotOpen):
        await desk(world, Tracker()).look(row.id, "desk-1")
