"""Consent over HTTP: given by leads and legal, taken back by whoever hears it, in force with the answer."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.conftest import PERSONAL, Api


async def _said(api: Api, **changes: Any) -> dict[str, Any]:
    point = await api.world.scalar("SELECT id FROM contact_point WHERE kind = 'mobile'")
    said = {"person_id": "C-L-1", "contact_point_id": point, "channel": "call", "way": "letter"}
    return said | {"source": "letter-9", "request_id": "r-1"} | changes


async def test_a_call_that_was_stopped_may_be_claimed_again_after_a_new_consent(api: Api, task: str) -> None:
    await api.post("agent", "/ceases", request_id="r-1", source="letter-7", person_id="C-L-1")
    refused = await api.post("agent", f"/tasks/{task}/claim", request_id="r-1")
    assert refused.json()["code"] == "ceased"
    assert (await api.post("agent", "/consents", **await _said(api))).status_code == 403
    api.runs.down = True
    given, again = [await api.post("lead", "/consents", **await _said(api)) for _ in range(2)]
    assert given.status_code == 201
    assert given.json() == again.json()
    told = given.json()
    assert (told["in_force"], told["case_told"], told["way"], told["source"]) == (
        True,
        False,
        "letter",
        "letter-9",
    )
    api.runs.down = False
    assert (await api.post("agent", f"/tasks/{task}/claim", request_id="r-2")).status_code == 200
    [listed] = (await api.get("auditor", "/people/C-L-1/consents")).json()
    assert listed["noted_by"] == api.tokens["lead"].actor


async def test_an_agent_notes_that_it_was_taken_back(api: Api, task: str) -> None:
    answer = await api.post("agent", "/consents/withdraw", **await _said(api, channel="sms"))
    assert (answer.status_code, answer.json()["in_force"], answer.json()["withdrawn_way"]) == (
        201,
        False,
        "letter",
    )


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"channel": "fax"}, 422),
        ({"way": "hearsay"}, 422),
        ({"source": "Jo Ann"}, 422),
        ({"at": "2026-11-06T00:00:00"}, 422),
        ({"at": "2036-11-06T00:00:00Z"}, 422),
        ({"person_id": "C-nobody"}, 404),
        ({"contact_point_id": "cp-nobody"}, 404),
    ],
)
async def test_what_is_not_understood_notes_nothing_and_quotes_nothing(
    api: Api, task: str, changes: dict[str, Any], status: int
) -> None:
    for path in ("/consents", "/consents/withdraw"):
        answer = await api.post("lead", path, **await _said(api, **changes))
        assert answer.status_code == status
        assert not any(text in answer.text for text in PERSONAL)
    assert await api.world.scalar("SELECT count(*) FROM consent") == 0


async def test_a_consent_from_before_the_request_to_stop_is_422_and_names_the_field(
    api: Api, task: str
) -> None:
    await api.post("agent", "/ceases", request_id="r-1", source="letter-7", person_id="C-L-1")
    answer = await api.post("lead", "/consents", **await _said(api, at="2026-11-01T09:00:00+08:00"))
    assert (answer.status_code, answer.json()["detail"].split(":")[0]) == (422, "at")
