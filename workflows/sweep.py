"""The sweep: a schedule starts it, one activity does it."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from recourse.contracts.activities import Sweeping
    from recourse.contracts.messages import SweepReport
    from recourse.contracts.names import SWEEP_WORKFLOW


@workflow.defn(name=SWEEP_WORKFLOW)
class Sweep:
    @workflow.run
    async def run(self) -> SweepReport:
        return await workflow.execute_activity_method(
            Sweeping.sweep,
            start_to_close_timeout=timedelta(minutes=10),
            heartbeat_timeout=timedelta(minutes=1),
            retry_policy=RetryPolicy(maximum_attempts=3),
            summary="deliver, resume, reconcile",
        )
