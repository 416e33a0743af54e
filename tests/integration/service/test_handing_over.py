"""The legal handover: two people behind it, one document under one key, whatever is repeated."""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest
from sqlalchemy import insert
from temporalio.exceptions import ApplicationError

from activities.handing_over import HandingOverActivities
from activities.locating import LocatingActivities
from activities.reminding import RemindingActivities
from recourse.contracts.messages import StepCommand, TaskAction, TaskAnswer, TaskReceipt
from recourse.domain.ids import LoanId
from recourse.domain.situation import Channel, HoldReason, StepOutcome
from recourse.gateways.legal_desk import HttpLegalDesk
from recourse.gateways.traccar import TraccarLocator
from recourse.ports import Handover
from recourse.service import answering, handing_over, noting, performing, task_steps, tokens
from recourse.service.context import Unit
from recourse.service.deciding import deliberate, locked
from recourse.service.noting import HoldRequest
from recourse.stack import StackAddresses
from recourse.storage import steps
from recourse.storage.dossier import dossier_document
from recourse.storage.tables import api_token
from tests.events import payment
from tests.fakes import FakeMessenger
from tests.integration.conftest import World
from tests.integration.gateways.conftest import Steer, desk, entries  # noqa: F401 - fixture
from tests.integration.service.conftest import OpenCase, open_case

SIX_PARTS = {"borrower", "vehicle", "loan", "repayment", "contacts", "legal"}


@pytest.fixture
async def office(stack: StackAddresses) -> AsyncIterator[HttpLegalDesk]:
    office = HttpLegalDesk(stack.legal_desk_url, stack.legal_desk_token)
    yield office
    await office.close()


@pytest.fixture
async def demanded(world: World, stack: StackAddresses) -> OpenCase:
    """A case whose formal demand was sent and whose fifteen days are over: legal action may be proposed.

    Its loan is its own: the desk's log outlives the test.
    """
    case = await open_case(world, f"L-{secrets.token_hex(6)}", days=61, device="DEMO-CN-31")
    locator = TraccarLocator(stack.traccar_url, stack.traccar_token)
    plan = await case.reach("locate_vehicle")
    await LocatingActivities(world.services, locator).locate(
        StepCommand(case.id, "locate_vehicle", plan.number)
    )
    await locator.close()
    plan = await case.reach("formal_demand")
    mail = RemindingActivities(world.services, {Channel.EMAIL: FakeMessenger(), Channel.SMS: FakeMessenger()})
    await mail.send_reminder(StepCommand(case.id, "formal_demand", plan.number))
    return case


async def _task(world: World, case: OpenCase, step_id: str) -> str:
    plan = await case.reach(step_id)
    command = StepCommand(case.id, step_id, plan.number)
    await world.services.run(partial(task_steps.open_task, command=command))
    task_id: str = await world.scalar("SELECT id FROM agent_task WHERE step_id = :s", s=step_id)
    return task_id


async def _answer(world: World, task: str, actor: str, role: str, outcome: str) -> TaskReceipt:
    async def send(action: TaskAction) -> TaskReceipt:
        request = f"{actor}:{secrets.token_hex(4)}"
        answer = TaskAnswer(task, action, actor, request, (role,), outcome if action == "complete" else "")
        return (await world.services.run(partial(answering.answer_task, answer=answer))).receipt

    claimed = await send("claim")
    return await send("complete") if claimed.accepted else claimed


async def _approved(world: World, case: OpenCase) -> StepCommand:
    proposed = await _answer(world, await _task(world, case, "propose_legal"), "legal-1", "legal", "propose")
    approved = await _answer(world, await _task(world, case, "approve_legal"), "lead-1", "lead", "approve")
    assert (proposed.accepted, approved.accepted) == (True, True)
    plan = await case.reach("handover")
    return StepCommand(case.id, "handover", plan.number)


def _filed(stack: StackAddresses, case: OpenCase) -> list[dict[str, Any]]:
    return entries(stack.end_logs["legal_desk"], "filed", idempotency_key=f"handover-{case.id}")


