"""The pages in a real Chromium, on a real database. Only the workflow engine is a fake.

Whatever a page tries that its policy forbids, an error of a script, and a request to anywhere else fail the
test. Screenshots stay in `.recourse/screenshots`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import uvicorn
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, async_playwright

from tests.browser.chromium import found
from tests.integration.conftest import world  # noqa: F401 - fixtures
from tests.integration.gateways.conftest import closed_port
from tests.web.conftest import api, task  # noqa: F401 - fixtures
from tests.web.pages.conftest import Site, site  # noqa: F401 - fixtures

PICTURES = Path(__file__).parents[2] / ".recourse" / "screenshots"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
DESK = {"width": 1280, "height": 720}


@dataclass
class Desk:
    """One person at a browser."""

    page: Page
    base: str
    context: BrowserContext
    wrong: list[str] = field(default_factory=list)

    async def go(self, path: str) -> None:
        await self.page.goto(f"{self.base}{path}")

    def path(self) -> str:
        return self.page.url.removeprefix(self.base)

    async def at(self, pattern: str) -> None:
        """Waits for the path. The bound is playwright's own."""
        await self.page.wait_for_url(re.compile(re.escape(self.base) + pattern), timeout=10_000)

    async def picture(self, name: str) -> None:
        PICTURES.mkdir(parents=True, exist_ok=True)
        await self.page.screenshot(path=PICTURES / f"{name}.png", full_page=True)

    async def accessible(self) -> None:
        """Nothing that WCAG 2.2 AA forbids and axe can find."""
        options = {"runOnly": {"type": "tag", "values": WCAG}}
        said = await Axe().run(self.page, options=options)
        assert said.violations_count == 0, f"{self.path()}\n{said.generate_report()}"


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(
            executable_path=found(), args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield started
        await started.close()


@pytest.fixture
async def served(site: Site) -> AsyncIterator[str]:  # noqa: F811 - the fixture
    """The address of the pages."""
    port = closed_port()
    config = uvicorn.Config(site.app, port=port, log_config=None, access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    serving = asyncio.create_task(server.serve())
    for _ in range(200):
        if server.started:
            break
        await asyncio.sleep(0.02)
    else:
        pytest.fail("the pages were not served within four seconds")
    yield f"http://localhost:{port}"
    server.should_exit = True
    await serving


@pytest.fixture
async def desk(chromium: Browser, served: str) -> AsyncIterator[Desk]:
    context = await chromium.new_context(viewport={"width": 1280, "height": 720}, locale="en-GB")
    page = await context.new_page()
    here = Desk(page, served, context)

    def heard(message: ConsoleMessage) -> None:
        refused = "Failed to load resource: the server responded" in message.text
        if message.type == "error" and not refused:
            here.wrong.append(message.text)

    page.on("console", heard)
    page.on("pageerror", lambda error: here.wrong.append(str(error)))
    page.on("request", lambda asked: here.wrong.append(asked.url) if not _ours(asked.url, served) else None)
    yield here
    await context.close()
    assert here.wrong == []


def _ours(url: str, base: str) -> bool:
    return url.startswith((f"{base}/", "data:"))
