"""What the API answers: receipts, refusals, and what goes on while the engine is down."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

import pytest

from recourse.domain.ids import CaseId, LoanId
from recourse.service.context import Unit
from recourse.storage import legal
from tests.integration.gateways.conftest import closed_port
from tests.integration.service.conftest import OpenCase, open_case
from tests.web.conftest import PERSONAL, Api, without_database


def _hold(**changes: Any) -> dict[str, Any]:
    named = {"reason": "dispute", "source": "letter-1", "loan_id": "L-1"}
    return named | {"request_id": secrets.token_hex(4)} | changes


async def test_a_task_is_listed_claimed_and_completed_with_receipts(api: Api, task: str) -> None:
    [listed] = (await api.get("agent", "/tasks")).json()
    assert (listed["id"], listed["kind"], listed["state"]) == (task, "hardship_screening", "open")
    assert "promise" in listed["outcomes"]
    claimed = await api.post("agent", f"/tasks/{task}/claim", request_id="r-1")
    assert (claimed.status_code, claimed.json()["accepted"]) == (200, True)
    done = await api.post("agent", f"/tasks/{task}/complete", request_id="r-2", outcome="refuses")
    assert (done.status_code, done.json()["accepted"]) == (200, True)
    assert done.json()["next_step"]
    assert (await api.get("agent", "/tasks")).json() == []
    rows = await api.world.rows("SELECT state, completed_by FROM agent_task")
    assert rows == [{"state": "done", "completed_by": api.tokens["agent"].actor}]


async def test_the_same_request_twice_gets_the_same_receipt_and_dials_once(api: Api, task: str) -> None:
    answers = [await api.post("agent", f"/tasks/{task}/claim", request_id="r-1") for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert await api.world.scalar("SELECT count(*) FROM contact_attempt") == 1


async def test_request_ids_are_each_callers_own(api: Api, task: str) -> None:
    other = await api.another("agent")
    await api.post("agent", f"/tasks/{task}/claim", request_id="r-1")
    answer = await api.post(other, f"/tasks/{task}/claim", request_id="r-1")
    assert (answer.status_code, answer.json()["code"]) == (409, "claimed_by_another")


async def test_a_refusal_is_409_with_a_receipt_that_says_why_and_when_it_opens(api: Api, task: str) -> None:
    unclaimed = await api.post("agent", f"/tasks/{task}/complete", request_id="r-1", outcome="refuses")
    assert (unclaimed.status_code, unclaimed.json()["code"]) == (409, "claim_first")
    due = await api.world.scalar("SELECT opened_at FROM agent_task")
    api.world.set_now(due.replace(hour=15))  # 23:00 in Shanghai
    night = await api.post("agent", f"/tasks/{task}/claim", request_id="r-2")
    receipt = night.json()
    assert (night.status_code, receipt["code"]) == (409, "outside_hours")
    assert "GB/T 45251" in receipt["source"]
    assert "T00:00:00" in receipt["opens_at"]  # 08:00 in Shanghai


async def test_a_task_of_another_team_is_403_with_a_receipt(api: Api, task: str) -> None:
    answer = await api.post("vehicle", f"/tasks/{task}/claim", request_id="r-1")
    assert answer.status_code == 403
    assert (answer.json()["accepted"], answer.json()["code"]) == (False, "role_not_permitted")


async def test_what_there_is_none_of_is_404(api: Api, task: str) -> None:
    asked = [
        await api.post("agent", "/tasks/task-0/claim", request_id="r"),
        await api.post("agent", "/tasks/task-0/complete", request_id="r", outcome="done"),
        await api.get("agent", "/cases/case-0"),
        await api.get("lead", "/dossiers/L-0"),
        await api.post("agent", "/holds", **_hold(loan_id="L-0")),
        await api.post("agent", "/holds", **_hold(loan_id=None, person_id="C-0")),
        await api.post("lead", "/holds/hold-0/lift"),
    ]
    assert [answer.status_code for answer in asked] == [404] * len(asked)
    assert all(answer.json()["detail"] for answer in asked)


@pytest.mark.parametrize("path", ["/cases/%00", "/cases?stage=%00", "/dossiers/%00", "/tasks/%00/claim"])
async def test_an_id_that_no_row_can_have_is_the_callers_mistake_not_an_outage(api: Api, path: str) -> None:
    method, body = ("POST", {"request_id": "r"}) if "claim" in path else ("GET", None)
    assert (await api.call("lead", method, path, body)).status_code == 422


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/holds", _hold(reason="mood"), "reason"),
        ("/holds", _hold(request_id=""), "request_id"),
        ("/holds", _hold(request_id="two words"), "request_id"),
        ("/holds", _hold(person_id="C-1"), "person_id"),
        ("/holds", _hold(loan_id=None), "loan_id"),
        ("/holds", _hold(until="2026-12-01T00:00:00"), "until"),
        ("/holds", _hold(note="x"), "note"),
        ("/tasks/task-0/claim", {}, "request_id"),
        ("/tasks/task-0/complete", {"request_id": "r", "outcome": ""}, "outcome"),
        (
            "/tasks/task-0/complete",
            {"request_id": "r", "outcome": "promise", "promise_minor": 0.5},
            "promise_minor",
        ),
        (
            "/tasks/task-0/complete",
            {"request_id": "r", "outcome": "promise", "promise_on": "soon"},
            "promise_on",
        ),
        (
            "/legal/statuses",
            {"reference": "R", "status_id": "s", "status": "x", "occurred_at": "2026-12-01T00:00:00"},
            "occurred_at",
        ),
        (
            "/legal/statuses",
            {"reference": "R", "status_id": "s", "status": "X!", "occurred_at": "2026-12-01T00:00:00Z"},
            "status",
        ),
    ],
)
async def test_a_malformed_body_is_422_and_names_the_field(
    api: Api, path: str, body: dict[str, Any], field: str
) -> None:
    answer = await api.call("admin", "POST", path, body)
    assert answer.status_code == 422
    [problem] = answer.json()["detail"]
    assert field in problem["loc"] or field in problem["msg"]


async def test_what_was_sent_is_not_sent_back_in_a_refusal(api: Api) -> None:
    typed = {"note": "李女士 +8613900000009", "reason": "li@example.com", "until": "沪B12345"}
    answer = await api.call("agent", "POST", "/holds", _hold(**typed))
    assert answer.status_code == 422
    assert [secret for secret in ("李女士", "13900000009", "li@", "沪B") if secret in answer.text] == []


async def test_a_hold_is_in_force_when_it_answers_and_the_case_was_told(api: Api, task: str) -> None:
    answer = await api.post("agent", "/holds", **_hold())
    assert (answer.status_code, answer.json()["in_force"], answer.json()["case_told"]) == (201, True, True)
    row = (await api.world.rows("SELECT id, placed_by, source FROM hold"))[0]
    assert row == {
        "id": answer.json()["hold_id"],
        "placed_by": api.tokens["agent"].actor,
        "source": "letter-1",
    }
    claim = await api.post("agent", f"/tasks/{task}/claim", request_id="r-1")
    assert (claim.status_code, claim.json()["code"]) == (409, "hold")


async def test_a_hold_counts_while_the_engine_is_down(api: Api, task: str) -> None:
    api.runs.down = True
    body = _hold()
    answer, again = await api.post("agent", "/holds", **body), await api.post("agent", "/holds", **body)
    assert (answer.status_code, answer.json()["case_told"], answer.json()["in_force"]) == (201, False, True)
    assert again.json() == answer.json()
    assert await api.world.scalar("SELECT count(*) FROM hold WHERE lifted_at IS NULL") == 1
    api.runs.down = False
    assert (await api.post("agent", "/holds", **body)).json()["case_told"] is True
    lifted = await api.post("lead", f"/holds/{answer.json()['hold_id']}/lift")
    assert (lifted.status_code, lifted.json()["in_force"]) == (200, False)


@pytest.mark.parametrize(("what", "state"), [("lift", "lifted"), ("wait", "ended"), ("nothing", "in_force")])
async def test_a_hold_request_that_is_repeated_tells_what_has_become_of_the_hold(
    api: Api, task: str, what: str, state: str
) -> None:
    now = await api.world.scalar("SELECT opened_at FROM agent_task")
    asked = _hold(until=(now + timedelta(days=3)).isoformat())
    first = (await api.post("agent", "/holds", **asked)).json()
    assert (first["in_force"], first["state"]) == (True, "in_force")
    if what == "lift":
        await api.post("lead", f"/holds/{first['hold_id']}/lift")
    if what == "wait":
        api.world.set_now(now + timedelta(days=3))
    again = (await api.post("agent", "/holds", **asked)).json()
    assert again["hold_id"] == first["hold_id"]
    assert (again["in_force"], again["state"]) == (state == "in_force", state)
    assert await api.world.scalar("SELECT count(*) FROM hold") == 1


async def test_a_hold_whose_end_has_passed_is_not_said_to_be_in_force(api: Api, task: str) -> None:
    answer = await api.post("agent", "/holds", **_hold(until="2020-01-01T00:00:00+08:00"))
    assert (answer.status_code, "until" in answer.json()["detail"]) == (422, True)
    assert await api.world.scalar("SELECT count(*) FROM hold") == 0


async def test_a_request_id_of_another_hold_is_409_and_places_nothing(api: Api, task: str) -> None:
    await api.post("agent", "/holds", **_hold(request_id="r-1"))
    answer = await api.post("agent", "/holds", **_hold(request_id="r-1", reason="death"))
    assert (answer.status_code, "request_id" in answer.json()["detail"]) == (409, True)
    assert await api.world.scalar("SELECT count(*) FROM hold") == 1


async def test_what_the_case_must_answer_itself_is_503_while_the_engine_is_down(api: Api, task: str) -> None:
    for path, body, before in (("claim", {}, "open"), ("complete", {"outcome": "refuses"}, "claimed")):
        api.runs.down = True
        answer = await api.post("agent", f"/tasks/{task}/{path}", request_id=path, **body)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert await api.world.scalar("SELECT state FROM agent_task") == before
        api.runs.down = False
        again = await api.post("agent", f"/tasks/{task}/{path}", request_id=path, **body)
        assert again.status_code == 200


async def test_a_database_that_is_away_is_503_and_its_address_is_not_told(api: Api) -> None:
    port = closed_port()
    headers = {"Authorization": f"Bearer {api.tokens['agent'].token}"}
    async with without_database(api, port) as http:
        answer = await http.get("/api/cases", headers=headers)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert not [word for word in ("secret", "collector", str(port)) if word in answer.text]


def _status(**changes: Any) -> dict[str, Any]:
    told = {"reference": "LD-9", "status_id": "s-1", "status": "accepted"}
    return told | {"occurred_at": "2026-11-06T04:00:00Z", "loan_id": "of another house"} | changes


async def test_a_status_of_the_desk_for_a_file_we_never_gave_it_is_404(api: Api) -> None:
    assert (await api.post("desk", "/legal/statuses", **_status())).status_code == 404


async def test_the_outside_desk_gets_nothing_of_a_case_that_it_knows_the_ids_of(api: Api, task: str) -> None:
    """Not the same as for a stranger: it has a token, and the dossier it was given names the loan."""
    asked = [
        await api.get("desk", "/tasks"),
        await api.post("desk", f"/tasks/{task}/claim", request_id="r-1"),
        await api.get("desk", "/cases"),
        await api.get("desk", "/cases/case-L-1-1"),
        await api.get("desk", "/dossiers/L-1"),
        await api.post("desk", "/holds", **_hold()),
        await api.post("desk", "/ceases", request_id="r-1", source="s-1", loan_id="L-1"),
    ]
    assert [answer.status_code for answer in asked] == [403] * len(asked)
    assert not [words for words in (*PERSONAL, "case-L-1-1") for answer in asked if words in answer.text]


async def _filed(api: Api, loan: str, reference: str) -> None:
    async def filed(unit: Unit) -> None:
        await legal.claim(
            unit.tx,
            f"handover-{loan}",
            loan_id=LoanId(loan),
            case_id=CaseId(f"case-{loan}-1"),
            proposed_by="legal-1",
            approved_by="lead-1",
            document=b"{}",
            sha256="0",
            at=unit.now,
        )
        await legal.acknowledge(unit.tx, f"handover-{loan}", reference)

    await api.world.services.run(filed)


async def test_a_status_of_the_desk_is_recorded_once_and_its_end_closes_the_case(api: Api, task: str) -> None:
    await _filed(api, "L-1", "LD-9")
    answers = [await api.post("desk", "/legal/statuses", **_status()) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert await api.world.scalar("SELECT count(*) FROM legal_status") == 1
    assert await api.world.scalar("SELECT count(*) FROM fact WHERE kind = 'legal_status'") == 1
    await api.post("legal", "/legal/statuses", **_status(status_id="s-2", status="concluded"))
    assert (await OpenCase(api.world, "case-L-1-1").decide()).kind == "close"
    assert await api.world.scalar("SELECT closed_reason FROM collection_case") == "legal_concluded"
    told = await api.world.rows("SELECT actor FROM step WHERE event = 'legal_status' ORDER BY id")
    assert [line["actor"] for line in told] == [api.tokens["desk"].actor, api.tokens["legal"].actor]


@pytest.mark.parametrize("changed", [{"reference": "LD-10"}, {"status": "concluded"}])
async def test_a_status_id_that_stands_for_something_else_is_refused_with_a_reason(
    api: Api, task: str, changed: dict[str, str]
) -> None:
    """Taken for a repetition, the end of one file would be lost because another file had that id."""
    await _filed(api, "L-1", "LD-9")
    await open_case(api.world, "L-2")
    await _filed(api, "L-2", "LD-10")
    first = await api.post("legal", "/legal/statuses", **_status())
    other = await api.post("legal", "/legal/statuses", **_status(**changed))
    again = await api.post("legal", "/legal/statuses", **_status())
    assert [answer.status_code for answer in (first, other, again)] == [202, 409, 202]
    assert other.json()["detail"].startswith("status_id: it stands for another status")
    assert await api.world.rows("SELECT action_id, status FROM legal_status") == [
        {"action_id": "handover-L-1", "status": "accepted"}
    ]
    assert await api.world.scalar("SELECT count(*) FROM fact WHERE kind = 'legal_status'") == 1


async def test_cases_and_tasks_show_ids_and_codes_and_the_dossier_alone_shows_people(
    api: Api, task: str
) -> None:
    open_pages = [
        await api.get("agent", path) for path in ("/cases", "/cases/case-L-1-1", "/tasks", "/cases?stage=x")
    ]
    assert [page.status_code for page in open_pages] == [200] * 4
    assert [word for page in open_pages for word in PERSONAL if word in page.text] == []
    reveal = await api.post("lead", "/dossiers/L-1/reveals", request_id="r-1", purpose="reach_borrower")
    dossier = await api.get("lead", f"/reveals/{reveal.json()['id']}/dossier")
    assert dossier.json()["borrower"]["people"][0]["name"] == "测试人"
    assert open_pages[0].json()[0]["unpaid_minor"] == 352017
    assert [line["event"] for line in open_pages[1].json()["diary"]][:1] == ["opened"]


async def test_no_personal_data_stands_in_any_error(api: Api, task: str) -> None:
    await api.post("agent", f"/tasks/{task}/claim", request_id="r-1")
    other = await api.another("agent")
    errors = [
        await api.get("agent", "/dossiers/L-1"),
        await api.get(None, "/dossiers/L-1"),
        await api.post(other, f"/tasks/{task}/claim", request_id="r-2"),
        await api.post("agent", f"/tasks/{task}/complete", request_id="r-3", outcome="approve"),
        await api.post("agent", "/holds", **_hold(loan_id=None, person_id="C-0")),
        await api.post("agent", "/holds", **_hold(reason="borrower@example.com")),
    ]
    api.runs.down = True
    errors.append(await api.post("agent", f"/tasks/{task}/claim", request_id="r-4"))
    assert [answer.status_code for answer in errors] == [403, 401, 409, 409, 404, 422, 503]
    assert [word for answer in errors for word in PERSONAL if word in answer.text] == []
