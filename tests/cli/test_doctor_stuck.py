"""`recourse doctor` and a case whose code fails: it runs, it moves nowhere, and nobody else would say so."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from temporalio import workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from recourse.contracts.names import CASE_WORKFLOW, Queues
from recourse.stack import StackAddresses
from tests.cli.conftest import Cli, until
from tests.integration.conftest import World
from tests.integration.service.conftest import open_case


@workflow.defn(name=CASE_WORKFLOW)
class Broken:
    """Fails as code does that does not fit a recorded history: the task, not the case."""

    @workflow.run
    async def run(self) -> None:
        raise RuntimeError("a bad deploy")


@workflow.defn(name=CASE_WORKFLOW)
class Waiting:
    @workflow.run
    async def run(self) -> None:
        await workflow.wait_condition(lambda: False)


async def _finding(cli: Cli) -> dict[str, str] | None:
    findings = await cli.json("doctor", exit_code=1)
    return next((one for one in findings if "workflow tasks" in one["says"]), None)


@pytest.mark.parametrize("code", [Broken, Waiting])
async def test_a_case_whose_workflow_task_fails_again_and_again_is_named_and_one_that_waits_is_not(
    cli: Cli, world: World, stack: StackAddresses, code: type
) -> None:
    case = await open_case(world, f"L-{uuid.uuid4().hex[:12]}")
    client = await Client.connect(stack.temporal_address)
    queue = Queues(cli.env["RECOURSE_QUEUE_PREFIX"]).cases
    runner = UnsandboxedWorkflowRunner()
    async with Worker(client, task_queue=queue, workflows=[code], workflow_runner=runner):
        handle = await client.start_workflow(
            CASE_WORKFLOW, id=case.id, task_queue=queue, task_timeout=timedelta(seconds=1)
        )

        async def tried() -> bool:
            described = (await handle.describe()).raw_description
            return described.pending_workflow_task.attempt >= 3 or code is Waiting

        try:
            await until("the third try of the task", tried)
            found = await _finding(cli)
        finally:
            await handle.terminate()
    if code is Waiting:
        assert found is None
        return
    assert found is not None
    assert (found["what"], found["state"]) == ("cases", "finding")
    assert f"1 of 1 examined: {case.id}" in found["says"]
    assert "docs/runbook.md" in found["remedy"]
