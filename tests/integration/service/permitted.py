"""What tests of permits share: a fact that comes, a claim, a use, a sweep, and what the desk heard."""

from __future__ import annotations

from functools import partial
from typing import Any

from activities.recalling import Recalls
from recourse.contracts.messages import StepCommand, StepResult
from recourse.domain.ids import LoanId
from recourse.domain.situation import HoldReason
from recourse.gateways.legal_desk import HttpLegalDesk
from recourse.service import handing_over, noting, permits
from recourse.service.noting import HoldRequest
from recourse.stack import StackAddresses
from tests.events import payment
from tests.fakes import FakeDesk
from tests.integration.conftest import World
from tests.integration.gateways.conftest import Steer, desk, entries  # noqa: F401 - fixture
from tests.integration.service.conftest import OpenCase

PERMIT = (
    "SELECT state, recall_code, answer, ended_at IS NULL AS open, recall_tries FROM permit WHERE kind = :kind"
)
EARLIER = "UPDATE permit SET {0} = {0} - interval '1 day'"


async def permit_of(world: World, kind: str = "legal") -> dict[str, Any]:
    [row] = await world.rows(PERMIT, kind=kind)
    return row


async def pay(world: World, case: OpenCase) -> None:
    async with world.services.database.reading() as tx:
        now = await world.services.database.now(tx)
    await world.delivery.accept([payment(loan_of(case), at=now)])


def loan_of(case: OpenCase) -> str:
    return case.id.removeprefix("case-").removesuffix("-1")


async def hold(world: World, case: OpenCase, reason: HoldReason = HoldReason.BANKRUPTCY) -> str:
    request = HoldRequest(reason, "lead-1", "test", loan_id=LoanId(loan_of(case)))
    placed, _ = await world.services.run(partial(noting.place_hold, request=request))
    return placed.id


async def claim(world: World, command: StepCommand) -> handing_over.Claimed:
    claimed = await world.services.run(partial(handing_over.claim, command=command))
    assert not isinstance(claimed, StepResult)
    return claimed


async def use(world: World, command: StepCommand, permit: str) -> StepResult | None:
    return await world.services.run(partial(permits.use, command=command, permit_id=permit))


async def sweep(world: World, office: HttpLegalDesk | FakeDesk, within: float = 5) -> int:
    return await Recalls(world.services, office, within).run(lambda: None)


async def at_once(world: World) -> None:
    """The pause before the next try is over."""
    await world.execute(EARLIER.format("recall_next_at"))


def recalls(stack: StackAddresses, case: OpenCase, *events: str) -> list[dict[str, Any]]:
    log = stack.end_logs["legal_desk"]
    return entries(log, *(events or ("recalled", "recall_repeated")), handover=f"handover-{case.id}")
