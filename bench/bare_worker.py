"""`python -m bench.bare_worker QUEUE FILE`: hosts the bare workflow as `recourse worker` hosts cases.

It writes how many runs have had their first task to FILE, a line at each change.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from bench import taken
from bench.bare_workflow import Bare
from recourse.app.compose import temporal
from recourse.app.settings import load_settings
from recourse.app.stopping import stop_signal
from recourse.temporal.worker import CACHED_CASES


async def main(queue: str, file: Path) -> None:
    stopping = stop_signal()
    passed = SandboxRestrictions.default.with_passthrough_modules("recourse", "bench")
    worker = Worker(
        await temporal(load_settings()),
        task_queue=queue,
        workflows=[Bare],
        workflow_runner=SandboxedWorkflowRunner(restrictions=passed),
        max_cached_workflows=CACHED_CASES,
        max_concurrent_workflow_tasks=50,
    )
    last = -1
    async with worker:
        while not stopping.is_set():
            if (now := taken.count()) != last:
                await asyncio.to_thread(file.write_text, str(now))
                last = now
            await asyncio.sleep(0.02)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
