"""Every page in both languages and both looks: accessible, within the screen, and kept as a picture."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.browser.conftest import Desk
from tests.browser.test_agents_day import _as
from tests.integration.service.conftest import NOON
from tests.web.pages.conftest import Site

PAGES = {"queue": "/queue", "case": "/cases/case-L-1-1", "cases": "/cases", "account": "/account"}


@pytest.mark.parametrize(("language", "look"), [("en", "light"), ("zh", "dark")])
async def test_each_page_can_be_used_by_everybody(
    site: Site, task: str, desk: Desk, language: str, look: str
) -> None:
    await desk.go(f"/sign-in?language={language}")
    await desk.accessible()
    await desk.picture(f"sign-in-{language}")
    person = await site.person("agent")
    await _as(site, desk, "agent")
    await person.post("/account/settings", language=language, look=look, onward="on")
    await person.post("/queue/pull")
    site.world.set_now(NOON + timedelta(hours=3))
    for name, path in PAGES.items():
        await desk.go(path)
        await desk.accessible()
        await _fits(desk)
        await desk.picture(f"{name}-{language}-{look}")
    site.world.set_now(NOON + timedelta(hours=11))
    await desk.go(PAGES["case"])
    await desk.accessible()
    await desk.picture(f"case-at-night-{language}-{look}")
    await desk.page.set_viewport_size({"width": 390, "height": 844})
    for name, path in PAGES.items():
        await desk.go(path)
        await _fits(desk)
        await desk.picture(f"{name}-telephone-{language}-{look}")


async def _fits(desk: Desk) -> None:
    """Nothing is beyond the edge of the screen, the way out included."""
    wide = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    assert await desk.page.evaluate(wide), f"{desk.path()} is wider than the screen"
    assert await desk.page.locator("form[action='/sign-out'] button").is_visible()


async def test_the_queue_comes_anew_by_itself_and_leaves_an_open_menu_alone(
    site: Site, task: str, desk: Desk
) -> None:
    """By htmx, under the policy that forbids every script in a page."""
    await _as(site, desk, "agent")
    await desk.go("/queue")
    await site.world.execute("UPDATE agent_task SET state = 'done'")
    await desk.page.click("summary")
    await desk.page.evaluate("htmx.trigger('#queue', 'refresh')")
    assert await desk.page.locator("tbody tr").count() == 1
    await desk.page.click("summary")
    await desk.page.evaluate("htmx.trigger('#queue', 'refresh')")
    await desk.page.wait_for_selector("text=Nothing waits for you.")


async def test_a_form_that_htmx_sends_carries_the_sessions_token(site: Site, desk: Desk) -> None:
    """`hx-headers` on the body reaches what is in it only as `:inherited` (htmx 4)."""
    await _as(site, desk, "agent")
    await desk.go("/account")
    sent: list[str | None] = []
    desk.page.on(
        "request",
        lambda asked: sent.append(asked.headers.get("x-csrf-token")) if asked.method == "POST" else None,
    )
    await desk.page.evaluate(
        "() => { const one = document.createElement('button'); one.id = 'try';"
        " one.setAttribute('hx-post', '/account/settings'); one.textContent = 'x';"
        " document.getElementById('main').append(one); htmx.process(one); one.click(); }"
    )
    await desk.page.wait_for_selector("text=Saved.")
    assert sent == [await (await site.person("agent")).csrf()]
