"""The pages as a browser meets them, on a real database. Only the workflow engine is a fake."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import cache, partial
from typing import cast

import httpx
import pytest
from fastapi import FastAPI

from recourse.delivery import Delivery
from recourse.service import accounts, signing_in
from recourse.service.context import Unit
from recourse.service.signing_in import Lasting
from recourse.storage import accounts as stored
from recourse.web.pages.app import build_pages
from recourse.web.pages.session import Parts
from recourse.web.rate import Door, Rate
from tests.integration.conftest import World, world  # noqa: F401 - fixtures
from tests.web.conftest import Runs, api, task  # noqa: F401 - fixtures

ROLES = accounts.ROLES
SAME = {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}
"""As a browser says that a form is of our own page."""


@dataclass
class Site:
    """One site, and what a person's browser does with it."""

    app: FastAPI
    world: World
    runs: Runs
    people: dict[str, Browser] = field(default_factory=dict)

    def browser(self) -> Browser:
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False, client=("127.0.0.1", 1))
        return Browser(self, httpx.AsyncClient(transport=transport, base_url="http://localhost"))

    async def person(self, role: str, login: str = "", *, confined: bool = False) -> Browser:
        """A browser with a whole session of a new account of this role; the same one for the same login.
        Past the password, whose digest takes a moment to make."""
        login = login or f"{role}-person"
        if login not in self.people:
            run, browser = self.world.services.run, self.browser()
            add = partial(accounts.add, login=login, role=role, name=f"{role} of the test", confined=confined)
            opened = await run(add)
            browser.actor, browser.person = opened.actor, opened.person
            browser.password = opened.password
            await browser.begin_session()
            self.people[login] = browser
        return self.people[login]


@dataclass
class Browser:
    site: Site
    http: httpx.AsyncClient
    actor: str = ""
    person: str = ""
    password: str = field(default="", repr=False)

    async def begin_session(self) -> None:
        async def work(unit: Unit) -> str:
            await stored.change(unit.tx, self.actor, first_until=None, totp_confirmed=True)
            return await signing_in._open(unit, self.actor, whole=True, lasts=Lasting().whole)

        self.http.cookies.set("recourse", await self.site.world.services.run(work), domain="localhost.local")

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.http.get(path, headers=headers)

    async def csrf(self, path: str = "/account") -> str:
        """As it stands in the forms of a page of this session."""
        found = re.search(r'name="csrf" value="([0-9a-f]{64})"', (await self.get(path)).text)
        assert found is not None, f"{path} has no form"
        return found[1]

    async def post(self, path: str, *, csrf: str | None = None, **fields: str) -> httpx.Response:
        """A form of a page of this site, with its token unless another is given."""
        token = await self.csrf() if csrf is None else csrf
        return await self.http.post(path, data={"csrf": token, **fields}, headers=SAME)


@cache
def _built() -> FastAPI:
    """Once for all tests, as the API is."""
    return build_pages(cast(Parts, None))


@pytest.fixture
async def site(world: World) -> AsyncIterator[Site]:  # noqa: F811 - the fixture
    runs, app, many = Runs(world.services), _built(), partial(Rate, 10_000)
    app.state.parts = Parts(
        Delivery(world.services, runs),
        runs,
        door=Door(many(), many()),
        attempts=many(),
        guesses=many(),
    )
    made = Site(app, world, runs)
    yield made
    for browser in made.people.values():
        await browser.http.aclose()