async def test_an_approved_handover_files_the_six_part_dossier_and_keeps_what_was_sent(
    world: World, stack: StackAddresses, office: HttpLegalDesk, demanded: OpenCase
) -> None:
    result = await HandingOverActivities(world.services, office).hand_over(await _approved(world, demanded))
    assert (result.outcome, result.code) == ("done", "acknowledged")
    [filed] = _filed(stack, demanded)
    assert filed["body"].keys() == SIX_PARTS | {"format", "loan_id"}
    assert filed["body"]["borrower"]["people"][0]["name"] == "测试人"
    assert filed["body"]["repayment"]["unpaid_minor"] == 352017
    assert [a["step_id"] for a in filed["body"]["contacts"]["attempts"]] == ["formal_demand"]
    assert len(filed["body"]["vehicle"]["positions"]) == 1
    action = (await world.rows("SELECT * FROM legal_action"))[0]
    assert (action["proposed_by"], action["approved_by"]) == ("legal-1", "lead-1")
    assert (action["state"], action["reference"]) == ("handed_over", filed["reference"])
    assert json.loads(action["document"]) == filed["body"]
    assert action["document_sha256"] == hashlib.sha256(action["document"]).hexdigest()
    assert await world.scalar("SELECT count(*) FROM outbox WHERE type = 'recourse.legal.handed_over.v1'") == 1


async def test_without_a_proposal_or_an_approval_nothing_is_handed_over(
    world: World, stack: StackAddresses, office: HttpLegalDesk, demanded: OpenCase
) -> None:
    activities = HandingOverActivities(world.services, office)
    plan = await demanded.reach("propose_legal")
    unproposed = await activities.hand_over(StepCommand(demanded.id, "handover", plan.number))
    await _answer(world, await _task(world, demanded, "propose_legal"), "legal-1", "legal", "propose")
    plan = await demanded.reach("approve_legal")
    unapproved = await activities.hand_over(StepCommand(demanded.id, "handover", plan.number))
    assert (unproposed.outcome, unapproved.outcome) == ("stale", "stale")
    assert _filed(stack, demanded) == []
    assert await world.scalar("SELECT count(*) FROM legal_action") == 0


async def test_who_proposed_may_not_approve_and_somebody_else_may(world: World, demanded: OpenCase) -> None:
    await _answer(world, await _task(world, demanded, "propose_legal"), "admin-1", "admin", "propose")
    task = await _task(world, demanded, "approve_legal")
    own = await _answer(world, task, "admin-1", "admin", "approve")
    assert (own.accepted, own.code) == (False, "approver_is_requester")
    assert await world.scalar("SELECT state FROM agent_task WHERE id = :t", t=task) == "claimed"


async def test_one_person_with_two_tokens_may_not_approve_and_another_person_may(
    world: World, demanded: OpenCase
) -> None:
    async def token(role: str, person: str) -> str:
        issued = await world.services.run(partial(tokens.issue, role=role, name="x", person=person))
        return issued.actor

    proposer, own, other = await token("legal", "p-1"), await token("lead", "p-1"), await token("lead", "p-2")
    await _answer(world, await _task(world, demanded, "propose_legal"), proposer, "legal", "propose")
    task = await _task(world, demanded, "approve_legal")
    refused = await _answer(world, task, own, "lead", "approve")
    assert (refused.accepted, refused.code) == (False, "approver_is_requester")
    world.set_now(await world.scalar("SELECT claim_until FROM agent_task WHERE id = :t", t=task))
    assert (await _answer(world, task, other, "lead", "approve")).accepted
    async with world.services.database.reading() as tx:
        document = await dossier_document(tx, LoanId(demanded.id.removeprefix("case-").removesuffix("-1")))
    done = {s["step_id"]: (s["actor"], s["person"]) for s in document["contacts"]["steps"] if "person" in s}
    assert done == {"propose_legal": (proposer, "p-1"), "approve_legal": (other, "p-2")}


