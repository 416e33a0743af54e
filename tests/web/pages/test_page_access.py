"""Who may see and do what: every page, every role, nobody without a session, and no form from elsewhere."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import partial

import httpx
import pytest
from fastapi.routing import APIRoute

from recourse.service import signing_in, tokens
from recourse.web.pages.app import ROUTERS
from tests.web.pages.conftest import ROLES, SAME, Browser, Site

EVERYBODY = set(ROLES)
WORKERS = EVERYBODY - {"auditor"}
PERMITTED: dict[tuple[str, str], set[str]] = {
    ("GET", "/"): EVERYBODY,
    ("GET", "/account"): EVERYBODY,
    ("POST", "/account/settings"): EVERYBODY,
    ("POST", "/account/password"): EVERYBODY,
    ("POST", "/account/sessions"): EVERYBODY,
    ("GET", "/queue"): WORKERS,
    ("POST", "/queue/pull"): WORKERS,
    ("POST", "/queue/{task_id}/skip"): WORKERS,
    ("GET", "/cases"): EVERYBODY,
    ("GET", "/cases/{case_id}"): EVERYBODY,
    ("POST", "/cases/{case_id}/tasks/{task_id}/claim"): WORKERS,
    ("POST", "/cases/{case_id}/tasks/{task_id}/complete"): WORKERS,
}
BEFORE = {
    ("GET", "/sign-in"),
    ("POST", "/sign-in"),
    ("GET", "/sign-in/password"),
    ("POST", "/sign-in/password"),
    ("GET", "/sign-in/enrol"),
    ("POST", "/sign-in/enrol"),
    ("GET", "/sign-in/code"),
    ("POST", "/sign-in/code"),
    ("POST", "/sign-out"),
}
"""Pages of those who are about to sign in, or to leave."""
PAST = {
    "/": 303,
    "/queue/pull": 303,
    "/account/settings": 303,
    "/account/sessions": 403,
    "/account/password": 403,
    "/queue/{task_id}/skip": 422,
    "/cases/{case_id}": 404,
    "/cases/{case_id}/tasks/{task_id}/claim": 404,
    "/cases/{case_id}/tasks/{task_id}/complete": 404,
}
"""What a page answers whom it is for, about a thing that there is none of; 200 where it is not named."""
FORMS = [path for method, path in PERMITTED if method == "POST"]


def _nothing(path: str) -> str:
    return re.sub(r"\{(\w+)_id\}", lambda named: f"{named[1]}-0", path)


async def _ask(browser: Browser, method: str, path: str) -> httpx.Response:
    return await (browser.get(_nothing(path)) if method == "GET" else browser.post(_nothing(path)))


def test_the_matrix_names_every_page_there_is() -> None:
    found = {
        (method, route.path)
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }
    assert found == PERMITTED.keys() | BEFORE


async def test_each_page_lets_in_the_roles_it_is_for_and_no_other(site: Site) -> None:
    answers = {
        (method, path, role): (await _ask(await site.person(role), method, path)).status_code
        for (method, path) in PERMITTED
        for role in ROLES
    }
    assert answers == {
        (method, path, role): PAST.get(path, 200) if role in roles else 403
        for (method, path), roles in PERMITTED.items()
        for role in ROLES
    }


async def test_without_a_whole_session_there_is_nothing_but_the_sign_in(site: Site) -> None:
    """Neither for nobody, nor for a made-up id, nor for who has shown his password alone."""
    nobody, guessing, half = site.browser(), site.browser(), site.browser()
    guessing.http.cookies.set("recourse", "x" * 43, domain="localhost.local")
    known = await site.person("admin")
    start = partial(signing_in._open, actor=known.actor, whole=False, lasts=timedelta(minutes=5))
    half.http.cookies.set("recourse", await site.world.services.run(start), domain="localhost.local")
    token = re.search(r'value="([0-9a-f]{64})"', (await half.get("/sign-in/code")).text)
    assert token is not None
    for method, path in PERMITTED:
        for browser in (nobody, guessing, half):
            if method == "GET":
                answer = await browser.get(_nothing(path))
                assert (answer.status_code, answer.headers["location"][:12]) == (303, "/sign-in?to="), path
            else:
                answer = await browser.post(_nothing(path), csrf=token[1])
                assert answer.status_code == 401, path


async def test_a_form_without_its_sessions_token_does_nothing(site: Site) -> None:
    admin, other = await site.person("admin"), await site.person("lead")
    for path in FORMS:
        for token in ("", "0" * 64, await other.csrf()):
            answer = await admin.post(_nothing(path), csrf=token)
            assert (answer.status_code, "another session" in answer.text) == (403, True), path
    assert (await admin.post("/sign-out", csrf="")).status_code == 403
    assert (await admin.get("/account")).status_code == 200


async def test_a_request_from_another_site_does_nothing_even_with_the_token(site: Site) -> None:
    admin = await site.person("admin")
    token = {"csrf": await admin.csrf()}
    for headers in (
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {**SAME, "Sec-Fetch-Site": "cross-site"},
        {**SAME, "Origin": "https://localhost"},
    ):
        for path in [*FORMS, "/sign-in", "/sign-out"]:
            answer = await admin.http.post(_nothing(path), data=token, headers=headers)
            assert (answer.status_code, "page of this site" in answer.text) == (403, True), (path, headers)
    for headers in ({"Origin": "http://localhost"}, {"Sec-Fetch-Site": "same-origin"}):
        assert (await admin.http.post("/account/settings", data=token, headers=headers)).status_code == 303


async def test_htmx_sends_the_token_as_a_header(site: Site) -> None:
    admin = await site.person("admin")
    headers = SAME | {"X-CSRF-Token": await admin.csrf(), "HX-Request": "true"}
    assert (await admin.http.post("/account/settings", headers=headers)).status_code == 303


async def test_pages_take_no_bearer_token(site: Site) -> None:
    issued = await site.world.services.run(partial(tokens.issue, role="admin", name="somebody"))
    answer = await site.browser().get("/queue", Authorization=f"Bearer {issued.token}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?to=/queue")


@pytest.mark.parametrize("path", ["/", "/account", "/nothing", "/static/0/app.js", "/sign-in"])
async def test_no_page_runs_or_loads_anything_that_is_not_ours(site: Site, path: str) -> None:
    answer = await (await site.person("agent")).get(path)
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "http" not in policy
    assert {"object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"} <= set(policy.split("; "))
    assert not re.search(
        r"<script(?![^>]*\bsrc=\"/static/)|\son\w+=|\sstyle=|(?:src|href)=\"(?:https?:)?//", answer.text
    )
    assert answer.headers["cache-control"] == "no-store"
