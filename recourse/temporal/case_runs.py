"""`CaseRuns` on Temporal: one durable run a case, started and nudged by one call."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pydantic import TypeAdapter
from temporalio.client import (
    Client,
    WorkflowExecutionStatus,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from recourse.contracts import search
from recourse.contracts.messages import (
    ANSWER_TIMEOUT,
    CalendarData,
    CaseStart,
    Nudge,
    TaskAnswer,
    TaskReceipt,
)
from recourse.contracts.names import ANSWER_UPDATE, FACTS_SIGNAL, Queues
from recourse.contracts.patience import PATIENCE
from recourse.ports import CaseClosed, RunsUnavailable
from recourse.temporal.client import CONNECT_FAILED, unavailable
from workflows.collection_case import CollectionCase

_ANSWER: TypeAdapter[TaskAnswer] = TypeAdapter(TaskAnswer)
_LOOKUPS = 20
"""Describe calls side by side when the sweeper asks which cases run."""


@dataclass(frozen=True)
class TemporalCaseRuns:
    """calendar, patience: what a case is started with; a running case keeps its own."""

    client: Client
    calendar: CalendarData
    queue_prefix: str
    patience: timedelta = PATIENCE

    async def nudge(self, nudge: Nudge) -> CaseClosed | None:
        """Signal-with-start, one billable action whether it starts or not.

        allow-duplicate-failed-only: a completed episode can never start again, one that operations
        terminated resumes from the database.
        """
        try:
            await self.client.start_workflow(
                CollectionCase.run,
                CaseStart(
                    case_id=nudge.case_id,
                    calendar=self.calendar,
                    queue_prefix=self.queue_prefix,
                    plan=nudge.plan,
                    highest_fact=nudge.highest_fact,
                    patience_seconds=self.patience.total_seconds(),
                ),
                id=nudge.case_id,
                task_queue=Queues(self.queue_prefix).cases,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                start_signal=FACTS_SIGNAL,
                start_signal_args=[nudge],
                search_attributes=_at_start(nudge),
                static_summary=f"collection case, {nudge.region or 'region unknown'}",
            )
        except WorkflowAlreadyStartedError:
            return CaseClosed()
        except (RPCError, CONNECT_FAILED) as error:
            raise unavailable(error) from None
        return None

    async def running(self, case_ids: Sequence[str]) -> frozenset[str]:
        """By describing each: visibility lags behind, and a sweep must not start what just started."""
        slots = asyncio.Semaphore(_LOOKUPS)

        async def lookup(case_id: str) -> str | None:
            async with slots:
                return case_id if await self._is_running(case_id) else None

        found = await asyncio.gather(*(lookup(case_id) for case_id in case_ids))
        return frozenset(case_id for case_id in found if case_id is not None)

    async def _is_running(self, case_id: str) -> bool:
        try:
            description = await self.client.get_workflow_handle(case_id).describe()
        except (RPCError, CONNECT_FAILED) as error:
            if isinstance(error, RPCError) and error.status is RPCStatusCode.NOT_FOUND:
                return False
            raise unavailable(error) from None
        return description.status is WorkflowExecutionStatus.RUNNING

    async def answer_task(self, case_id: str, answer: TaskAnswer) -> TaskReceipt:
        """The server itself drops a repetition within a run, by the update id."""
        handle = self.client.get_workflow_handle(case_id)
        try:
            receipt: TaskReceipt = await asyncio.wait_for(
                handle.execute_update(ANSWER_UPDATE, answer, id=_update_id(answer), result_type=TaskReceipt),
                ANSWER_TIMEOUT.total_seconds(),
            )
        except WorkflowUpdateFailedError as error:
            return TaskReceipt(answer.task_id, False, _code(error))
        except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError):
            # The SDK turns the cancellation by our time-out into an error of its own.
            raise RunsUnavailable(
                "no answer in time: is `recourse worker` running, and does PostgreSQL answer?"
            ) from None
        except (RPCError, CONNECT_FAILED) as error:
            if isinstance(error, RPCError) and error.status is RPCStatusCode.NOT_FOUND:
                return TaskReceipt(answer.task_id, False, "case_not_running")
            raise unavailable(error) from None
        return receipt


def _update_id(answer: TaskAnswer) -> str:
    """Of the request and what it says: by the request alone the server would give another answer that comes
    under a used id the first one's receipt, and so call accepted what nobody has read."""
    said = _ANSWER.dump_json(answer)
    return f"{answer.request_id}-{hashlib.sha256(said).hexdigest()[:16]}"


def _code(error: WorkflowUpdateFailedError) -> str:
    """The word before the colon of a validator's refusal."""
    cause = error.cause
    text = cause.message if isinstance(cause, ApplicationError) else ""
    return text.partition(":")[0] or "refused"


def _at_start(nudge: Nudge) -> TypedSearchAttributes:
    """Free at the start of a run, an action each time later."""
    known = search.of_plan(nudge.plan) if nudge.plan else [SearchAttributePair(search.STAGE, "reminder")]
    pairs: list[SearchAttributePair[Any]] = [*known]
    if nudge.region:
        pairs.append(SearchAttributePair(search.REGION, nudge.region))
    return TypedSearchAttributes(pairs)
