"""The API as a caller meets it, on a real database. Only the workflow engine is a fake."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, cast

import httpx
import pytest
from fastapi import FastAPI

from recourse.contracts.messages import Nudge, StepCommand, TaskAnswer, TaskReceipt
from recourse.delivery import Delivery
from recourse.domain.calendar import BusinessCalendar
from recourse.ports import RunsUnavailable
from recourse.service import answering, binding, task_steps, tokens
from recourse.service.context import Services
from recourse.storage.database import Database
from recourse.storage.token_scopes import Bound
from recourse.web.api import build_api
from recourse.web.rate import Door, Rate
from tests.integration.conftest import World, world  # noqa: F401 - fixtures
from tests.integration.service.conftest import open_case
from tests.integration.service.located import Tracker, desk

ROLES = ("agent", "lead", "vehicle", "legal", "desk", "dialler", "recovery", "auditor", "admin")
PERSONAL = ("测试人", "13800000001", "borrower@example.com", "沪A00000", "DEMO-CN-1")
"""What the snapshots of these tests say about a person and a vehicle."""


class Runs:
    """The engine: an answer goes straight to the use case the workflow would call."""

    def __init__(self, services: Services) -> None:
        self.services, self.down = services, False
        self.answers = 0

    async def nudge(self, nudge: Nudge) -> None:
        if self.down:
            raise RunsUnavailable("Temporal: UNAVAILABLE")

    async def running(self, case_ids: Sequence[str]) -> frozenset[str]:
        return frozenset(case_ids)

    async def answer_task(self, case_id: str, answer: TaskAnswer) -> TaskReceipt:
        if self.down:
            raise RunsUnavailable("Temporal: UNAVAILABLE")
        self.answers += 1
        return (await self.services.run(partial(answering.answer_task, answer=answer))).receipt


@dataclass
class Api:
    """Calls by role; each role is one person with one token."""

    app: FastAPI
    http: httpx.AsyncClient
    runs: Runs
    world: World
    tokens: dict[str, tokens.Issued]

    async def call(self, role: str | None, method: str, path: str, body: Any = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.tokens[role].token}"} if role else {}
        return await self.http.request(method, f"/api{path}", json=body, headers=headers)

    async def get(self, role: str | None, path: str) -> httpx.Response:
        return await self.call(role, "GET", path)

    async def post(self, role: str | None, path: str, **body: Any) -> httpx.Response:
        return await self.call(role, "POST", path, body)

    async def another(self, role: str) -> str:
        """One more person of the role; returns the name to call by."""
        name = f"another {role}"
        name = name if name not in self.tokens else f"{name} {len(self.tokens)}"
        self.tokens[name] = await issued(self.world, role)
        return name


async def issued(world: World, role: str) -> tokens.Issued:  # noqa: F811 - the fixture
    """A dialler's is bound to the lender of the tests' loans."""
    token = await world.services.run(partial(tokens.issue, role=role, name=f"{role} of the test"))
    if role == binding.BOUND_ROLE:
        lenders = Bound(lenders=("demo-auto-finance",))
        await world.services.run(partial(binding.bind, actor=token.actor, more=lenders))
    return token


def client(app: FastAPI, address: str = "127.0.0.1") -> httpx.AsyncClient:
    """A failure inside is answered as a server would answer it, with 500. address: of who asks."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(address, 123))
    return httpx.AsyncClient(transport=transport, base_url="http://api")


@asynccontextmanager
async def without_database(api: Api, port: int, door: Door | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """The same API whose database would be at a port where nobody listens."""
    away = Database(f"postgresql+asyncpg://collector:secret@127.0.0.1:{port}/x", BusinessCalendar())
    services = Services(away, api.world.services.book, api.world.services.lenders)
    async with client(build_api(Delivery(services, api.runs), api.runs, door=door)) as http:
        yield http
    await away.close()


@cache
def _built() -> FastAPI:
    """Once for all tests, for FastAPI takes longer to read the routes than a test to ask one."""
    return build_api(cast(Delivery, None), cast(Runs, None))


@pytest.fixture
async def api(world: World) -> AsyncIterator[Api]:  # noqa: F811 - the fixture
    runs, app = Runs(world.services), _built()
    app.state.delivery, app.state.runs = Delivery(world.services, runs), runs
    app.state.desk = desk(world, Tracker())
    app.state.door, app.state.across_lenders = Door(Rate(10_000), Rate(10_000)), False
    people = {role: await issued(world, role) for role in ROLES}
    async with client(app) as http:
        yield Api(app, http, runs, world, people)


@pytest.fixture
async def task(api: Api) -> str:
    """The open call task of case-L-1-1, for agents and leads, at a lawful hour."""
    case = await open_case(api.world, days=12)
    plan = await case.reach("screening")
    command = StepCommand(case.id, "screening", plan.number)
    await api.world.services.run(partial(task_steps.open_task, command=command))
    task_id: str = await api.world.scalar("SELECT id FROM agent_task")
    return task_id