async def test_a_rejected_proposal_is_never_handed_over(
    world: World, stack: StackAddresses, office: HttpLegalDesk, demanded: OpenCase
) -> None:
    await _answer(world, await _task(world, demanded, "propose_legal"), "legal-1", "legal", "propose")
    await _answer(world, await _task(world, demanded, "approve_legal"), "lead-1", "lead", "reject")
    plan = await demanded.decide()
    assert plan.step_id != "handover"
    result = await HandingOverActivities(world.services, office).hand_over(
        StepCommand(demanded.id, "handover", plan.number)
    )
    assert result.outcome == "stale"
    assert _filed(stack, demanded) == []


@pytest.mark.parametrize(
    ("approver", "code"),
    [
        ("legal-1", "approver_is_requester"),
        ("his other token", "approver_is_requester"),
        (None, "not_approved"),
    ],
)
async def test_the_gate_asks_for_two_people_once_more_whatever_the_steps_say(
    world: World,
    stack: StackAddresses,
    office: HttpLegalDesk,
    demanded: OpenCase,
    approver: str | None,
    code: str,
) -> None:
    """A history that another system wrote, and that no task of ours would have allowed."""
    await _answer(world, await _task(world, demanded, "propose_legal"), "legal-1", "legal", "propose")

    async def forge(unit: Unit) -> None:
        values = {"token_hash": "x", "actor": "his other token", "name": "x", "role": "lead"}
        await unit.tx.execute(insert(api_token).values(**values, person="legal-1"))
        d = deliberate(unit, await locked(unit, demanded.id))
        row = d.row(
            "outcome", unit.now, "x", step_id="approve_legal", outcome=StepOutcome.DONE, actor=approver
        )
        await steps.append(unit.tx, row)

    await world.services.run(forge)
    plan = await demanded.reach("handover")
    result = await HandingOverActivities(world.services, office).hand_over(
        StepCommand(demanded.id, "handover", plan.number)
    )
    assert (result.outcome, result.code) == ("refused", code)
    assert result.plan.step_id != "handover"
    assert _filed(stack, demanded) == []


async def test_a_payment_or_a_hold_after_the_approval_stops_it(
    world: World, stack: StackAddresses, office: HttpLegalDesk, demanded: OpenCase
) -> None:
    command = await _approved(world, demanded)
    loan = demanded.id.removeprefix("case-").removesuffix("-1")
    hold = HoldRequest(HoldReason.BANKRUPTCY, "lead-1", "test", loan_id=LoanId(loan))
    await world.services.run(partial(noting.place_hold, request=hold))
    activities = HandingOverActivities(world.services, office)
    held = await activities.hand_over(command)
    await world.delivery.accept([payment(loan, at=(await _now(world)))])
    paid = await activities.hand_over(command)
    assert (held.outcome, held.plan.reason) == ("stale", "hold")
    assert (paid.outcome, paid.plan.kind) == ("stale", "close")
    assert _filed(stack, demanded) == []


async def _now(world: World) -> Any:
    async with world.services.database.reading() as tx:
        return await world.services.database.now(tx)


async def test_a_lost_answer_is_asked_again_with_the_same_bytes_under_the_same_key(
    world: World,
    stack: StackAddresses,
    office: HttpLegalDesk,
    demanded: OpenCase,
    desk: Steer,  # noqa: F811 - the fixture
) -> None:
    command = await _approved(world, demanded)
    impatient = HttpLegalDesk(stack.legal_desk_url, stack.legal_desk_token, timeout=0.5)
    await desk("outage", {"status": 0})
    with pytest.raises(ApplicationError) as lost:
        await HandingOverActivities(world.services, impatient).hand_over(command)
    await desk("outage", {"status": None})
    result = await HandingOverActivities(world.services, office).hand_over(command)
    again = await HandingOverActivities(world.services, office).hand_over(command)
    assert (lost.value.type, lost.value.non_retryable) == ("OutcomeUnknown", False)
    assert (result.outcome, again.outcome) == ("done", "stale")
    [filed] = _filed(stack, demanded)
    assert await world.rows("SELECT id, reference FROM legal_action") == [
        {"id": f"handover-{demanded.id}", "reference": filed["reference"]}
    ]
    key = f"handover-{demanded.id}"
    assert len(entries(stack.end_logs["legal_desk"], "repeated", idempotency_key=key)) == 1
    assert entries(stack.end_logs["legal_desk"], "conflict", idempotency_key=key) == []
    await impatient.close()


