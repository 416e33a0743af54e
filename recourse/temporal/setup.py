"""What a namespace needs once: our search attributes and the sweep's schedule. Safe to repeat."""

from __future__ import annotations

from datetime import timedelta

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.service import RPCError, RPCStatusCode

from recourse.contracts import search
from recourse.contracts.names import SWEEP_ID, Queues
from recourse.ports import RunsUnavailable
from workflows.sweep import Sweep


async def missing_search_attributes(client: Client) -> list[str]:
    """Names not registered in the namespace yet. Raises RunsUnavailable."""
    try:
        present = await client.operator_service.list_search_attributes(
            ListSearchAttributesRequest(namespace=client.namespace)
        )
    except RPCError as error:
        raise RunsUnavailable(f"Temporal: {error.status.name}") from error
    return [key.name for key in search.ALL if key.name not in present.custom_attributes]


async def register_search_attributes(client: Client) -> list[str]:
    """Register what is missing; returns the names added."""
    missing = await missing_search_attributes(client)
    types = {key.name: IndexedValueType.ValueType(int(key.indexed_value_type)) for key in search.ALL}
    if missing:
        try:
            await client.operator_service.add_search_attributes(
                AddSearchAttributesRequest(
                    namespace=client.namespace,
                    search_attributes={name: types[name] for name in missing},
                )
            )
        except RPCError as error:
            if error.status is not RPCStatusCode.ALREADY_EXISTS:
                raise RunsUnavailable(f"Temporal: {error.status.name}") from error
    return missing


async def schedule_sweep(client: Client, queue_prefix: str, every: timedelta) -> None:
    """One sweep at a time; a missed one is not made up for, the next does the same work."""
    schedule = Schedule(
        action=ScheduleActionStartWorkflow(
            Sweep.run, id=f"{queue_prefix}-{SWEEP_ID}", task_queue=Queues(queue_prefix).cases
        ),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=every)]),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=timedelta(minutes=1)),
    )
    key = f"{queue_prefix}-{SWEEP_ID}"
    try:
        await client.create_schedule(key, schedule)
    except ScheduleAlreadyRunningError:

        async def replace(_: ScheduleUpdateInput) -> ScheduleUpdate:
            return ScheduleUpdate(schedule=schedule)

        await client.get_schedule_handle(key).update(replace)
