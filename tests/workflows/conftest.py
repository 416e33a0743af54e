"""A real Temporal dev server, and activities that follow a script instead of a database."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from temporalio import activity
from temporalio.client import Client
from temporalio.exceptions import ApplicationError

from recourse.contracts.delivery import Unavailable
from recourse.contracts.messages import (
    AnswerResult,
    CalendarData,
    DecideCommand,
    Nudge,
    PlanData,
    StepCommand,
    StepResult,
    TaskAnswer,
    TaskReceipt,
)
from recourse.contracts.names import Queues
from recourse.stack import StackAddresses
from recourse.temporal.case_runs import TemporalCaseRuns
from recourse.temporal.codec import KeyRing
from recourse.temporal.converter import sealed_converter
from recourse.temporal.setup import register_search_attributes
from recourse.temporal.worker import ActivitySet, build_workers

SCALE = 86_400
"""One business day a second."""


@dataclass
class Script:
    """What the database would answer: the plan in force, and what each step leads to."""

    plan: PlanData
    after: dict[str, PlanData] = field(default_factory=dict)
    performed: list[str] = field(default_factory=list)
    given_up: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    failing: set[str] = field(default_factory=set)
    """Steps whose provider is away."""
    asks_for: timedelta | None = None
    """How long the provider wants to be left alone; None leaves it to the retry policy."""
    database_away: int = 0
    """How many more decisions and answers fail as they do while PostgreSQL cannot be reached."""
    hangs: set[str] = field(default_factory=set)
    """Steps whose next try says nothing any more, as with a database that hangs."""
    let_go: asyncio.Event = field(default_factory=asyncio.Event)
    broken: set[str] = field(default_factory=set)
    """Steps whose next try meets a fault of our own."""
    decided: int = 0
    failures: int = 0

    @activity.defn(name="case.decide")
    async def decide(self, command: DecideCommand) -> PlanData:
        self._reach_database()
        self.decided += 1
        return self.plan

    @activity.defn(name="task.open")
    async def open_task(self, command: StepCommand) -> StepResult:
        return self._perform(command)

    @activity.defn(name="reminder.send")
    async def send_reminder(self, command: StepCommand) -> StepResult:
        if command.step_id in self.hangs:
            self.hangs.clear()
            await self.let_go.wait()
        return self._perform(command)

    @activity.defn(name="vehicle.locate")
    async def locate(self, command: StepCommand) -> StepResult:
        return self._perform(command)

    @activity.defn(name="legal.hand_over")
    async def hand_over(self, command: StepCommand) -> StepResult:
        return self._perform(command)

    @activity.defn(name="step.give_up")
    async def give_up(self, command: StepCommand) -> StepResult:
        self.failing.discard(command.step_id)
        self.given_up.append(command.step_id)
        return replace(self._perform(command), outcome="unable", code="provider_down")

    @activity.defn(name="task.answer")
    async def answer_task(self, answer: TaskAnswer) -> AnswerResult:
        self._reach_database()
        self.answers.append(answer.request_id)
        accepted = answer.outcome != "refuse_me"
        receipt = TaskReceipt(answer.task_id, accepted, "" if accepted else "no", next_step="next")
        return AnswerResult(receipt, self.plan if accepted else None)

    def _reach_database(self) -> None:
        if self.database_away:
            self.database_away -= 1
            raise Unavailable("for the test")

    def _perform(self, command: StepCommand) -> StepResult:
        if self.database_away:
            self.database_away -= 1
            # At once what all tries come to when patience has ended.
            raise ApplicationError("for the test", type=Unavailable.__name__, non_retryable=True)
        if command.step_id in self.broken:
            self.broken.clear()
            raise ApplicationError("for the test", type="KeyError", non_retryable=True)
        if command.step_id in self.failing:
            self.failures += 1
            raise ApplicationError(
                "the provider is away", type="NotHandedOver", next_retry_delay=self.asks_for
            )
        self.performed.append(command.step_id)
        self.plan = self.after[command.step_id]
        return StepResult("done", self.plan, "sent")


@dataclass
class Case:
    """A running case with its script."""

    runs: TemporalCaseRuns
    client: Client
    script: Script
    id: str
    queues: Queues

    async def nudge(self, highest: int = 1, plan: PlanData | None = None) -> object:
        return await self.runs.nudge(Nudge(self.id, highest, ("overdue",), "CN", plan))

    async def is_running(self) -> bool:
        """Its first task is done: the history goes on beyond start, signal and task."""
        return (await self.client.get_workflow_handle(self.id).describe()).history_length > 4

    async def decided_once(self) -> bool:
        return self.script.decided == 1

    async def performed_sms(self) -> bool:
        return self.script.performed == ["sms"]

    def impatient(self, seconds: float) -> Case:
        """The same case, not yet started, that waits for a provider no longer than this."""
        return replace(self, runs=replace(self.runs, patience=timedelta(seconds=seconds)))

    async def failed_once(self) -> bool:
        return self.script.failures >= 1

    async def end(self) -> dict[str, str]:
        result: dict[str, str] = await self.client.get_workflow_handle(self.id).result()
        return result


RING = KeyRing.parse(KeyRing.fresh_entry("of-this-run"))


@pytest.fixture(scope="session")
async def temporal(stack: StackAddresses) -> Client:
    client = await Client.connect(
        stack.temporal_address, namespace=stack.temporal_namespace, data_converter=sealed_converter(RING)
    )
    await register_search_attributes(client)
    return client


def calendar() -> CalendarData:
    now = datetime.now(UTC)
    return CalendarData(real_anchor=now, business_anchor=datetime(2026, 11, 6, tzinfo=UTC), scale=SCALE)


@pytest.fixture
async def case(temporal: Client) -> AsyncIterator[Case]:
    """A worker on its own task queues and a case that the test starts by nudging."""
    prefix = f"t{uuid.uuid4().hex[:10]}"
    script = Script(PlanData(number=1, kind="wait", facts_seen=1, reason="ladder_done"))
    queues = Queues(prefix)
    activities = ActivitySet(
        cases=[script.decide, script.open_task, script.answer_task, script.give_up],
        messages=[script.send_reminder],
        vehicles=[script.locate],
        legal=[script.hand_over],
    )
    workers = build_workers(temporal, activities, queues)
    for worker in workers:
        await worker.__aenter__()
    yield Case(TemporalCaseRuns(temporal, calendar(), prefix), temporal, script, f"case-{prefix}-1", queues)
    script.let_go.set()
    for worker in reversed(workers):
        await worker.__aexit__(None, None, None)


def after(days: float) -> datetime:
    return datetime(2026, 11, 6, tzinfo=UTC) + timedelta(days=days)
