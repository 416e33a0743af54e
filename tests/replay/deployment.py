"""Recourse as it runs, in one process on real servers: the worker, its activities, a bank and people.

Each case is recorded in a deployment of its own: its database can be taken away and its days can be as long
as the case needs, without disturbing any other.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import text
from temporalio.client import Client, WorkflowHistory

from recourse.app import privacy
from recourse.app.compose import activities, case_runs, lenders
from recourse.app.settings import CalendarSettings, LenderSetting, Settings
from recourse.contracts.events import BankEvent
from recourse.contracts.messages import Nudge, TaskAction, TaskAnswer, TaskReceipt
from recourse.contracts.names import Queues
from recourse.delivery import Delivery
from recourse.domain.strategy.ladder import Strategy
from recourse.packs.loader import load_packs
from recourse.service.context import Services, Unit
from recourse.stack import StackAddresses
from recourse.storage import access
from recourse.storage.database import Database
from recourse.storage.sight import EVERY_LENDERS
from recourse.temporal.case_runs import TemporalCaseRuns
from recourse.temporal.codec import PLAIN, KeyRing
from recourse.temporal.converter import sealed_converter
from recourse.temporal.setup import register_search_attributes
from recourse.temporal.worker import build_workers
from tests.emptied import execute, named
from workflows.sweep import Sweep

START = datetime(2026, 11, 6, tzinfo=UTC)
"""Day 0: eight in the morning in Shanghai, an hour before tasks for people appear."""
LENDERS = {
    "/demo/cn": LenderSetting(name="demo", region="CN", currency="CNY", zone="Asia/Shanghai"),
    "/demo/us": LenderSetting(name="demo", region="US", currency="USD", zone="America/New_York"),
}
GETTING_READY = timedelta(seconds=30)
"""Packs, workers and their sandbox, before day 0 begins."""
PATIENCE = timedelta(minutes=4)
"""With a provider that is away: days at these calendars, as half an hour is not in production."""
IDENTITY = "recorder"
"""Instead of process and host name, which a history would carry for ever."""

LEGIBLE = KeyRing.parse(PLAIN)
"""What is recorded must be read for years, by who has no key, and be searched for what it must not hold."""

T = TypeVar("T")
_migrating = asyncio.Lock()
"""Alembic's context is one a process."""


async def until(what: str, look: Callable[[], Awaitable[T | None]], seconds: float = 600) -> T:
    """Poll until there is something; says at the bound what was awaited."""
    ends = asyncio.get_running_loop().time() + seconds
    while (found := await look()) is None:
        if asyncio.get_running_loop().time() > ends:
            raise TimeoutError(f"not within {seconds} s: {what}")
        await asyncio.sleep(0.05)
    return found


