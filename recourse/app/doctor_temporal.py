"""Examining Temporal: the namespace, who works on the queue, the sweep, and whose cases run there."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from recourse.app.compose import services, temporal
from recourse.app.findings import Finding, found
from recourse.app.settings import Settings
from recourse.contracts.delivery import Unavailable
from recourse.contracts.names import CASE_WORKFLOW, SWEEP_ID, Queues
from recourse.ports import RunsUnavailable
from recourse.storage.tables import collection_case
from recourse.temporal.setup import missing_search_attributes

POLLS_WITHIN = timedelta(seconds=90)
"""A worker asks for work at least once a minute; one that asked longer ago is gone."""
MOST_DESCRIBED = 300
FAILS_FROM = 3
"""Tries of one workflow task: a worker that was stopped in the middle costs one or two."""
_RUNNING = f"WorkflowType = '{CASE_WORKFLOW}' AND ExecutionStatus = 'Running'"


async def namespace(settings: Settings) -> list[Finding]:
    """What the namespace needs once, and whether anybody works there."""
    client = await temporal(settings)
    missing = await missing_search_attributes(client)
    if missing:
        says = f"search attributes missing: {', '.join(missing)}"
        return [Finding("Temporal", "finding", says, "recourse temporal setup")]
    queue = Queues(settings.queue_prefix).cases
    try:
        workers, swept = await _workers(client, queue), await _is_swept(client, settings.queue_prefix)
    except RPCError as error:
        raise RunsUnavailable(f"Temporal: {error.status.name}") from error
    says = f"namespace {client.namespace}, queue {queue}, {workers} workers on it"
    sweep = "the sweep is scheduled" if swept else "no sweep is scheduled"
    return [
        found("Temporal", says, "start `recourse worker`", bad=workers == 0),
        found("Temporal", sweep, "recourse temporal setup", bad=not swept),
    ]


async def runs(settings: Settings) -> list[Finding]:
    """Open cases beside their runs. Nothing when a dependency is down: its own examination says so."""
    queue = Queues(settings.queue_prefix).cases
    try:
        async with services(settings) as running, running.database.reading() as tx:
            open_cases = (
                await tx.execute(select(func.count()).where(collection_case.c.closed_at.is_(None)))
            ).scalar_one()
        client = await temporal(settings)
        ours = (await client.count_workflows(f"{_RUNNING} AND TaskQueue = '{queue}'")).count
        others = (await client.count_workflows(f"{_RUNNING} AND TaskQueue != '{queue}'")).count
    except (Unavailable, RunsUnavailable, RPCError):
        return []
    remedy = "the sweep starts them again: is a worker running, the sweep scheduled?"
    shared = "another deployment shares the namespace, or the queue prefix was changed; see docs/runbook.md"
    return [
        found("cases", f"{open_cases} open, {ours} running", remedy, bad=ours < open_cases),
        *([Finding("cases", "finding", f"{others} run on other queues", shared)] if others else []),
    ]


async def failing(settings: Settings) -> list[Finding]:
    """Cases that run and get no further, because their workflow task fails again and again. Those that should
    have moved by now are asked first; not every server can list the failing ones."""
    plan = collection_case.c.plan["due_at"].as_string()
    soonest = select(collection_case.c.id).where(collection_case.c.closed_at.is_(None)).order_by(plan)
    try:
        async with services(settings) as running, running.database.reading() as tx:
            ids = (await tx.execute(soonest.limit(MOST_DESCRIBED))).scalars().all()
        client, at_once = await temporal(settings), asyncio.Semaphore(20)
        tries = await asyncio.gather(*(_tries(client, key, at_once) for key in ids))
    except (Unavailable, RunsUnavailable, RPCError):
        return []
    stuck = [key for key, number in zip(ids, tries, strict=True) if number >= FAILS_FROM]
    if not stuck:
        return []
    named = ", ".join(stuck[:3]) + (" …" if len(stuck) > 3 else "")
    says = f"workflow tasks fail in {len(stuck)} of {len(ids)} examined: {named}"
    remedy = "see the worker's log, and `Workflow tasks fail` in docs/runbook.md"
    return [Finding("cases", "finding", says, remedy)]


async def _tries(client: Client, case: str, at_once: asyncio.Semaphore) -> int:
    """Of the workflow task that is under way; 0 where none is, or no run."""
    async with at_once:
        try:
            described = await client.get_workflow_handle(case).describe()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return 0
            raise
    return int(described.raw_description.pending_workflow_task.attempt)


async def _workers(client: Client, queue: str) -> int:
    answer = await client.workflow_service.describe_task_queue(
        DescribeTaskQueueRequest(
            namespace=client.namespace,
            task_queue=TaskQueue(name=queue),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
        )
    )
    since = datetime.now(UTC) - POLLS_WITHIN
    polled = {p.identity for p in answer.pollers if p.last_access_time.ToDatetime(UTC) > since}
    return len(polled)


async def _is_swept(client: Client, queue_prefix: str) -> bool:
    try:
        described = await client.get_schedule_handle(f"{queue_prefix}-{SWEEP_ID}").describe()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return False
        raise
    return not described.schedule.state.paused
