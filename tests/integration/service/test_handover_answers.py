"""What the legal desk answers to a file, late, lost or odd: one handover under one key, or a person asks."""

from __future__ import annotations

import asyncio
import secrets
from datetime import UTC, datetime
from functools import partial

import pytest
from temporalio.exceptions import ApplicationError

from activities.handing_over import HandingOverActivities
from recourse.contracts.messages import StepCommand, StepResult
from recourse.gateways.legal_desk import HttpLegalDesk
from recourse.ports import Handover
from recourse.service import desk_statuses, giving_up, handing_over, noting, permits
from recourse.service.context import Unit
from recourse.service.deciding import locked
from recourse.service.desk_statuses import Status
from recourse.stack import StackAddresses
from recourse.storage import legal
from tests.fakes import FakeDesk
from tests.integration.conftest import World
from tests.integration.gateways.conftest import Steer, desk, entries  # noqa: F401 - fixture
from tests.integration.service.conftest import HANDED_OVER, OpenCase, answered_by, approved, filed, open_case


async def test_a_lost_answer_is_asked_again_with_the_same_bytes_under_the_same_key(
    world: World,
    stack: StackAddresses,
    office: HttpLegalDesk,
    demanded: OpenCase,
    desk: Steer,  # noqa: F811 - the fixture
) -> None:
    command = await approved(world, demanded)
    impatient = HttpLegalDesk(stack.legal_desk_url, stack.legal_desk_token, timeout=0.5)
    await desk("outage", {"status": 0})
    with pytest.raises(ApplicationError) as lost:
        await HandingOverActivities(world.services, impatient).hand_over(command)
    await desk("outage", {"status": None})
    result = await HandingOverActivities(world.services, office).hand_over(command)
    again = await HandingOverActivities(world.services, office).hand_over(command)
    assert (lost.value.type, lost.value.non_retryable) == ("OutcomeUnknown", False)
    assert (result.outcome, again.outcome) == ("done", "stale")
    [file] = filed(stack, demanded)
    assert await world.rows("SELECT id, reference FROM legal_action") == [
        {"id": f"handover-{demanded.id}", "reference": file["reference"]}
    ]
    key = f"handover-{demanded.id}"
    assert len(entries(stack.end_logs["legal_desk"], "repeated", idempotency_key=key)) == 1
    assert entries(stack.end_logs["legal_desk"], "conflict", idempotency_key=key) == []
    await impatient.close()


async def test_a_desk_that_does_not_come_to_an_end_is_asked_again_and_its_late_answer_counts_once(
    world: World, stack: StackAddresses, office: HttpLegalDesk, demanded: OpenCase
) -> None:
    class Endless(FakeDesk):
        async def hand_over(self, handover: Handover) -> str:
            await office.hand_over(handover)
            await asyncio.Event().wait()
            return ""

    command = await approved(world, demanded)
    endless = HandingOverActivities(world.services, Endless(), within=1)
    with pytest.raises(ApplicationError, match="no answer in time") as lost:
        await asyncio.wait_for(endless.hand_over(command), 10)
    assert lost.value.type == "OutcomeUnknown"
    result = await HandingOverActivities(world.services, office).hand_over(command)
    [file] = filed(stack, demanded)
    answer = {"key": file["idempotency_key"], "reference": file["reference"]}
    late = await world.services.run(partial(handing_over.acknowledge, command=command, **answer))
    refused = await world.services.run(partial(handing_over.record_refused, command=command, code="x"))
    assert [r.outcome for r in (result, late, refused)] == ["done", "stale", "stale"]
    ends = "SELECT count(*) FROM step WHERE step_id = 'handover' AND event = 'outcome'"
    assert await world.scalar(ends) == 1
    assert await world.scalar(HANDED_OVER) == 1


