"""Who may call what: every endpoint, every role, and nobody without a token."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

import pytest

from recourse.delivery import Delivery
from recourse.service import tokens
from recourse.web.api import build_api
from tests.integration.gateways.conftest import closed_port
from tests.web.conftest import ROLES, Api, client, without_database

EVERYONE = set(ROLES) - {"desk", "dialler", "recovery"}
"""Of the house: the outside legal desk, diallers and the agencies see nothing of a case."""
WORKERS = EVERYONE - {"auditor"}
PROPOSERS = {"agent", "lead", "legal", "admin"}
PERMITTED: dict[tuple[str, str], set[str]] = {
    ("GET", "/tasks"): WORKERS,
    ("POST", "/tasks/{task_id}/claim"): WORKERS,
    ("POST", "/tasks/{task_id}/complete"): WORKERS,
    ("GET", "/cases"): EVERYONE,
    ("GET", "/cases/{case_id}"): EVERYONE,
    ("GET", "/dossiers/{loan_id}"): {"lead", "legal", "auditor", "admin"},
    ("POST", "/dossiers/{loan_id}/reveals"): EVERYONE,
    ("GET", "/reveals/{reveal_id}/dossier"): EVERYONE,
    ("POST", "/ceases"): {"agent", "lead", "legal", "admin"},
    ("POST", "/holds"): {"agent", "lead", "legal", "admin"},
    ("POST", "/holds/{hold_id}/lift"): {"lead", "legal", "admin"},
    ("POST", "/restrictions"): {"agent", "lead", "legal", "admin"},
    ("GET", "/people/{person_id}/restrictions"): {"agent", "lead", "legal", "auditor", "admin"},
    ("POST", "/restrictions/{restriction_id}/withdraw"): {"lead", "legal", "admin"},
    ("POST", "/attempts"): {"dialler", "lead", "admin"},
    ("POST", "/attempts/{attempt_id}"): {"dialler", "lead", "admin"},
    ("POST", "/legal/statuses"): {"desk", "legal", "admin"},
    ("GET", "/legal"): {"legal", "lead", "auditor", "admin"},
    ("GET", "/legal/deadlines"): {"legal", "lead", "auditor", "admin"},
    ("GET", "/cases/{case_id}/legal"): {"legal", "lead", "auditor", "admin"},
    ("POST", "/cases/{case_id}/legal/moves"): {"legal", "admin"},
    ("POST", "/cases/{case_id}/legal/amounts"): {"legal", "admin"},
    ("POST", "/cases/{case_id}/agreements"): PROPOSERS,
    ("GET", "/cases/{case_id}/agreements"): EVERYONE,
    ("POST", "/agreements/{agreement_id}/approve"): PROPOSERS,
    ("POST", "/agreements/{agreement_id}/decline"): PROPOSERS,
    ("POST", "/agreements/{agreement_id}/cancel"): PROPOSERS,
    ("POST", "/disputes"): {"agent", "lead", "legal", "admin"},
    ("GET", "/disputes"): {"lead", "legal", "auditor", "admin"},
    ("POST", "/disputes/{dispute_id}/acknowledgement"): {"lead", "legal", "admin"},
    ("POST", "/disputes/{dispute_id}/answer"): {"lead", "legal", "admin"},
    ("POST", "/cases/{case_id}/recoveries"): {"lead", "legal", "admin"},
    ("GET", "/recoveries"): {"lead", "legal", "auditor", "admin"},
    ("POST", "/recoveries/{recovery_id}/approve"): {"lead", "admin"},
    ("POST", "/recoveries/{recovery_id}/decline"): {"lead", "legal", "admin"},
    ("POST", "/cases/{case_id}/location-requests"): {"vehicle", "admin"},
    ("GET", "/location-requests"): {"vehicle", "auditor", "admin"},
    ("POST", "/location-requests/{location_request_id}/reads"): {"vehicle", "admin"},
    ("POST", "/location-requests/{location_request_id}/positions"): {"vehicle", "admin"},
    ("POST", "/location-requests/{location_request_id}/end"): {"vehicle", "admin"},
    ("POST", "/proofs"): {"lead", "legal", "admin"},
    ("GET", "/loans/{loan_id}/proofs"): {"lead", "legal", "auditor", "admin"},
    ("POST", "/proofs/{proof_id}/withdraw"): {"lead", "legal", "admin"},
    ("GET", "/permits"): {"recovery", "admin"},
    ("POST", "/consents"): {"lead", "legal", "admin"},
    ("POST", "/consents/withdraw"): {"agent", "lead", "legal", "admin"},
    ("GET", "/people/{person_id}/consents"): {"agent", "lead", "legal", "auditor", "admin"},
    ("POST", "/permits/{permit_id}/check"): {"recovery", "admin"},
    ("POST", "/permits/{permit_id}/recall-ack"): {"recovery", "admin"},
}
CONSENT = {
    "request_id": "r-1",
    "source": "letter-1",
    "person_id": "C-nobody",
    "contact_point_id": "cp-nobody",
    "channel": "sms",
    "way": "letter",
}
BODIES: dict[str, dict[str, Any]] = {
    "/tasks/{task_id}/claim": {"request_id": "r-1"},
    "/tasks/{task_id}/complete": {"request_id": "r-1", "outcome": "done"},
    "/ceases": {"request_id": "r-1", "source": "letter-1", "loan_id": "L-nobody"},
    "/holds": {"reason": "dispute", "request_id": "r-1", "loan_id": "L-nobody", "source": "letter-1"},
    "/dossiers/{loan_id}/reveals": {"request_id": "r-1", "purpose": "audit"},
    "/permits/{permit_id}/recall-ack": {"outcome": "stopped"},
    "/consents": CONSENT,
    "/consents/withdraw": CONSENT,
    "/cases/{case_id}/agreements": {"request_id": "r-1", "terms": {"kind": "extension", "installments": 1}},
    "/agreements/{agreement_id}/approve": {"request_id": "r-1"},
    "/agreements/{agreement_id}/decline": {"request_id": "r-1", "code": "too_long"},
    "/agreements/{agreement_id}/cancel": {"request_id": "r-1", "code": "too_long"},
    "/disputes": {"request_id": "r-1", "loan_id": "L-nobody", "reason": "amount"},
    "/disputes/{dispute_id}/acknowledgement": {"request_id": "r-1", "evidence": "letter-1"},
    "/disputes/{dispute_id}/answer": {"request_id": "r-1", "answer": "rejected", "evidence": "letter-1"},
    "/restrictions": {"request_id": "r-1", "source": "letter-1", "person_id": "C-nobody", "represented": {}},
    "/restrictions/{restriction_id}/withdraw": {"source": "letter-1"},
    "/cases/{case_id}/recoveries": {"request_id": "r-1", "agency": "recovery-1"},
    "/recoveries/{recovery_id}/decline": {"code": "too_early"},
    "/cases/{case_id}/location-requests": {"request_id": "r-1", "purpose": "plan_visit"},
    "/location-requests/{location_request_id}/reads": {"request_id": "r-1"},
    "/location-requests/{location_request_id}/end": {"code": "found"},
    "/proofs": {
        "request_id": "r-1",
        "loan_id": "L-nobody",
        "kind": "acknowledged",
        "on": "2026-11-05",
        "evidence": "letter-1",
    },
    "/proofs/{proof_id}/withdraw": {"source": "letter-1"},
    "/attempts": {
        "request_id": "r-1",
        "loan_id": "L-nobody",
        "person_id": "C-nobody",
        "contact_point_id": "cp-nobody",
        "channel": "call",
    },
    "/attempts/{attempt_id}": {"outcome": "not_made"},
    "/cases/{case_id}/legal/moves": {
        "request_id": "r-1",
        "move": "suit_filed",
        "on": "2026-11-06",
        "documents": {"statement_of_claim": "claim-1"},
    },
    "/cases/{case_id}/legal/amounts": {
        "request_id": "r-1",
        "kind": "court_fee",
        "amount_minor": 5_000,
        "on": "2026-11-06",
        "proof": "invoice-1",
    },
    "/legal/statuses": {
        "reference": "LD-000000",
        "status_id": "s-1",
        "status": "accepted",
        "occurred_at": "2026-11-06T04:00:00Z",
    },
}
"""Well-formed requests about things there are none of: past the door, each of them answers 404."""

endpoints = pytest.mark.parametrize(("method", "path"), PERMITTED)


def _nothing(path: str) -> str:
    """The path of a thing that there is none of."""
    return re.sub(r"\{(\w+)_id\}", lambda named: f"{named[1]}-0", path)


async def test_the_matrix_names_every_endpoint_there_is(api: Api) -> None:
    document = (await api.get("auditor", "/openapi.json")).json()
    found = {
        (method.upper(), path.removeprefix("/api"))
        for path, item in document["paths"].items()
        for method in item
    }
    assert found == PERMITTED.keys()


@endpoints
async def test_each_endpoint_lets_in_the_roles_it_is_for_and_no_other(
    api: Api, method: str, path: str
) -> None:
    lists = {
        "/tasks",
        "/cases",
        "/permits",
        "/disputes",
        "/recoveries",
        "/location-requests",
        "/legal",
        "/legal/deadlines",
        "/people/{person_id}/restrictions",
        "/people/{person_id}/consents",
        "/loans/{loan_id}/proofs",
    }
    expected = 200 if method == "GET" and path in lists else 404
    answers = {
        role: (await api.call(role, method, _nothing(path), BODIES.get(path))).status_code for role in ROLES
    }
    assert answers == {role: expected if role in PERMITTED[method, path] else 403 for role in ROLES}


@endpoints
async def test_without_a_token_nobody_gets_past_the_door(api: Api, method: str, path: str) -> None:
    for headers in (
        {},
        {"Authorization": "Bearer rc_wrong"},
        {"Authorization": "Bearer "},
        {"Authorization": f"Basic {api.tokens['admin'].token}"},
    ):
        answer = await api.http.request(
            method, f"/api{_nothing(path)}", json=BODIES.get(path), headers=headers
        )
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_the_description_of_the_api_is_for_callers_and_there_is_no_page_of_it(api: Api) -> None:
    assert (await api.http.get("/api/openapi.json")).status_code == 401
    assert [(await api.get(role, "/openapi.json")).status_code for role in ROLES] == [200] * len(ROLES)
    pages = ["/api/docs", "/api/docs/oauth2-redirect", "/docs", "/redoc", "/openapi.json"]
    assert [(await api.http.get(page)).status_code for page in pages] == [404] * len(pages)


async def test_where_the_pages_were_asked_for_anybody_may_read_them(api: Api) -> None:
    app = build_api(Delivery(api.world.services, api.runs), api.runs, docs=True)
    async with client(app) as http:
        page = await http.get("/api/docs")
        document = await http.get("/api/openapi.json")
        assert (page.status_code, "/api/openapi.json" in page.text) == (200, True)
        assert document.json()["paths"] == (await api.get("agent", "/openapi.json")).json()["paths"]
        assert (await http.get("/api/cases")).status_code == 401


async def test_what_has_not_the_shape_of_a_token_costs_the_database_nothing(api: Api) -> None:
    """A flood of them would take every connection from those who work."""
    good = api.tokens["agent"].token
    shapeless = (
        "wrong",
        "rc_",
        "rc_wrong",
        good.removeprefix("rc_"),
        good + "x",
        good[:-1] + "/",
        "x" * 60_000,
    )
    async with without_database(api, closed_port()) as http:
        for token in shapeless:
            answer = await http.get("/api/cases", headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code == 401
        answer = await http.get("/api/cases", headers={"Authorization": f"Bearer rc_{'A' * 43}"})
        assert answer.status_code == 503


async def test_a_stranger_is_not_told_what_a_good_request_looks_like(api: Api) -> None:
    assert (await api.post(None, "/holds", wrong="field")).status_code == 401
    assert (await api.post("vehicle", "/holds", wrong="field")).status_code == 403


async def test_a_revoked_token_is_shut_out_at_the_next_request(api: Api) -> None:
    assert (await api.get("agent", "/cases")).status_code == 200
    await api.world.services.run(partial(tokens.revoke, actor=api.tokens["agent"].actor))
    assert (await api.get("agent", "/cases")).status_code == 401


async def test_the_health_page_needs_no_token_and_tells_nothing(api: Api) -> None:
    answer = await api.http.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_each_role_sees_the_tasks_of_its_own_teams(api: Api, task: str) -> None:
    seen = {role: [t["id"] for t in (await api.get(role, "/tasks")).json()] for role in WORKERS}
    assert seen == {"agent": [task], "lead": [task], "admin": [task], "vehicle": [], "legal": []}
