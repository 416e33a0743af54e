"""What a person told us, over HTTP: in force with the answer, engine or not, and ended only by who may."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.conftest import PERSONAL, Api

TIME = {"begins": "08:00", "ends": "18:00"}
ASKED: dict[str, Any] = {"request_id": "r-1", "source": "letter-7", "person_id": "C-L-1"}
NOON_CALL = {**ASKED, "inconvenient_time": {"begins": "11:00", "ends": "14:00"}}


async def test_it_is_in_force_when_it_answers_and_the_next_call_is_refused_until_it_ends(
    api: Api, task: str
) -> None:
    api.runs.down = True
    answer = await api.post("agent", "/restrictions", **NOON_CALL)
    assert answer.status_code == 201
    told = answer.json()
    assert (told["in_force"], told["case_told"], told["kind"]) == (True, False, "inconvenient_time")
    assert (told["weekdays"], told["from"], told["to"]) == ([1, 2, 3, 4, 5, 6, 7], "11:00", "14:00")
    api.runs.down = False
    refused = await api.post("agent", f"/tasks/{task}/claim", request_id="r-1")
    assert (refused.status_code, refused.json()["code"]) == (409, "inconvenient_time")
    assert refused.json()["opens_at"].startswith("2026-11-06T06:00")  # 14:00 in Shanghai


async def test_an_attorney_ends_every_contact_and_the_list_says_who_told(api: Api, task: str) -> None:
    await api.post("agent", "/restrictions", **ASKED, represented={})
    refused = await api.post("agent", f"/tasks/{task}/claim", request_id="r-1")
    assert refused.json()["code"] == "represented"
    [told] = (await api.get("auditor", "/people/C-L-1/restrictions")).json()
    assert (told["kind"], told["source"], told["withdrawn_at"]) == ("represented", "letter-7", None)
    assert told["by"] == api.tokens["agent"].actor


async def test_it_is_withdrawn_with_a_source_by_leads_and_legal_only(api: Api, task: str) -> None:
    key = (await api.post("agent", "/restrictions", **ASKED, represented={})).json()["id"]
    path = f"/restrictions/{key}/withdraw"
    assert (await api.post("agent", path, source="letter-8")).status_code == 403
    assert (await api.post("lead", path)).status_code == 422
    assert (await api.post("lead", path, source="letter-8")).json()["in_force"] is False
    assert (await api.post("agent", f"/tasks/{task}/claim", request_id="r-1")).status_code == 200
    assert (
        await api.post("lead", "/restrictions/restriction-9/withdraw", source="letter-8")
    ).status_code == 404


async def test_the_same_request_twice_is_one_and_tells_the_state_of_now(api: Api, task: str) -> None:
    first, again = [await api.post("agent", "/restrictions", **NOON_CALL) for _ in range(2)]
    assert first.json() == again.json()
    assert (await api.post("agent", "/restrictions", **NOON_CALL | {"source": "letter-8"})).status_code == 409
    await api.post("legal", f"/restrictions/{first.json()['id']}/withdraw", source="letter-9")
    assert (await api.post("agent", "/restrictions", **NOON_CALL)).json()["in_force"] is False


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"inconvenient_time": TIME, "represented": {}},
        {"inconvenient_time": {"begins": "8", "ends": "18:00"}},
        {"inconvenient_time": {"begins": "08:00:30", "ends": "18:00"}},
        {"inconvenient_time": {"begins": "08:00", "ends": "24:00"}},
        {"inconvenient_time": TIME | {"weekdays": []}},
        {"inconvenient_time": TIME | {"weekdays": [0]}},
        {"inconvenient_time": {"begins": "08:00", "ends": "08:00"}},
        {"inconvenient_place": {}},
        {"inconvenient_place": {"whereabouts": "school"}},
        {"inconvenient_place": {"whereabouts": "work", "contact_point_id": "cp-1"}},
        {"represented": {"attorney_id": "Herr Kanzler"}},
        {"represented": {}, "source": "call of 测试人"},
    ],
)
async def test_what_is_not_understood_is_422_and_quotes_nothing(
    api: Api, task: str, said: dict[str, Any]
) -> None:
    answer = await api.post("agent", "/restrictions", **ASKED | said)
    assert answer.status_code == 422
    assert not any(text in answer.text for text in PERSONAL)
    assert await api.world.scalar("SELECT count(*) FROM restriction") == 0


@pytest.mark.parametrize("role", ["vehicle", "desk", "dialler", "auditor", None])
async def test_others_may_not(api: Api, task: str, role: str | None) -> None:
    assert (await api.post(role, "/restrictions", **NOON_CALL)).status_code == (403 if role else 401)
