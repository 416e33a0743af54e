"""From a plan to the activity that performs it: queue, time-outs, retries and the words the UI shows."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy
from temporalio.exceptions import (
    ActivityError,
    ApplicationError,
    FailureError,
    TimeoutError,
    TimeoutType,
    is_cancelled_exception,
)

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
from recourse.contracts.patience import FIRST_PAUSE, LONGEST_PAUSE

QUICK = timedelta(seconds=20)
"""One database transaction, with its own lock time-outs inside."""
SEND = timedelta(seconds=80)
"""One claim, one provider call of at most PROVIDER_WITHIN, one record."""

FOREVER = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1))
"""For our own database: a case waits for it as long as it takes."""
LOCALLY = RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_attempts=2)
PROVIDER = RetryPolicy(initial_interval=FIRST_PAUSE, maximum_interval=LONGEST_PAUSE)
"""For the world outside: as often as the case's patience allows, then the ladder's fallback or a person."""

THE_PROVIDERS = frozenset({"NotHandedOver", "OutcomeUnknown"})
"""What `activities/failures.py` calls a failure that lies with the world outside."""
ANSWERED_WITHIN = timedelta(minutes=10)

URGENT = Priority(priority_key=1)
ROUTINE = Priority(priority_key=4)


def _unless_cancelled(error: FailureError) -> None:
    """A case that is cancelled must end, not go on as though its step had failed (sdk-python #620)."""
    if is_cancelled_exception(error):
        raise error


async def decide(case_id: str) -> PlanData:
    """A local activity, one action for the whole task; after two failures a regular one.

    Local retries would churn workflow tasks for as long as the database is away. A local activity fails with
    the error of the activity itself, a regular one with an ActivityError around it.
    """
    command = DecideCommand(case_id)
    try:
        return await workflow.execute_local_activity_method(
            Deciding.decide, command, start_to_close_timeout=QUICK, retry_policy=LOCALLY
        )
    except FailureError as error:
        _unless_cancelled(error)
        return await workflow.execute_activity_method(
            Deciding.decide,
            command,
            start_to_close_timeout=QUICK,
            retry_policy=FOREVER,
            summary="decide",
            priority=URGENT,
        )


async def answer(task_answer: TaskAnswer) -> AnswerResult:
    """As `decide`, but not for ever: a person is waiting, and no run ends before its answers have.

    An outage that passes must not fail the update: the server keeps its failure under its id, and so would
    refuse the same answer, repeated, for the rest of the run.
    """
    try:
        return await workflow.execute_local_activity_method(
            Deciding.answer_task, task_answer, start_to_close_timeout=QUICK, retry_policy=LOCALLY
        )
    except FailureError as error:
        _unless_cancelled(error)
    try:
        return await workflow.execute_activity_method(
            Deciding.answer_task,
            task_answer,
            start_to_close_timeout=QUICK,
            schedule_to_close_timeout=ANSWERED_WITHIN,
            retry_policy=FOREVER,
            summary=f"task {task_answer.action}",
            priority=URGENT,
        )
    except ActivityError as error:
        _unless_cancelled(error)
        raise ApplicationError(
            "unavailable: the database was away; see the task before answering anew"
        ) from error


async def perform(case_id: str, plan: PlanData, queues: Queues, patience: timedelta) -> StepResult:
    """Perform the planned step; when patience with the provider has ended, give up and let the ladder go on.

    Only a failure that names the provider is laid at his door. Anything else (our database, a worker that
    hung or was not there, a fault of our own) leaves the step due: it is tried for as long again.
    """
    command = StepCommand(case_id, plan.step_id or "", plan.number)
    try:
        return await _order(plan, command, queues, patience)
    except ActivityError as error:
        _unless_cancelled(error)
        if not _lies_with_the_provider(error):
            return StepResult("stale", await decide(case_id), "left_due")
        return await workflow.execute_activity_method(
            Deciding.give_up,
            command,
            start_to_close_timeout=QUICK,
            retry_policy=FOREVER,
            summary=f"give up {plan.step_id}",
        )


def _lies_with_the_provider(error: ActivityError) -> bool:
    """When the patience ends between or during two tries, the last failure stands behind the time-out."""
    cause = error.cause
    if isinstance(cause, TimeoutError) and cause.type is TimeoutType.SCHEDULE_TO_CLOSE:
        cause = cause.cause
    return isinstance(cause, ApplicationError) and cause.type in THE_PROVIDERS


def _outside(queue: str, plan: PlanData, patience: timedelta) -> workflow.ActivityConfig:
    return workflow.ActivityConfig(
        task_queue=queue,
        start_to_close_timeout=SEND,
        schedule_to_close_timeout=patience,
        retry_policy=PROVIDER,
        summary=_summary(plan),
        priority=ROUTINE if plan.kind == "remind" else Priority.default,
    )


def _summary(plan: PlanData) -> str:
    return f"day {plan.dpd}: {plan.step_id}"


async def _order(plan: PlanData, command: StepCommand, queues: Queues, patience: timedelta) -> StepResult:
    match plan.kind:
        case "remind":
            return await workflow.execute_activity_method(
                Reminding.send_reminder, command, **_outside(queues.messages, plan, patience)
            )
        case "locate":
            return await workflow.execute_activity_method(
                Locating.locate, command, **_outside(queues.vehicles, plan, patience)
            )
        case "handover":
            return await workflow.execute_activity_method(
                HandingOver.hand_over, command, **_outside(queues.legal, plan, patience)
            )
        case _:
            return await workflow.execute_activity_method(
                Deciding.open_task,
                command,
                start_to_close_timeout=QUICK,
                retry_policy=FOREVER,
                summary=_summary(plan),
            )
