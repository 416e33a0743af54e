"""Activities that are only database transactions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from temporalio import activity

from recourse.contracts.messages import (
    AnswerResult,
    DecideCommand,
    PlanData,
    StepCommand,
    StepResult,
    TaskAnswer,
)
from recourse.service import answering, deciding, giving_up, task_steps
from recourse.service.context import Services


@dataclass(frozen=True)
class DecidingActivities:
    services: Services

    @activity.defn(name="case.decide")
    async def decide(self, command: DecideCommand) -> PlanData:
        return await self.services.run(partial(deciding.decide_case, case_id=command.case_id))

    @activity.defn(name="task.open")
    async def open_task(self, command: StepCommand) -> StepResult:
        return await self.services.run(partial(task_steps.open_task, command=command))

    @activity.defn(name="task.answer")
    async def answer_task(self, answer: TaskAnswer) -> AnswerResult:
        return await self.services.run(partial(answering.answer_task, answer=answer))

    @activity.defn(name="step.give_up")
    async def give_up(self, command: StepCommand) -> StepResult:
        return await self.services.run(partial(giving_up.give_up, command=command))
