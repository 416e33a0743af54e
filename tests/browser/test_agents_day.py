"""An agent's morning with the keyboard alone: from the first password to a recorded call."""

from __future__ import annotations

from functools import partial

import pyotp

from recourse.service import accounts
from tests.browser.conftest import Desk
from tests.web.pages.conftest import Site

OWN = "a small red lorry 7"


async def test_from_the_first_password_to_a_recorded_call_without_a_mouse(
    site: Site, task: str, desk: Desk
) -> None:
    add = partial(accounts.add, login="li.na", role="agent", name="Li Na")
    opened = await site.world.services.run(add)
    keys = desk.page.keyboard
    await desk.go("/queue")
    await desk.at("/sign-in")
    await keys.type("li.na")
    await keys.press("Tab")
    await keys.type(opened.password)
    await keys.press("Enter")
    await desk.at("/sign-in/password")
    await desk.accessible()
    await desk.page.focus("#fresh")
    await keys.type(OWN)
    await keys.press("Tab")
    await keys.type(OWN)
    await keys.press("Enter")
    await desk.at("/sign-in/enrol")
    await desk.accessible()
    await desk.picture("enrol-en")
    secret = (await desk.page.inner_text("code")).replace(" ", "")
    await keys.type(pyotp.TOTP(secret).now())
    await keys.press("Enter")
    await desk.at("/queue")
    await keys.press("?")
    sheet = await desk.page.inner_text("#keys-list")
    assert "Pull next" in sheet
    assert "My queue" in sheet
    await desk.accessible()
    await desk.picture("keys-en")
    await keys.press("Escape")
    await keys.press("n")
    await desk.at("/cases/case-L-1-1")
    await keys.press("o")
    await keys.press("1")
    await desk.at(r"/queue\?done=completed")
    outcome = "SELECT outcome FROM agent_task WHERE id = :task"
    assert await site.world.scalar(outcome, task=task) == "no_answer"
    await keys.press("g")
    await keys.press("a")
    await desk.at("/account")


async def test_keys_do_nothing_while_somebody_types_or_has_turned_them_off(
    site: Site, task: str, desk: Desk
) -> None:
    await _as(site, desk, "agent")
    await desk.go("/cases")
    await desk.page.keyboard.press("/")
    await desk.page.keyboard.type("gq?")
    assert await desk.page.input_value("#case") == "gq?"
    assert desk.path() == "/cases"
    await desk.go("/queue")
    await desk.page.keyboard.press("?")
    await desk.page.click("#keys-on")
    await desk.page.keyboard.press("Escape")
    await desk.page.keyboard.press("n")
    await desk.page.reload()
    assert desk.path() == "/queue"
    assert await site.world.scalar("SELECT state FROM agent_task") == "open"


async def _as(site: Site, desk: Desk, role: str) -> None:
    person = await site.person(role)
    value = person.http.cookies["recourse"]
    await desk.context.add_cookies([{"name": "recourse", "value": value, "url": desk.base}])