async def test_a_desk_that_never_answers_leaves_the_question_to_a_person(
    world: World,
    stack: StackAddresses,
    demanded: OpenCase,
    desk: Steer,  # noqa: F811 - the fixture
) -> None:
    command = await approved(world, demanded)
    impatient = HttpLegalDesk(stack.legal_desk_url, stack.legal_desk_token, timeout=0.3)
    await desk("outage", {"status": 0})
    with pytest.raises(ApplicationError):
        await HandingOverActivities(world.services, impatient).hand_over(command)
    result = await world.services.run(partial(giving_up.give_up, command=command))  # after the last retry
    await world.services.run(partial(giving_up.give_up, command=command))
    assert (result.outcome, result.code) == ("open", "outcome_unknown")
    tasks = await world.rows("SELECT kind, team FROM agent_task WHERE state = 'open'")
    assert tasks == [{"kind": "check_delivery", "team": "legal"}]
    task = await world.scalar("SELECT id FROM agent_task WHERE state = 'open'")
    assert (await demanded.decide()).reason == "task"
    assert (await answered_by(world, task, "legal-2", "legal", "delivered")).accepted
    [handed] = await world.rows("SELECT id, state, reference FROM legal_action")
    assert (handed["state"], handed["reference"]) == ("handed_over", handed["id"])
    assert await world.scalar(HANDED_OVER) == 1
    assert (await demanded.decide()).step_id is None
    await impatient.close()


@pytest.fixture
async def doubted(world: World, demanded: OpenCase) -> StepCommand:
    """A handover whose answers were all lost: a person is asked whether the desk has the file."""
    command = await approved(world, demanded)
    claimed = await world.services.run(partial(handing_over.claim, command=command))
    assert not isinstance(claimed, StepResult)
    use = partial(permits.use, command=command, permit_id=claimed.permit)
    assert await world.services.run(use) is None
    await world.services.run(partial(giving_up.give_up, command=command))
    return command


async def test_a_file_that_the_desk_never_got_is_given_to_it_again_under_the_same_key(
    world: World, stack: StackAddresses, office: HttpLegalDesk, demanded: OpenCase, doubted: StepCommand
) -> None:
    task = await world.scalar("SELECT id FROM agent_task WHERE state = 'open'")
    assert (await answered_by(world, task, "legal-2", "legal", "not_delivered")).accepted
    plan = await demanded.reach("handover")
    again = StepCommand(demanded.id, "handover", plan.number)
    result = await HandingOverActivities(world.services, office).hand_over(again)
    assert (result.outcome, result.code) == ("done", "acknowledged")
    assert len(filed(stack, demanded)) == 1


async def test_a_desk_that_is_away_again_is_asked_about_again(
    world: World, demanded: OpenCase, doubted: StepCommand
) -> None:
    task = await world.scalar("SELECT id FROM agent_task WHERE state = 'open'")
    assert (await answered_by(world, task, "legal-2", "legal", "not_delivered")).accepted
    plan = await demanded.reach("handover")
    again = StepCommand(demanded.id, "handover", plan.number)
    result = await world.services.run(partial(giving_up.give_up, command=again))
    assert (result.outcome, result.code) == ("open", "outcome_unknown")
    assert await world.scalar("SELECT count(*) FROM agent_task WHERE state = 'open'") == 1


async def test_an_acknowledgement_that_comes_late_takes_the_question_back(
    world: World, demanded: OpenCase, doubted: StepCommand
) -> None:
    late = partial(handing_over.acknowledge, command=doubted, key=f"handover-{demanded.id}", reference="R-1")
    assert (await world.services.run(late)).outcome == "done"
    assert await world.scalar("SELECT state FROM agent_task WHERE kind = 'check_delivery'") == "cancelled"
    assert await world.scalar("SELECT reference FROM legal_action") == "R-1"


async def test_the_desks_own_reference_takes_the_place_of_our_key_when_it_comes_after_all(
    world: World, demanded: OpenCase, doubted: StepCommand
) -> None:
    task = await world.scalar("SELECT id FROM agent_task WHERE state = 'open'")
    assert (await answered_by(world, task, "legal-2", "legal", "delivered")).accepted
    late = partial(handing_over.acknowledge, command=doubted, key=f"handover-{demanded.id}", reference="R-1")
    assert (await world.services.run(late)).outcome == "stale"
    assert await world.scalar("SELECT reference FROM legal_action") == "R-1"
    assert await world.scalar(HANDED_OVER) == 1


