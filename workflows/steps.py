"""From a plan to the activity that performs it: queue, time-outs, retries and the words the UI shows."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy
from temporalio.exceptions import ActivityError

from recourse.contracts.activities import Deciding, HandingOver, Locating, Reminding
from recourse.contracts.messages import (
    AnswerResult,
    DecideCommand,
    PlanData,
    StepCommand,
    StepResult,
    TaskAnswer,
)
from recourse.contracts.names import Queues

QUICK = timedelta(seconds=20)
"""One database transaction, with its own lock time-outs inside."""
SEND = timedelta(seconds=60)
"""One claim, one provider call with its own time-outs, one record."""

FOREVER = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1))
"""For our own database: a case waits for it as long as it takes."""
LOCALLY = RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_attempts=2)
PROVIDER = RetryPolicy(
    initial_interval=timedelta(seconds=2), maximum_interval=timedelta(minutes=5), maximum_attempts=8
)
"""For the world outside: about ten minutes of patience, then the ladder's fallback or a person."""

URGENT = Priority(priority_key=1)
ROUTINE = Priority(priority_key=4)


async def decide(case_id: str) -> PlanData:
    """A local activity, one action for the whole task; after two failures a regular one.

    Local retries would churn workflow tasks for as long as the database is away.
    """
    command = DecideCommand(case_id)
    try:
        return await workflow.execute_local_activity_method(
            Deciding.decide, command, start_to_close_timeout=QUICK, retry_policy=LOCALLY
        )
    except ActivityError:
        return await workflow.execute_activity_method(
            Deciding.decide,
            command,
            start_to_close_timeout=QUICK,
            retry_policy=FOREVER,
            summary="decide",
            priority=URGENT,
        )


async def answer(task_answer: TaskAnswer) -> AnswerResult:
    return await workflow.execute_local_activity_method(
        Deciding.answer_task, task_answer, start_to_close_timeout=QUICK, retry_policy=LOCALLY
    )


async def perform(case_id: str, plan: PlanData, queues: Queues) -> StepResult:
    """Perform the planned step; when every retry failed, give up and let the ladder go on."""
    command = StepCommand(case_id, plan.step_id or "", plan.number)
    summary = f"day {plan.dpd}: {plan.step_id}"
    try:
        match plan.kind:
            case "remind":
                return await workflow.execute_activity_method(
                    Reminding.send_reminder,
                    command,
                    task_queue=queues.messages,
                    start_to_close_timeout=SEND,
                    retry_policy=PROVIDER,
                    summary=summary,
                    priority=ROUTINE,
                )
            case "locate":
                return await workflow.execute_activity_method(
                    Locating.locate,
                    command,
                    task_queue=queues.vehicles,
                    start_to_close_timeout=SEND,
                    retry_policy=PROVIDER,
                    summary=summary,
                )
            case "handover":
                return await workflow.execute_activity_method(
                    HandingOver.hand_over,
                    command,
                    task_queue=queues.legal,
                    start_to_close_timeout=SEND,
                    retry_policy=PROVIDER,
                    summary=summary,
                )
            case _:
                return await workflow.execute_activity_method(
                    Deciding.open_task,
                    command,
                    start_to_close_timeout=QUICK,
                    retry_policy=FOREVER,
                    summary=summary,
                )
    except ActivityError:
        return await workflow.execute_activity_method(
            Deciding.give_up,
            command,
            start_to_close_timeout=QUICK,
            retry_policy=FOREVER,
            summary=f"give up {plan.step_id}",
        )
