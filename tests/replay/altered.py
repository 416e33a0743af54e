"""What careless releases might do to the case's workflow; a replay must notice each of them.

A module of its own, because the sandbox loads what stands beside a workflow.
"""

from __future__ import annotations

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from recourse.contracts.messages import CaseEnd, CaseStart, PlanData
    from recourse.contracts.names import CASE_WORKFLOW
    from workflows.collection_case import CollectionCase


@workflow.defn(name=CASE_WORKFLOW)
class AsksForAnotherActivity(CollectionCase):
    @workflow.init
    def __init__(self, start: CaseStart) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: CaseStart) -> CaseEnd:
        return await super().run(start)

    async def _perform(self, plan: PlanData) -> None:
        await self._decide()


@workflow.defn(name=CASE_WORKFLOW)
class WaitsWithoutTimer(CollectionCase):
    @workflow.init
    def __init__(self, start: CaseStart) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: CaseStart) -> CaseEnd:
        await self._perform(self._in_force())
        return await super().run(start)


@workflow.defn(name=CASE_WORKFLOW)
class RenewsUnasked(CollectionCase):
    """Renews a case that moved to another ladder without asking whether its history knows of that."""

    @workflow.init
    def __init__(self, start: CaseStart) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: CaseStart) -> CaseEnd:
        return await super().run(start)

    def _should_renew(self, plan: PlanData) -> bool:
        began_under = self._start.plan.strategy if self._start.plan else plan.strategy
        return plan.strategy != began_under or super()._should_renew(plan)


@workflow.defn(name=CASE_WORKFLOW)
class NeverRenews(CollectionCase):
    @workflow.init
    def __init__(self, start: CaseStart) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: CaseStart) -> CaseEnd:
        return await super().run(start)

    def _should_renew(self, plan: PlanData) -> bool:
        return False