async def test_a_status_under_our_key_says_that_the_desk_has_the_file(
    world: World, demanded: OpenCase, doubted: StepCommand
) -> None:
    told = Status(f"handover-{demanded.id}", "S-1", "accepted", datetime.now(UTC))
    tell = partial(desk_statuses.note_legal_status, told=told)
    await world.services.run(tell)
    await world.services.run(tell)
    assert await world.scalar("SELECT state FROM agent_task WHERE kind = 'check_delivery'") == "cancelled"
    ends = "SELECT outcome FROM step WHERE step_id = 'handover' AND event = 'outcome' ORDER BY id"
    assert [row["outcome"] for row in await world.rows(ends)] == ["open", "done"]
    assert await world.scalar(HANDED_OVER) == 1
    assert await world.scalar("SELECT count(*) FROM legal_status") == 1


async def test_a_status_of_a_day_that_cannot_be_is_refused_before_it_poisons_the_loan(
    world: World, demanded: OpenCase, doubted: StepCommand
) -> None:
    for day in (datetime(9999, 12, 31, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC)):
        told = Status(f"handover-{demanded.id}", "S-1", "filed", day)
        with pytest.raises(noting.Pointless, match="occurred_at"):
            await world.services.run(partial(desk_statuses.note_legal_status, told=told))
    assert await world.scalar("SELECT count(*) FROM legal_status") == 0


async def test_a_desk_that_does_not_let_us_in_gets_the_file_once_the_token_is_mended(
    world: World, stack: StackAddresses, office: HttpLegalDesk, demanded: OpenCase
) -> None:
    command = await approved(world, demanded)
    shut = HttpLegalDesk(stack.legal_desk_url, "wrong")
    with pytest.raises(ApplicationError, match="legal_desk_401") as later:
        await HandingOverActivities(world.services, shut).hand_over(command)
    assert (later.value.type, later.value.non_retryable) == ("NotHandedOver", False)
    assert await world.scalar("SELECT reference FROM legal_action") is None
    result = await HandingOverActivities(world.services, office).hand_over(command)
    assert (result.outcome, result.code) == ("done", "acknowledged")
    assert len(filed(stack, demanded)) == 1
    await shut.close()


async def test_a_file_that_the_desk_refuses_is_unable_under_the_desks_code(
    world: World,
    office: HttpLegalDesk,
    demanded: OpenCase,
    desk: Steer,  # noqa: F811 - the fixture
) -> None:
    command = await approved(world, demanded)
    await desk("outage", {"status": 422})
    result = await HandingOverActivities(world.services, office).hand_over(command)
    assert (result.outcome, result.code) == ("unable", "legal_desk_422")
    assert await world.scalar("SELECT reference FROM legal_action") is None


async def test_a_reference_that_names_another_file_already_is_asked_again_and_then_a_persons(
    world: World, stack: StackAddresses, office: HttpLegalDesk, demanded: OpenCase
) -> None:
    """Taken over, each status of that file would close or move the wrong case."""

    class Confused(FakeDesk):
        async def hand_over(self, handover: Handover) -> str:
            return "LD-of-another"

    command = await approved(world, demanded)
    other = await open_case(world, f"L-{secrets.token_hex(6)}")

    async def file_another(unit: Unit) -> None:
        case = (await locked(unit, other.id)).case
        await legal.claim(
            unit.tx,
            "handover-other",
            loan_id=case.loan_id,
            case_id=case.id,
            proposed_by="legal-1",
            approved_by="lead-1",
            document=b"{}",
            sha256="0",
            at=unit.now,
        )
        await legal.acknowledge(unit.tx, "handover-other", "LD-of-another")

    await world.services.run(file_another)
    world.set_now((await demanded.decide()).due_at or pytest.fail("no due"))
    with pytest.raises(ApplicationError, match="another file") as lost:
        await HandingOverActivities(world.services, Confused()).hand_over(command)
    assert (lost.value.type, lost.value.non_retryable) == ("OutcomeUnknown", False)
    held = "SELECT reference FROM legal_action WHERE id = :key"
    assert await world.scalar(held, key=f"handover-{demanded.id}") is None
    result = await world.services.run(partial(giving_up.give_up, command=command))
    assert (result.outcome, result.code) == ("open", "outcome_unknown")
