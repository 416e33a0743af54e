"""The activities a workflow may call, as Protocols that carry the activity names.

Workflows call these; `activities/` implements them under the same names. No I/O library is imported here.
"""

from __future__ import annotations

from typing import Protocol

from temporalio import activity

from recourse.contracts.messages import (
    AnswerResult,
    DecideCommand,
    PlanData,
    StepCommand,
    StepResult,
    SweepReport,
    TaskAnswer,
)


class Deciding(Protocol):
    @activity.defn(name="case.decide")
    async def decide(self, command: DecideCommand) -> PlanData:
        """Decide under the locks, write what follows, answer with the plan in force."""
        ...

    @activity.defn(name="task.open")
    async def open_task(self, command: StepCommand) -> StepResult: ...

    @activity.defn(name="task.answer")
    async def answer_task(self, answer: TaskAnswer) -> AnswerResult:
        """Idempotent by request id. A refusal is a result, not an error."""
        ...

    @activity.defn(name="step.give_up")
    async def give_up(self, command: StepCommand) -> StepResult:
        """After every retry failed: the step is unable and its fallback takes over."""
        ...


class Reminding(Protocol):
    @activity.defn(name="reminder.send")
    async def send_reminder(self, command: StepCommand) -> StepResult:
        """Claim through the gate, send, record. Each retry passes the gate again."""
        ...


class Locating(Protocol):
    @activity.defn(name="vehicle.locate")
    async def locate(self, command: StepCommand) -> StepResult: ...


class HandingOver(Protocol):
    @activity.defn(name="legal.hand_over")
    async def hand_over(self, command: StepCommand) -> StepResult: ...


class Sweeping(Protocol):
    @activity.defn(name="sweep.run")
    async def sweep(self) -> SweepReport:
        """Deliver what was not delivered, resume cases without a run, reconcile claims without an outcome,
        ask for recalls that nobody has acknowledged."""
        ...
