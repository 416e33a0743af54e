"""Replays recent cases of a namespace with the workflow code that is installed here, before it is rolled out.

    python deploy/replay.py [--limit 500] [--query "ExecutionStatus = 'Running'"]

Only reads. Exit 0 when every case goes on as recorded, 1 when one would stop, with its id and the reason.
The settings are those of the deployment (RECOURSE_ENV_FILE).
"""

from __future__ import annotations

import argparse
import asyncio
import sys

from temporalio.worker import Replayer

from recourse.app.compose import temporal
from recourse.app.settings import load_settings
from recourse.contracts.names import CASE_WORKFLOW
from recourse.temporal.worker import WORKFLOWS, sandbox


async def replay(query: str, limit: int) -> int:
    settings = load_settings()
    client = await temporal(settings)
    replayer = Replayer(
        workflows=list(WORKFLOWS), data_converter=client.data_converter, workflow_runner=sandbox()
    )
    found = client.list_workflows(f"WorkflowType = '{CASE_WORKFLOW}' AND {query}", limit=limit)
    done = failed = 0
    async with replayer.workflow_replay_iterator(found.map_histories()) as results:
        async for result in results:
            done += 1
            if result.replay_failure is not None:
                failed += 1
                sys.stdout.write(f"{result.history.workflow_id}: {result.replay_failure}\n")
    sys.stdout.write(f"{done} cases replayed, {failed} would stop\n")
    return 1 if failed else 0


if __name__ == "__main__":
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--limit", type=int, default=500)
    options.add_argument("--query", default="ExecutionStatus = 'Running'")
    chosen = options.parse_args()
    sys.exit(asyncio.run(replay(chosen.query, chosen.limit)))