@dataclass
class Deployment:
    """One loan's world. loan: its opaque id. answered: how many requests people made so far."""

    loan: str
    admin_url: str
    client: Client
    services: Services
    runs: TemporalCaseRuns
    delivery: Delivery
    answered: int = 0

    @property
    def case_id(self) -> str:
        return f"case-{self.loan}-1"

    @property
    def sweep_id(self) -> str:
        return f"{self.loan}-sweep"

    def at(self, day: float) -> datetime:
        return START + timedelta(days=day)

    def now(self) -> datetime:
        return self.services.database.calendar.business(datetime.now(UTC))

    def on(self, day: float) -> date:
        return self.at(day).date()

    async def day(self, day: float) -> None:
        """Return when business time has reached the day."""
        await self.time(self.at(day))

    async def time(self, business: datetime) -> None:
        real = self.services.database.calendar.real(business)
        await asyncio.sleep(max((real - datetime.now(UTC)).total_seconds(), 0))

    async def publish(self, *events: BankEvent, tell: bool = True) -> None:
        """As the consumer does. tell: nudge the case, too."""
        acceptance = await self.delivery.accept(events)
        assert not acceptance.refused
        if tell:
            assert await self.delivery.deliver(acceptance.nudges)

    async def tell(self, fact: Callable[[Unit], Awaitable[tuple[Nudge, ...]]]) -> None:
        """Write a fact of people or desks and nudge the case."""
        assert await self.delivery.deliver(await self.services.run(fact))

    async def rows(self, statement: str) -> list[dict[str, Any]]:
        async with self.services.database.reading() as tx:
            return [dict(row) for row in (await tx.execute(text(statement))).mappings()]

    async def ended(self, step_id: str, outcome: str) -> None:
        """Wait until the step has come to this."""

        async def look() -> bool | None:
            records = await self.rows("SELECT step_id, outcome FROM step WHERE event = 'outcome'")
            return {"step_id": step_id, "outcome": outcome} in records or None

        await until(f"{step_id} {outcome}", look)

    async def task(self, step_id: str) -> str:
        """The id of the step's task, once it is open."""

        async def look() -> str | None:
            found = await self.rows("SELECT id, step_id FROM agent_task WHERE state IN ('open', 'claimed')")
            return next((str(row["id"]) for row in found if row["step_id"] == step_id), None)

        return await until(f"task {step_id}", look)

    async def answer(
        self, task_id: str, action: TaskAction, role: str, request_id: str = "", **values: Any
    ) -> TaskReceipt:
        self.answered += 1
        request_id = request_id or f"request-{self.loan}-{self.answered}"
        answer = TaskAnswer(task_id, action, f"person-{role}", request_id, (role,), **values)
        return await self.runs.answer_task(self.case_id, answer)

    async def work(self, step_id: str, role: str, outcome: str, **values: Any) -> str:
        """Take the step's task and say what came of it, as soon as the gate lets it. Returns the task."""
        task_id = await self.task(step_id)
        while not (claimed := await self.answer(task_id, "claim", role)).accepted:
            assert claimed.opens_at is not None, claimed
            await self.time(claimed.opens_at)
        done = await self.answer(task_id, "complete", role, outcome=outcome, **values)
        assert done.accepted, done
        return task_id

    async def orders(self, activity: str) -> bool | None:
        """Whether the run has ordered this activity, as one that is not local."""
        history = await self.client.get_workflow_handle(self.case_id).fetch_history()
        ordered = {e.activity_task_scheduled_event_attributes.activity_type.name for e in history.events}
        return activity in ordered or None

    async def sweep(self) -> None:
        """As the schedule would."""
        queue = Queues(self.runs.queue_prefix).cases
        await self.client.execute_workflow(Sweep.run, id=self.sweep_id, task_queue=queue)

    async def closed(self) -> None:
        await asyncio.wait_for(self.client.get_workflow_handle(self.case_id).result(), 600)

    @asynccontextmanager
    async def database_away(self) -> AsyncIterator[None]:
        """As when a server fails over: connections break and new ones are refused."""
        name = self.services.database.engine.url.database
        await execute(self.admin_url, f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS false')
        await execute(
            self.admin_url, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        )
        yield
        await execute(self.admin_url, f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS true')

    async def histories(self, workflow_id: str) -> list[WorkflowHistory]:
        """Every run, the first one first."""
        runs: list[WorkflowHistory] = []
        run_id: str | None = None
        while True:
            handle = self.client.get_workflow_handle(workflow_id, run_id=run_id)
            runs.insert(0, await handle.fetch_history())
            started = runs[0].events[0].workflow_execution_started_event_attributes
            if not (run_id := started.continued_execution_run_id):
                return runs


@asynccontextmanager
async def deployment(
    stack: StackAddresses,
    loan: str,
    *,
    seconds_a_day: float,
    ladder: Strategy | None = None,
    away: Mapping[str, Any] | None = None,
) -> AsyncIterator[Deployment]:
    """ladder: instead of the default one. away: settings of providers that lead nowhere."""
    prefix, database = f"golden-{uuid.uuid4().hex[:8]}", f"golden_{uuid.uuid4().hex[:12]}"
    url = named(stack.database_url, database)
    settings = _settings(stack, url, prefix, seconds_a_day, away or {})
    async with AsyncExitStack() as closing:
        await execute(stack.database_url, f'CREATE DATABASE "{database}"')
        closing.push_async_callback(execute, stack.database_url, f'DROP DATABASE "{database}" WITH (FORCE)')
        async with _migrating:
            await access.upgrade(url)
        services = _services(settings, ladder)
        closing.push_async_callback(services.database.close)
        client = await Client.connect(
            stack.temporal_address,
            namespace=stack.temporal_namespace,
            data_converter=sealed_converter(LEGIBLE),
            identity=IDENTITY,
        )
        await register_search_attributes(client)
        runs = replace(case_runs(settings, client), patience=PATIENCE)
        implementations = await closing.enter_async_context(activities(settings, services, runs))
        for worker in build_workers(client, implementations, Queues(prefix)):
            await closing.enter_async_context(worker)
        ready = Deployment(loan, stack.database_url, client, services, runs, Delivery(services, runs))
        await ready.day(0)
        yield ready


def _settings(
    stack: StackAddresses, url: str, prefix: str, seconds_a_day: float, away: Mapping[str, Any]
) -> Settings:
    calendar = CalendarSettings(
        real_anchor=datetime.now(UTC) + GETTING_READY,
        business_anchor=START,
        scale=int(86_400 / seconds_a_day),
    )
    ends = {name: value for name, value in stack.to_json().items() if name in Settings.model_fields}
    chosen: dict[str, Any] = ends | {"database_url": url} | dict(away)
    return Settings(
        database_pool=4,
        queue_prefix=prefix,
        calendar=calendar,
        lenders=LENDERS,
        **chosen,
    )


def _services(settings: Settings, ladder: Strategy | None) -> Services:
    book = load_packs()
    if ladder is not None:
        book = replace(book, strategies={ladder.name: ladder})
    database = Database(
        settings.database_url,
        settings.calendar.calendar(),
        sight=EVERY_LENDERS,
        pool_size=settings.database_pool,
        vault=privacy.vault(settings),
    )
    return Services(database, book, lenders(settings))
