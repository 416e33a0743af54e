"""A case that is ready to be worked on."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from recourse.contracts.messages import PlanData
from recourse.domain.ids import CaseId
from recourse.service.deciding import decide_case
from recourse.storage import cases
from recourse.storage.codec import plan_from_json
from tests.events import overdue, snapshot
from tests.integration.conftest import World

NOON = datetime(2026, 11, 6, 4, 0, tzinfo=UTC)


class OpenCase:
    """A CN case, `days` past due, at noon in Shanghai."""

    def __init__(self, world: World, case_id: str) -> None:
        self.world, self.id = world, case_id

    async def decide(self) -> PlanData:
        return await self.world.services.run(lambda unit: decide_case(unit, self.id))

    async def plan(self) -> PlanData:
        async with self.world.services.database.reading() as tx:
            case = await cases.get(tx, CaseId(self.id))
        assert case is not None
        return plan_from_json(case.plan)

    async def reach(self, step_id: str) -> PlanData:
        """Decide, and set the clock to the moment the step is due."""
        plan = await self.decide()
        assert plan.step_id == step_id, plan
        assert plan.due_at is not None
        self.world.set_now(plan.due_at)
        return plan


@pytest.fixture
def noon() -> datetime:
    return NOON


async def open_case(world: World, loan: str = "L-1", *, days: int = 1, **snapshot_values: object) -> OpenCase:
    world.set_now(NOON)
    region = str(snapshot_values.get("region", "CN"))
    await world.delivery.accept(
        [snapshot(loan, at=NOON, **snapshot_values), overdue(loan, at=NOON, days=days, region=region)]  # type: ignore[arg-type]
    )
    return OpenCase(world, f"case-{loan}-1")
