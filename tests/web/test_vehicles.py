"""The vehicle desk over HTTP: leave first; a caller without it, or of another role, learns nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from recourse.domain.positions import coarse
from recourse.domain.situation import HoldReason
from recourse.ports import Fix, NotHandedOver
from recourse.service.keeping_positions import place_of
from recourse.service.vehicle_desk import VehicleDesk
from tests.integration.service.conftest import CIPHER, OpenCase, open_case
from tests.integration.service.located import FIELD, HERE, Tracker, desk, fix
from tests.integration.service.permitted import hold
from tests.web.conftest import PERSONAL, ROLES, Api


@pytest.fixture
async def case(api: Api) -> OpenCase:
    case = await open_case(api.world, days=FIELD)
    await case.reach("locate_vehicle")
    await api.world.execute("UPDATE collection_case SET stage = 'field'")
    return case


@pytest.fixture
def tracker(api: Api) -> Tracker:
    tracker = Tracker()
    api.app.state.desk = desk(api.world, tracker)
    return tracker


async def _granted(api: Api, case: OpenCase, purpose: str = "plan_visit") -> dict[str, Any]:
    body = {"request_id": f"r-{purpose}", "purpose": purpose}
    answer = await api.post("vehicle", f"/cases/{case.id}/location-requests", **body)
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def test_leave_then_a_reading_and_the_same_id_twice_reads_once(
    api: Api, case: OpenCase, tracker: Tracker
) -> None:
    request = await _granted(api, case)
    assert await _granted(api, case) == request
    path = f"/location-requests/{request['id']}"
    answers = [await api.post("vehicle", f"{path}/reads", request_id="read-1") for _ in range(2)]
    for answer in answers:
        place = answer.json()["place"]
        assert ((place["latitude"], place["longitude"]), place["precision"]) == (HERE, "exact")
    assert tracker.asked == 1
    seen = (await api.post("vehicle", f"{path}/positions")).json()
    assert [one["place"]["latitude"] for one in seen["positions"]] == [HERE[0]]
    running = (await api.get("auditor", "/location-requests")).json()
    assert [(one["id"], one["granted_by"]) for one in running] == [
        (request["id"], api.tokens["vehicle"].actor)
    ]
    assert not [word for word in PERSONAL if word in str(running)]
    ended = [await api.post("vehicle", f"{path}/end", code="found") for _ in range(2)]
    assert [one.json()["ended_code"] for one in ended] == ["found", "found"]
    assert (await api.get("vehicle", "/location-requests")).json() == []
    late = await api.post("vehicle", f"{path}/reads", request_id="read-2")
    assert (late.status_code, late.json()["code"]) == (409, "location_request_ended")


async def test_what_may_not_be_known_stands_nowhere_in_the_answer(
    api: Api, case: OpenCase, tracker: Tracker
) -> None:
    request = await _granted(api, case, "assess_recovery")
    path = f"/location-requests/{request['id']}"
    read = await api.post("vehicle", f"{path}/reads", request_id="read-1")
    cell = coarse(place_of(fix()), 5)
    assert read.json()["place"]["latitude"] == cell.latitude
    seen = await api.post("vehicle", f"{path}/positions")
    assert not [exact for exact in map(str, HERE) if exact in read.text + seen.text]


async def test_a_no_of_the_gate_is_409_with_code_and_source(
    api: Api, case: OpenCase, tracker: Tracker
) -> None:
    request = await _granted(api, case)
    await hold(api.world, case, HoldReason.HARDSHIP)
    refused = await api.post("vehicle", f"/location-requests/{request['id']}/reads", request_id="read-1")
    assert (refused.status_code, refused.json()["code"], bool(refused.json()["source"])) == (
        409,
        "hold",
        True,
    )
    body = {"request_id": "r-2", "purpose": "plan_visit"}
    again = await api.post("vehicle", f"/cases/{case.id}/location-requests", **body)
    assert (again.status_code, again.json()["code"], tracker.asked) == (409, "hold", 0)


@pytest.mark.parametrize("role", [role for role in ROLES if role not in ("vehicle", "admin")])
async def test_nobody_but_the_vehicle_desk_may_ask_read_look_or_end(
    api: Api, case: OpenCase, tracker: Tracker, role: str
) -> None:
    request = await _granted(api, case)
    path = f"/location-requests/{request['id']}"
    answers = [
        await api.post(role, f"/cases/{case.id}/location-requests", request_id="x", purpose="plan_visit"),
        await api.post(role, f"{path}/reads", request_id="x"),
        await api.post(role, f"{path}/positions"),
        await api.post(role, f"{path}/end", code="x"),
    ]
    assert [answer.status_code for answer in answers] == [403] * 4
    assert (await api.get(role, "/location-requests")).status_code == (200 if role == "auditor" else 403)
    assert tracker.asked == 0


async def test_what_cannot_be_meant_is_refused_by_its_field(
    api: Api, case: OpenCase, tracker: Tracker
) -> None:
    path = f"/cases/{case.id}/location-requests"
    purpose = await api.post("vehicle", path, request_id="r-1", purpose="because")
    assert (purpose.status_code, purpose.json()["detail"][0]["loc"]) == (422, ["body", "purpose"])
    days = await api.post("vehicle", path, request_id="r-1", purpose="plan_visit", days=30)
    assert (days.status_code, "days: 1 to 7" in days.text) == (422, True)
    none = await api.post("vehicle", "/location-requests/location-0/reads", request_id="r-1")
    assert none.status_code == 404


async def test_a_tracking_server_that_is_away_is_503_and_nothing_was_read(api: Api, case: OpenCase) -> None:
    class Away:
        async def locate(self, device_id: str) -> Fix | None:
            raise NotHandedOver("traccar: no answer")

    request = await _granted(api, case)
    path = f"/location-requests/{request['id']}/reads"
    api.app.state.desk = VehicleDesk(api.world.services, Away(), CIPHER, timedelta())
    away = await api.post("vehicle", path, request_id="read-1")
    assert (away.status_code, away.headers["Retry-After"]) == (503, "5")
    api.app.state.desk = None
    unset = await api.post("vehicle", path, request_id="read-1")
    assert (unset.status_code, "RECOURSE_POSITIONS_KEY" in unset.text) == (503, True)
    api.app.state.desk = desk(api.world, Tracker())
    assert (await api.post("vehicle", path, request_id="read-1")).json()["located"] is True
