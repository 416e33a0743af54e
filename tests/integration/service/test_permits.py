"""A permit between its issue and its use: whatever dies, comes late, or comes twice."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest
from temporalio.exceptions import ApplicationError

from activities.handing_over import HandingOverActivities
from activities.locating import LocatingActivities
from recourse.contracts.messages import StepCommand, StepResult
from recourse.gateways.legal_desk import HttpLegalDesk
from recourse.ports import NotHandedOver
from recourse.service import locating, recovering
from recourse.stack import StackAddresses
from tests.integration.conftest import World
from tests.integration.gateways.conftest import Steer, desk, entries  # noqa: F401 - fixture
from tests.integration.service.conftest import CIPHER, OpenCase, approved, filed, open_case
from tests.integration.service.permitted import (
    claim,
    hold,
    loan_of,
    pay,
    permit_of,
    recalls,
    sweep,
    use,
)


async def test_a_handover_is_used_once_under_a_permit_that_names_its_rules_and_two_people(
    world: World, handed: OpenCase
) -> None:
    assert await permit_of(world) == {
        "state": "used",
        "recall_code": None,
        "answer": "acknowledged",
        "open": True,
        "recall_tries": 0,
    }
    [row] = await world.rows(
        "SELECT proposed_by, approved_by, rules_digest, step_id FROM permit WHERE kind = 'legal'"
    )
    assert (row["proposed_by"], row["approved_by"], row["step_id"]) == ("legal-1", "lead-1", "handover")
    assert await world.scalar("SELECT count(*) FROM rule_set WHERE digest = :d", d=row["rules_digest"]) == 1
    checks = "SELECT c.answer FROM permit_check c JOIN permit p ON p.id = c.permit_id WHERE p.kind = 'legal'"
    assert await world.rows(checks) == [{"answer": "valid"}]


async def test_a_worker_that_dies_between_issue_and_use_is_followed_under_the_same_permit(
    world: World, stack: StackAddresses, office: HttpLegalDesk, demanded: OpenCase
) -> None:
    command = await approved(world, demanded)
    issued = (await claim(world, command)).permit
    assert (await permit_of(world))["state"] == "issued"
    await HandingOverActivities(world.services, office).hand_over(command)
    assert await world.scalar("SELECT id FROM permit WHERE kind = 'legal'") == issued
    claims = "SELECT count(*) FROM step WHERE event = 'claimed' AND step_id = 'handover'"
    assert await world.scalar(claims) == 1
    assert len(filed(stack, demanded)) == 1


@pytest.mark.parametrize("fact", ["payment", "hold"])
async def test_a_fact_between_issue_and_use_kills_the_permit_and_nothing_leaves(
    world: World, stack: StackAddresses, office: HttpLegalDesk, demanded: OpenCase, fact: str
) -> None:
    command = await approved(world, demanded)
    claimed = await claim(world, command)
    await (pay(world, demanded) if fact == "payment" else hold(world, demanded))
    refused = await use(world, command, claimed.permit)
    assert refused is not None
    assert (refused.outcome, refused.code) == ("stale", "permit_recalled")
    row = await permit_of(world)
    why = {"payment": "nothing_overdue", "hold": "hold"}[fact]
    assert (row["state"], row["recall_code"], row["open"]) == ("recalled", why, False)
    assert await sweep(world, office) == 0
    assert filed(stack, demanded) == recalls(stack, demanded) == []


async def test_recall_and_use_at_the_same_moment_are_one_after_the_other(
    world: World, stack: StackAddresses, office: HttpLegalDesk, demanded: OpenCase
) -> None:
    command = await approved(world, demanded)
    claimed = await claim(world, command)
    async with world.busy("loan", loan_of(demanded)):
        paying = asyncio.create_task(pay(world, demanded))
        using = asyncio.create_task(use(world, command, claimed.permit))
        await world.waiting(2)
    refused, _ = await asyncio.gather(using, paying)
    row = await permit_of(world)
    if refused is None:  # the use was first: the payment saw it, and the desk is asked
        assert (row["state"], row["open"]) == ("recalled", True)
    else:
        assert (refused.code, row["state"], row["open"]) == ("permit_recalled", "recalled", False)


async def test_an_operators_recall_before_the_use_declines_the_step(
    world: World, stack: StackAddresses, office: HttpLegalDesk, demanded: OpenCase
) -> None:
    command = await approved(world, demanded)
    claimed = await claim(world, command)
    recall = partial(recovering.recall_by_hand, permit_id=claimed.permit, code="press", actor="lead-9")
    row, _ = await world.services.run(recall)
    again, nudges = await world.services.run(recall)
    assert (row.state, again.state, nudges) == ("recalled", "recalled", ())
    result = await HandingOverActivities(world.services, office).hand_over(command)
    assert result.outcome == "stale"
    assert filed(stack, demanded) == []


async def test_a_payment_between_permit_and_reading_leaves_the_tracker_unasked(world: World) -> None:
    case = await open_case(world, days=61, device="DEMO-CN-31")
    plan = await case.reach("locate_vehicle")
    command = StepCommand(case.id, "locate_vehicle", plan.number)
    permit = await world.services.run(partial(locating.permit, command=command))
    assert not isinstance(permit, StepResult)
    await pay(world, case)
    refused = await use(world, command, permit.id)
    assert refused is not None
    assert refused.code == "permit_recalled"
    assert (await permit_of(world, "locate"))["state"] == "recalled"


async def test_a_tracker_that_is_down_is_asked_again_under_the_same_permit_which_ends_with_its_answer(
    world: World,
) -> None:
    class Tracker:
        down = True

        async def locate(self, device_id: str) -> None:
            if self.down:
                raise NotHandedOver("traccar: down")

    case = await open_case(world, days=61, device="DEMO-CN-31")
    plan = await case.reach("locate_vehicle")
    command, tracker = StepCommand(case.id, "locate_vehicle", plan.number), Tracker()
    with pytest.raises(ApplicationError):
        await LocatingActivities(world.services, tracker, CIPHER).locate(command)
    tracker.down = False
    await LocatingActivities(world.services, tracker, CIPHER).locate(command)
    row = await permit_of(world, "locate")
    assert (row["state"], row["answer"], row["open"]) == ("used", "no_fix", False)
    assert await world.scalar("SELECT count(*) FROM permit_check") == 2
