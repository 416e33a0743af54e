"""Building the workers: one a task queue, so that a slow provider holds up nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from temporalio.client import Client
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from recourse.contracts.names import Queues
from recourse.contracts.patience import PROVIDER_WITHIN
from workflows.collection_case import CollectionCase
from workflows.sweep import Sweep

WORKFLOWS: tuple[type, ...] = (CollectionCase, Sweep)
GRACE = timedelta(seconds=PROVIDER_WITHIN + 5)
"""Longer than the longest provider call: a send that has begun is recorded before the worker stops."""
CACHED_CASES = 2_000
"""Sleeping cases beyond this are replayed when they wake; memory stays bounded (about 60 KB a case)."""


def sandbox() -> SandboxedWorkflowRunner:
    """Our pure packages pass through: importing them for every case would cost about 100 ms each."""
    return SandboxedWorkflowRunner(
        restrictions=SandboxRestrictions.default.with_passthrough_modules(
            "recourse.contracts", "recourse.domain", "workflows"
        )
    )


@dataclass(frozen=True)
class Rates:
    """Calls a second over all workers of a queue; None for no limit of ours."""

    messages: float | None = None
    vehicles: float | None = None
    legal: float | None = None


@dataclass(frozen=True)
class ActivitySet:
    """The implementations, by the queue they run on."""

    cases: Sequence[Callable[..., Any]]
    messages: Sequence[Callable[..., Any]]
    vehicles: Sequence[Callable[..., Any]]
    legal: Sequence[Callable[..., Any]]


def build_workers(
    client: Client, activities: ActivitySet, queues: Queues, rates: Rates | None = None
) -> list[Worker]:
    rates = rates or Rates()
    cases = Worker(
        client,
        task_queue=queues.cases,
        workflows=list(WORKFLOWS),
        activities=list(activities.cases),
        workflow_runner=sandbox(),
        max_cached_workflows=CACHED_CASES,
        max_concurrent_workflow_tasks=50,
        max_concurrent_activities=20,
        max_concurrent_local_activities=20,
        graceful_shutdown_timeout=GRACE,
    )
    effects = [
        (queues.messages, activities.messages, rates.messages),
        (queues.vehicles, activities.vehicles, rates.vehicles),
        (queues.legal, activities.legal, rates.legal),
    ]
    return [cases] + [
        Worker(
            client,
            task_queue=queue,
            activities=list(implementations),
            max_concurrent_activities=20,
            max_task_queue_activities_per_second=rate,
            graceful_shutdown_timeout=GRACE,
        )
        for queue, implementations, rate in effects
    ]
