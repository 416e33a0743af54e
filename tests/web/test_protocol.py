"""HTTP as it should be: types told, nothing answered that nobody needs, fields taken from their place."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from recourse.delivery import Delivery
from recourse.web.api import build_api
from tests.web.conftest import Api, client


async def test_every_answer_says_that_it_is_json(api: Api) -> None:
    answers = [
        await api.get("lead", "/cases"),
        await api.get(None, "/cases"),
        await api.get("lead", "/cases/none"),
        await api.get("lead", "/no/such/path"),
        await api.post("lead", "/holds", wrong="field"),
        await api.http.get("/healthz"),
    ]
    assert [answer.headers["content-type"] for answer in answers] == ["application/json"] * 6


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PUT", "DELETE", "PATCH"])
async def test_a_method_that_no_route_has_is_not_answered(api: Api, method: str) -> None:
    answer = await api.call("admin", method, "/cases")
    assert (answer.status_code, api.tokens["admin"].token in answer.text) == (405, False)


@pytest.mark.parametrize(
    "path", ["/", "/api", "/api/", "/static/", "/.git/config", "/api/../.env", "/docs", "/api/cases/"]
)
async def test_there_is_nothing_to_list_no_file_and_no_redirect(api: Api, path: str) -> None:
    headers = {"Authorization": f"Bearer {api.tokens['admin'].token}"}
    assert (await api.http.get(path, headers=headers)).status_code == 404


async def test_a_field_of_the_body_is_not_taken_from_the_query(api: Api) -> None:
    body = {"request_id": "r-1", "loan_id": "L-nobody", "source": "letter-1"}
    missing = await api.call("lead", "POST", "/holds?reason=dispute", body)
    assert (missing.status_code, missing.json()["detail"][0]["loc"]) == (422, ["body", "reason"])
    twice = await api.get("lead", "/cases?limit=0&limit=5")
    assert twice.status_code == (await api.get("lead", "/cases?limit=5")).status_code == 200
    assert (await api.get("lead", "/cases?limit=5&limit=0")).status_code == 422


async def test_a_field_that_nobody_asked_for_is_refused(api: Api) -> None:
    body = {"request_id": "r-1", "reason": "dispute", "loan_id": "L-nobody", "source": "letter-1"}
    answer = await api.call("lead", "POST", "/holds", body | {"placed_by": "somebody-else"})
    assert (answer.status_code, answer.json()["detail"][0]["loc"]) == (422, ["body", "placed_by"])


async def test_a_page_of_another_origin_is_told_nothing(api: Api) -> None:
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "GET"}
    preflight = await api.http.options("/api/cases", headers=asked)
    token = {"Authorization": f"Bearer {api.tokens['lead'].token}", "Origin": "https://evil.example"}
    answer = await api.http.get("/api/cases", headers=token)
    for one in (preflight, answer):
        assert not [name for name in one.headers if name.startswith("access-control")]


async def test_neither_a_cookie_nor_a_token_in_the_address_opens_anything(api: Api) -> None:
    """A browser sends it for any page: where none is taken, no page can make a request in another's name."""
    token = api.tokens["lead"].token
    for name in ("token", "authorization", "recourse_codec", "__Host-recourse_codec"):
        answer = await api.http.get("/api/cases", headers={"Cookie": f"{name}={token}"})
        assert answer.status_code == 401
        assert (await api.http.get(f"/api/cases?{name}={token}")).status_code == 401


async def test_refused_tokens_and_roles_are_logged_without_the_token(api: Api) -> None:
    guess = f"rc_{'A' * 43}"
    with capture_logs() as logs:
        await api.http.get("/api/cases", headers={"Authorization": f"Bearer {guess}"})
        await api.get("agent", "/dossiers/L-1")
    assert [(line["event"], line["log_level"]) for line in logs] == [
        ("token refused", "warning"),
        ("token let in", "info"),
        ("refused to the role", "warning"),
    ]
    assert logs[1]["actor"] == logs[2]["actor"] == api.tokens["agent"].actor
    assert guess not in str(logs)
    assert "L-1" not in str(logs)


async def test_a_fault_that_nobody_foresaw_shows_nothing_of_itself(api: Api) -> None:
    """The delivery is missing, which is as bad a fault as there can be."""
    async with client(build_api(Delivery(None, api.runs), api.runs)) as http:  # type: ignore[arg-type]
        headers = {"Authorization": f"Bearer {api.tokens['lead'].token}"}
        answer = await http.get("/api/cases", headers=headers)
    assert (answer.status_code, answer.text) == (500, "Internal Server Error")
