"""A case that is ready to be worked on."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from activities.handing_over import HandingOverActivities
from activities.locating import LocatingActivities
from activities.reminding import RemindingActivities
from recourse.contracts.messages import (
    AnswerResult,
    PlanData,
    StepCommand,
    TaskAction,
    TaskAnswer,
    TaskReceipt,
)
from recourse.domain.ids import CaseId
from recourse.domain.situation import Channel
from recourse.gateways.legal_desk import HttpLegalDesk
from recourse.gateways.position_cipher import AesPositionCipher
from recourse.gateways.traccar import TraccarLocator
from recourse.service import answering, task_steps
from recourse.service.deciding import decide_case
from recourse.stack import StackAddresses
from recourse.storage import cases
from recourse.storage.codec import plan_from_json
from tests.events import overdue, snapshot
from tests.fakes import FakeMessenger
from tests.integration.conftest import World
from tests.integration.gateways.conftest import entries

HANDED_OVER = "SELECT count(*) FROM outbox WHERE type = 'recourse.legal.handed_over.v1'"
CIPHER = AesPositionCipher((b"a key of these tests, 32 bytes..",))
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


async def open_task(world: World, case: OpenCase, step_id: str) -> str:
    plan = await case.reach(step_id)
    command = StepCommand(case.id, step_id, plan.number)
    await world.services.run(partial(task_steps.open_task, command=command))
    task_id: str = await world.scalar(
        "SELECT id FROM agent_task WHERE case_id = :c AND step_id = :s ORDER BY opened_at DESC LIMIT 1",
        c=case.id,
        s=step_id,
    )
    return task_id


async def answer(world: World, task_id: str, action: TaskAction, request: str, **values: Any) -> AnswerResult:
    base = TaskAnswer(task_id, action, "agent-1", request, ("agent",))
    return await world.services.run(partial(answering.answer_task, answer=replace(base, **values)))


@pytest.fixture
async def called(world: World) -> tuple[OpenCase, str]:
    """A case whose first call task is open (day 12: screening by phone)."""
    case = await open_case(world, days=12)
    world.set_now((await case.decide()).due_at or pytest.fail("no due"))
    return case, await open_task(world, case, "screening")


@pytest.fixture
async def located(world: World, stack: StackAddresses) -> OpenCase:
    """A case on day 61 whose vehicle was located, so that its formal demand is next.

    Its loan is its own: the log of the legal desk outlives the test.
    """
    case = await open_case(world, f"L-{secrets.token_hex(6)}", days=61, device="DEMO-CN-31")
    locator = TraccarLocator(stack.traccar_url, stack.traccar_token)
    plan = await case.reach("locate_vehicle")
    command = StepCommand(case.id, "locate_vehicle", plan.number)
    await LocatingActivities(world.services, locator, CIPHER).locate(command)
    await locator.close()
    return case


@pytest.fixture
async def office(stack: StackAddresses) -> AsyncIterator[HttpLegalDesk]:
    office = HttpLegalDesk(stack.legal_desk_url, stack.legal_desk_token)
    yield office
    await office.close()


@pytest.fixture
async def demanded(world: World, located: OpenCase) -> OpenCase:
    """A case whose formal demand was sent and whose fifteen days are over: legal action may be proposed."""
    plan = await located.reach("formal_demand")
    mail = RemindingActivities(world.services, {Channel.EMAIL: FakeMessenger(), Channel.SMS: FakeMessenger()})
    await mail.send_reminder(StepCommand(located.id, "formal_demand", plan.number))
    return located


async def opened(world: World, case: OpenCase, step_id: str) -> str:
    plan = await case.reach(step_id)
    command = StepCommand(case.id, step_id, plan.number)
    await world.services.run(partial(task_steps.open_task, command=command))
    task_id: str = await world.scalar("SELECT id FROM agent_task WHERE step_id = :s", s=step_id)
    return task_id


async def answered_by(world: World, task: str, actor: str, role: str, outcome: str) -> TaskReceipt:
    async def send(action: TaskAction) -> TaskReceipt:
        request = f"{actor}:{secrets.token_hex(4)}"
        answer = TaskAnswer(task, action, actor, request, (role,), outcome if action == "complete" else "")
        return (await world.services.run(partial(answering.answer_task, answer=answer))).receipt

    claimed = await send("claim")
    return await send("complete") if claimed.accepted else claimed


async def approved(world: World, case: OpenCase) -> StepCommand:
    task = await opened(world, case, "propose_legal")
    proposed = await answered_by(world, task, "legal-1", "legal", "propose")
    task = await opened(world, case, "approve_legal")
    agreed = await answered_by(world, task, "lead-1", "lead", "approve")
    assert (proposed.accepted, agreed.accepted) == (True, True)
    plan = await case.reach("handover")
    return StepCommand(case.id, "handover", plan.number)


def filed(stack: StackAddresses, case: OpenCase) -> list[dict[str, Any]]:
    return entries(stack.end_logs["legal_desk"], "filed", idempotency_key=f"handover-{case.id}")


@pytest.fixture
async def handed(world: World, office: HttpLegalDesk, demanded: OpenCase) -> OpenCase:
    """A case whose file the desk has and has acknowledged."""
    result = await HandingOverActivities(world.services, office).hand_over(await approved(world, demanded))
    assert result.code == "acknowledged"
    return demanded
