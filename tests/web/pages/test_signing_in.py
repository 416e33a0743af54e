"""Signing in with two factors, and how sessions begin, change and end."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from functools import partial

import httpx
import pyotp
import pytest

from recourse.service import accounts
from recourse.service.accounts import Opened
from recourse.web.rate import Rate
from tests.web.pages.conftest import SAME, Browser, Site

OWN = "a small red lorry 7"


async def _account(site: Site, login: str = "li.na") -> Opened:
    add = partial(accounts.add, login=login, role="agent", name="Li Na")
    return await site.world.services.run(add)


async def _password(browser: Browser, login: str, password: str, to: str = "") -> httpx.Response:
    data = {"login": login, "password": password}
    return await browser.http.post(f"/sign-in?to={to}", data=data, headers=SAME)


async def _form(browser: Browser, path: str, **fields: str) -> httpx.Response:
    return await browser.post(path, csrf=await browser.csrf(path.partition("?")[0]), **fields)


async def _enrolled(site: Site, browser: Browser) -> pyotp.TOTP:
    """From a first password to a whole session; the authenticator."""
    opened = await _account(site)
    await _password(browser, opened.login, opened.password)
    await _form(browser, "/sign-in/password", fresh=OWN, again=OWN)
    key = re.search(r"<code>([A-Z2-7 ]{39})</code>", (await browser.get("/sign-in/enrol")).text)
    assert key is not None
    app = pyotp.TOTP(key[1].replace(" ", ""))
    assert (await _form(browser, "/sign-in/enrol", code=app.now())).headers["location"] == "/queue"
    return app


def _later(app: pyotp.TOTP) -> str:
    """A code that was not used yet: of the next half minute, which clocks that differ may show already."""
    return app.at(int(time.time()) + 30)


async def test_a_first_password_leads_to_one_of_ones_own_an_authenticator_and_the_queue(site: Site) -> None:
    browser, opened = site.browser(), await _account(site)
    answer = await _password(browser, opened.login, opened.password)
    assert answer.headers["location"] == "/sign-in/password"
    assert (await browser.get("/queue")).status_code == 303
    for fresh, again, says in (
        ("short", "short", "At least 12"),
        (OWN, OWN + "!", "not the same"),
        ("recourse is good", "recourse is good", "everybody would try"),
        ("123456789012", "123456789012", "Too simple"),
        (opened.password, opened.password, "have already"),
    ):
        refused = await _form(browser, "/sign-in/password", fresh=fresh, again=again)
        assert (refused.status_code, says in refused.text) == (422, True)
    answer = await _form(browser, "/sign-in/password", fresh=OWN, again=OWN)
    assert answer.headers["location"] == "/sign-in/enrol"
    assert (await browser.get("/queue")).status_code == 303
    page = await browser.get("/sign-in/enrol")
    assert "<svg" in page.text
    key = re.search(r"<code>([A-Z2-7 ]{39})</code>", page.text)
    assert key is not None
    wrong = await _form(browser, "/sign-in/enrol", code="000000")
    assert wrong.status_code == 403
    assert key[1] in wrong.text
    code = pyotp.TOTP(key[1].replace(" ", "")).now()
    done = await _form(browser, "/sign-in/enrol", code=code)
    assert done.headers["location"] == "/queue"
    assert (await browser.get("/queue")).status_code == 200


async def test_each_step_takes_a_new_id_and_the_old_one_opens_nothing(site: Site) -> None:
    browser = site.browser()
    app = await _enrolled(site, browser)
    whole = browser.http.cookies["recourse"]
    await browser.post("/sign-out")
    await _password(browser, "li.na", OWN)
    half = browser.http.cookies["recourse"]
    await _form(browser, "/sign-in/code", code=_later(app))
    assert len({whole, half, browser.http.cookies["recourse"]}) == 3
    for old in (whole, half):
        stranger = site.browser()
        stranger.http.cookies.set("recourse", old, domain="localhost.local")
        assert (await stranger.get("/queue")).status_code == 303
    kept = await site.world.rows("SELECT secret_hash, ended FROM web_session")
    assert not {whole, half} & {row["secret_hash"] for row in kept}
    assert [row["ended"] for row in kept].count(None) == 1


async def test_a_code_is_good_once_and_too_many_wrong_ones_need_an_administrator(site: Site) -> None:
    browser = site.browser()
    app = await _enrolled(site, browser)
    await browser.post("/sign-out")
    await _password(browser, "li.na", OWN)
    code = _later(app)
    assert (await _form(browser, "/sign-in/code", code=code)).status_code == 303
    await browser.post("/sign-out")
    await _password(browser, "li.na", OWN)
    again = await _form(browser, "/sign-in/code", code=code)
    assert (again.status_code, "used already" in again.text) == (403, True)
    for _ in range(20):
        await _form(browser, "/sign-in/code", code="000000")
    locked = await _form(browser, "/sign-in/code", code=app.at(int(time.time()) + 30))
    assert (locked.status_code, "has to reset" in locked.text) == (403, True)


async def test_nobody_learns_who_has_an_account(site: Site) -> None:
    opened = await _account(site)
    wrong = await _password(site.browser(), opened.login, "not the password")
    nobody = await _password(site.browser(), "wang.wu", "not the password")
    assert wrong.status_code == nobody.status_code == 403
    assert wrong.text.replace(opened.login, "wang.wu") == nobody.text


async def test_a_first_password_ends(site: Site) -> None:
    opened = await _account(site)
    await site.world.execute("UPDATE account SET first_until = now() - interval '1 second'")
    assert (await _password(site.browser(), opened.login, opened.password)).status_code == 403


@pytest.mark.parametrize("change", ["seen_at = now() - interval '31 minutes'", "ends_at = now()"])
async def test_a_session_ends_by_itself_when_its_person_is_away_or_the_shift_is_over(
    site: Site, change: str
) -> None:
    agent = await site.person("agent")
    assert (await agent.get("/account")).status_code == 200
    await site.world.execute(f"UPDATE web_session SET {change}")
    assert (await agent.get("/account")).headers["location"] == "/sign-in?to=/account"


async def test_who_works_on_stays_signed_in(site: Site) -> None:
    agent = await site.person("agent")
    for _ in range(3):
        await site.world.execute("UPDATE web_session SET seen_at = now() - interval '20 minutes'")
        assert (await agent.get("/account")).status_code == 200
    seen = "SELECT now() - seen_at FROM web_session"
    assert await site.world.scalar(seen) < timedelta(minutes=1)


async def test_signing_out_ends_the_session_and_empties_the_browser(site: Site) -> None:
    agent = await site.person("agent")
    secret = agent.http.cookies["recourse"]
    left = await agent.post("/sign-out")
    assert "recourse" not in agent.http.cookies
    assert left.headers["clear-site-data"] == '"cache", "storage"'
    agent.http.cookies.set("recourse", secret, domain="localhost.local")
    assert (await agent.get("/account")).status_code == 303


async def test_one_ends_ones_own_other_sessions_and_nobody_elses(site: Site) -> None:
    agent, other = await site.person("agent"), await site.person("lead")
    at_home = site.browser()
    at_home.actor = agent.actor
    await at_home.begin_session()
    theirs = await site.world.scalar("SELECT id FROM web_session WHERE actor = :actor", actor=other.actor)
    await agent.post("/account/sessions", session=str(theirs), current=agent.password)
    assert (await other.get("/account")).status_code == 200
    assert (await at_home.get("/account")).status_code == 200
    wrong = await agent.post("/account/sessions", current="not the password")
    assert (wrong.status_code, (await at_home.get("/account")).status_code) == (403, 200)
    unknown = await agent.post("/account/sessions", session="x", current=agent.password)
    assert (unknown.status_code, (await at_home.get("/account")).status_code) == (422, 200)
    await agent.post("/account/sessions", current=agent.password)
    states = [(await one.get("/account")).status_code for one in (agent, at_home, other)]
    assert states == [200, 303, 200]


async def test_a_new_password_takes_the_old_one_and_ends_every_other_session(site: Site) -> None:
    browser, at_home = site.browser(), site.browser()
    await _enrolled(site, browser)
    at_home.actor = await site.world.scalar("SELECT actor FROM account")
    await at_home.begin_session()
    before = browser.http.cookies["recourse"]
    wrong = await browser.post("/account/password", current="no", fresh="x" * 12, again="x" * 12)
    assert wrong.status_code == 403
    fresh = "another red lorry 8"
    done = await browser.post("/account/password", current=OWN, fresh=fresh, again=fresh)
    assert done.headers["location"] == "/account?done=password_changed"
    assert browser.http.cookies["recourse"] != before
    assert (await browser.get("/account")).status_code == 200
    assert (await at_home.get("/account")).status_code == 303
    assert (await _password(site.browser(), "li.na", OWN)).status_code == 403


async def test_who_is_disabled_reset_or_signed_out_by_an_administrator_is_out_at_once(site: Site) -> None:
    run = site.world.services.run
    for act in (accounts.end_sessions, accounts.reset, accounts.disable):
        agent = await site.person("agent", f"agent-{act.__name__.replace('_', '-')}")
        login = await site.world.scalar("SELECT login FROM account WHERE actor = :a", a=agent.actor)
        assert (await agent.get("/queue")).status_code == 200
        await run(partial(act, login=login))
        assert (await agent.get("/queue")).status_code == 303
    assert (await _password(site.browser(), "agent-disable", OWN)).status_code == 403


async def test_over_tls_the_cookie_is_this_hosts_alone(site: Site) -> None:
    opened = await _account(site)
    transport = httpx.ASGITransport(site.app)
    async with httpx.AsyncClient(transport=transport, base_url="https://recourse.example") as http:
        data = {"login": opened.login, "password": opened.password}
        headers = {"Origin": "https://recourse.example"}
        given = (await http.post("/sign-in", data=data, headers=headers)).headers["set-cookie"]
    assert re.fullmatch(r"__Host-recourse=[\w-]{43}; HttpOnly; Path=/; SameSite=lax; Secure", given)


async def test_without_tls_one_signs_in_on_this_machine_only(site: Site) -> None:
    transport = httpx.ASGITransport(site.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://recourse.example") as http:
        answer = await http.get("/sign-in")
        assert (answer.status_code, "not encrypted" in answer.text) == (403, True)
        headers = {"Origin": "http://recourse.example"}
        refused = await http.post("/sign-in", data={"login": "x", "password": "y"}, headers=headers)
        assert (refused.status_code, "set-cookie" in refused.headers) == (403, False)


async def test_guessing_is_slow_for_one_login_and_for_one_address(site: Site) -> None:
    opened = await _account(site)
    site.app.state.parts.guesses = Rate(3)
    for _ in range(3):
        assert (await _password(site.browser(), opened.login, "guess")).status_code == 403
    held = await _password(site.browser(), opened.login, opened.password)
    assert (held.status_code, "retry-after" in held.headers) == (429, True)
    site.app.state.parts.guesses, site.app.state.parts.attempts = Rate(1000), Rate(2)
    for number in range(2):
        assert (await _password(site.browser(), f"somebody-{number}", "guess")).status_code == 403
    assert (await _password(site.browser(), opened.login, opened.password)).status_code == 429


@pytest.mark.parametrize(
    ("to", "leads"),
    [
        ("/cases/case-L-1-1", "/cases/case-L-1-1"),
        ("//evil.example", "/queue"),
        ("https://evil.example", "/queue"),
        ("/\\evil.example", "/queue"),
        ("/sign-out", "/queue"),
    ],
)
async def test_after_the_sign_in_one_is_where_one_was_going_and_never_elsewhere(
    site: Site, to: str, leads: str
) -> None:
    agent = await site.person("agent")
    assert (await agent.http.get("/sign-in", params={"to": to})).headers["location"] == leads


async def test_neither_password_nor_key_stands_in_the_database_as_it_is(site: Site) -> None:
    browser = site.browser()
    app = await _enrolled(site, browser)
    for table in ("account", "web_session", "data_key"):
        text = str(await site.world.rows(f"SELECT {table}::text FROM {table}"))
        assert OWN not in text
        assert app.secret not in text
        assert app.secret.encode().hex() not in text
        assert browser.http.cookies["recourse"] not in text
