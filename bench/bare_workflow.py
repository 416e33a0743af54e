"""The least a durable case could be: it takes its first task, then waits for a signal that says enough."""

from __future__ import annotations

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from bench.taken import note
    from recourse.contracts.messages import CaseStart, Nudge

BARE = "BenchBare"
SIGNAL = "facts"


@workflow.defn(name=BARE)
class Bare:
    @workflow.init
    def __init__(self, start: CaseStart) -> None:
        self._highest = start.highest_fact

    @workflow.run
    async def run(self, start: CaseStart) -> None:
        note(start.case_id)
        await workflow.wait_condition(lambda: self._highest < 0)

    @workflow.signal(name=SIGNAL)
    def facts(self, nudge: Nudge) -> None:
        self._highest = nudge.highest_fact
