"""No answer is kept, framed, guessed at or run, whoever gives it."""

from __future__ import annotations

import pytest

from recourse.delivery import Delivery
from recourse.web.api import build_api
from tests.integration.gateways.conftest import closed_port
from tests.web.conftest import Api, client, without_database

WANTED = {
    "cache-control": "no-store",
    "content-security-policy": (
        "default-src 'none'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "strict-transport-security": "max-age=31536000; includeSubDomains",
    "x-content-type-options": "nosniff",
}


@pytest.mark.parametrize(
    ("role", "path", "status"),
    [
        ("lead", "/cases", 200),
        (None, "/cases", 401),
        ("agent", "/dossiers/L-1", 403),
        ("lead", "/cases/none", 404),
        ("lead", "/no/such/path", 404),
    ],
)
async def test_every_answer_has_them(api: Api, role: str | None, path: str, status: int) -> None:
    answer = await api.get(role, path)
    assert answer.status_code == status
    assert {name: answer.headers[name] for name in WANTED} == WANTED


async def test_so_has_a_refused_body_and_an_outage(api: Api) -> None:
    refused = await api.http.post("/api/holds", content=b"x" * 100_000)
    assert refused.status_code == 413
    assert {name: refused.headers[name] for name in WANTED} == WANTED
    async with without_database(api, closed_port()) as http:
        token = api.tokens["lead"].token
        down = await http.get("/api/cases", headers={"Authorization": f"Bearer {token}"})
        assert down.status_code == 503
        assert {name: down.headers[name] for name in WANTED} == WANTED


async def test_only_the_page_that_was_asked_for_may_run_scripts(api: Api) -> None:
    app = build_api(Delivery(api.world.services, api.runs), api.runs, docs=True)
    async with client(app) as http:
        assert "content-security-policy" not in (await http.get("/api/docs")).headers
        assert "content-security-policy" in (await http.get("/api/cases")).headers