async def test_a_desk_that_does_not_come_to_an_end_is_asked_again_and_its_late_answer_counts_once(
    world: World, stack: StackAddresses, office: HttpLegalDesk, demanded: OpenCase
) -> None:
    class Endless:
        async def hand_over(self, handover: Handover) -> str:
            await office.hand_over(handover)
            await asyncio.Event().wait()
            return ""

    command = await _approved(world, demanded)
    endless = HandingOverActivities(world.services, Endless(), within=1)
    with pytest.raises(ApplicationError, match="no answer in time") as lost:
        await asyncio.wait_for(endless.hand_over(command), 10)
    assert lost.value.type == "OutcomeUnknown"
    result = await HandingOverActivities(world.services, office).hand_over(command)
    [filed] = _filed(stack, demanded)
    answer = {"key": filed["idempotency_key"], "reference": filed["reference"]}
    late = await world.services.run(partial(handing_over.acknowledge, command=command, **answer))
    refused = await world.services.run(partial(handing_over.record_refused, command=command, code="x"))
    assert [r.outcome for r in (result, late, refused)] == ["done", "stale", "stale"]
    ends = "SELECT count(*) FROM step WHERE step_id = 'handover' AND event = 'outcome'"
    assert await world.scalar(ends) == 1
    assert await world.scalar("SELECT count(*) FROM outbox WHERE type = 'recourse.legal.handed_over.v1'") == 1


async def test_a_desk_that_never_answers_leaves_the_question_to_a_person(
    world: World,
    stack: StackAddresses,
    demanded: OpenCase,
    desk: Steer,  # noqa: F811 - the fixture
) -> None:
    command = await _approved(world, demanded)
    impatient = HttpLegalDesk(stack.legal_desk_url, stack.legal_desk_token, timeout=0.3)
    await desk("outage", {"status": 0})
    with pytest.raises(ApplicationError):
        await HandingOverActivities(world.services, impatient).hand_over(command)
    result = await world.services.run(partial(performing.give_up, command=command))  # after the last retry
    await world.services.run(partial(performing.give_up, command=command))
    assert (result.outcome, result.code) == ("unable", "outcome_unknown")
    tasks = await world.rows("SELECT kind, team FROM agent_task WHERE state = 'open'")
    assert tasks == [{"kind": "check_delivery", "team": "legal"}]
    task = await world.scalar("SELECT id FROM agent_task WHERE state = 'open'")
    assert (await _answer(world, task, "legal-2", "legal", "delivered")).accepted
    await impatient.close()


async def test_a_desk_that_does_not_let_us_in_gets_the_file_once_the_token_is_mended(
    world: World, stack: StackAddresses, office: HttpLegalDesk, demanded: OpenCase
) -> None:
    command = await _approved(world, demanded)
    shut = HttpLegalDesk(stack.legal_desk_url, "wrong")
    with pytest.raises(ApplicationError, match="legal_desk_401") as later:
        await HandingOverActivities(world.services, shut).hand_over(command)
    assert (later.value.type, later.value.non_retryable) == ("NotHandedOver", False)
    assert await world.scalar("SELECT reference FROM legal_action") is None
    result = await HandingOverActivities(world.services, office).hand_over(command)
    assert (result.outcome, result.code) == ("done", "acknowledged")
    assert len(_filed(stack, demanded)) == 1
    await shut.close()


async def test_a_file_that_the_desk_refuses_is_unable_under_the_desks_code(
    world: World,
    office: HttpLegalDesk,
    demanded: OpenCase,
    desk: Steer,  # noqa: F811 - the fixture
) -> None:
    command = await _approved(world, demanded)
    await desk("outage", {"status": 422})
    result = await HandingOverActivities(world.services, office).hand_over(command)
    assert (result.outcome, result.code) == ("unable", "legal_desk_422")
    assert await world.scalar("SELECT reference FROM legal_action") is None
