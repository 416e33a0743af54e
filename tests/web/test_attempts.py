"""Slots over HTTP for a dialler, an agency or a bot."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.web.conftest import PERSONAL, Api


async def _asked(api: Api, number: int, **changes: Any) -> dict[str, Any]:
    point = await api.world.scalar("SELECT id FROM contact_point WHERE kind = 'mobile'")
    asked = {"loan_id": "L-1", "person_id": "C-L-1", "contact_point_id": point, "channel": "call"}
    return asked | {"request_id": f"r-{number}"} | changes


async def test_a_slot_before_dialling_and_what_became_of_it(api: Api, task: str) -> None:
    answer = await api.post("dialler", "/attempts", **await _asked(api, 1))
    assert answer.status_code == 201
    slot = answer.json()
    assert (slot["allowed"], slot["state"], slot["expires_at"][:16]) == (True, "claimed", "2026-11-06T04:05")
    for _ in range(2):
        told = await api.post("dialler", f"/attempts/{slot['attempt_id']}", outcome="not_connected")
        assert (told.status_code, told.json()["state"]) == (200, "not_connected")
    other = await api.post("dialler", f"/attempts/{slot['attempt_id']}", outcome="not_made")
    assert other.status_code == 409


async def test_two_diallers_and_an_agent_share_one_ledger(api: Api, task: str) -> None:
    callers = ["dialler", *[await api.another("dialler") for _ in range(3)]]
    answers = await asyncio.gather(
        *[api.post(caller, "/attempts", **await _asked(api, n)) for n, caller in enumerate(callers)]
    )
    assert sorted(answer.status_code for answer in answers) == [201, 201, 201, 409]
    [refused] = [answer.json() for answer in answers if answer.status_code == 409]
    assert refused.items() >= {"allowed": False, "code": "cap_reached"}.items()
    assert refused["source"].startswith("GB/T 45251-2025")
    assert refused["opens_at"].startswith("2026-11-06T16:00")  # midnight in Shanghai
    agent = await api.post("agent", f"/tasks/{task}/claim", request_id="r-1")
    assert (agent.status_code, agent.json()["code"]) == (409, "cap_reached")


async def test_a_call_that_came_in_takes_no_slot(api: Api, task: str) -> None:
    for _ in range(2):
        noted = await api.post("dialler", "/attempts", **await _asked(api, 1, inbound=True))
        assert (noted.status_code, noted.json()["state"]) == (201, "connected")
    rows = await api.world.rows("SELECT inbound FROM contact_attempt")
    assert rows == [{"inbound": True}]
    assert (await api.get("auditor", "/dossiers/L-1")).status_code == 200


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"channel": "fax"}, 422),
        ({"says": "everything"}, 422),
        ({"request_id": "Jo Ann"}, 422),
        ({"loan_id": "L-nobody"}, 404),
        ({"person_id": "C-nobody"}, 409),
        ({"contact_point_id": "cp-nobody"}, 409),
    ],
)
async def test_what_is_not_understood_takes_no_slot_and_quotes_nothing(
    api: Api, task: str, changes: dict[str, Any], status: int
) -> None:
    answer = await api.post("dialler", "/attempts", **await _asked(api, 1, **changes))
    assert answer.status_code == status
    assert not any(text in answer.text for text in PERSONAL)
    assert await api.world.scalar("SELECT count(*) FROM contact_attempt") == 0


async def test_a_dialler_may_do_nothing_else(api: Api, task: str) -> None:
    for path in ("/cases", "/tasks", "/dossiers/L-1", "/people/C-L-1/restrictions"):
        assert (await api.get("dialler", path)).status_code == 403
    for role in ("agent", "auditor", "desk"):
        assert (await api.post(role, "/attempts", **await _asked(api, 1))).status_code == 403


@pytest.mark.parametrize("reason", ["death", "breathing_space", "bankruptcy"])
async def test_why_a_person_is_protected_is_told_to_a_lead_and_to_no_dialler(
    api: Api, task: str, reason: str
) -> None:
    until = "2026-12-24T00:00:00+08:00"
    placed = {"reason": reason, "source": "letter-1", "person_id": "C-L-1", "until": until}
    await api.post("agent", "/holds", request_id="r-1", **placed)
    told = await api.post("dialler", "/attempts", **await _asked(api, 1))
    neutral = {"allowed": False, "code": "protected", "source": "house rule", "detail": "", "opens_at": None}
    assert (told.status_code, told.json()) == (409, neutral)
    ours = (await api.post("lead", "/attempts", **await _asked(api, 2))).json()
    assert (ours["code"], ours["detail"], ours["opens_at"][:10]) == ("hold", reason, "2026-12-23")
    rows = await api.world.rows("SELECT DISTINCT code FROM step WHERE event = 'reservation_refused'")
    assert rows == [{"code": "hold"}], "the diary says what it was"


async def test_an_agreement_and_how_a_case_ended_are_no_business_of_a_dialler_either(
    api: Api, task: str
) -> None:
    terms = {"kind": "extension", "installments": 1}
    await api.post("agent", "/cases/case-L-1-1/agreements", request_id="r-1", terms=terms)
    told = (await api.post("dialler", "/attempts", **await _asked(api, 1))).json()
    assert told == {
        "allowed": False,
        "code": "protected",
        "source": "house rule",
        "detail": "",
        "opens_at": None,
    }
    await api.world.execute("UPDATE collection_case SET closed_at = now(), closed_reason = 'settled'")
    ended = (await api.post("dialler", "/attempts", **await _asked(api, 2))).json()
    assert (ended["code"], ended["detail"]) == ("case_closed", "")


async def test_who_owes_an_answer_is_told_which_and_a_lead_may_give_it(api: Api, task: str) -> None:
    slot = (await api.post("dialler", "/attempts", **await _asked(api, 1))).json()
    owed = await api.post("dialler", "/attempts", **await _asked(api, 2))
    assert (owed.status_code, owed.json()["code"], owed.json()["detail"]) == (
        409,
        "answer_owed",
        slot["attempt_id"],
    )
    other = await api.another("dialler")
    path = f"/attempts/{slot['attempt_id']}"
    assert (await api.post(other, path, outcome="not_made")).status_code == 404
    assert (await api.post("lead", path, outcome="not_made")).json()["state"] == "not_sent"
    assert (await api.post("dialler", "/attempts", **await _asked(api, 2))).status_code == 201


async def test_a_dialler_of_other_loans_hears_of_this_one_that_there_is_none(api: Api, task: str) -> None:
    await api.world.execute("UPDATE loan SET lender = 'another-lender'")
    for inbound in (False, True):
        answer = await api.post("dialler", "/attempts", **await _asked(api, 1, inbound=inbound))
        assert answer.status_code == 404
    assert await api.world.scalar("SELECT count(*) FROM contact_attempt") == 0
    assert (await api.post("lead", "/attempts", **await _asked(api, 2))).status_code == 201
