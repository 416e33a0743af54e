"""The legal handover: two people behind it, one document under one key, whatever is repeated."""

from __future__ import annotations

import hashlib
import json
from functools import partial
from typing import Any

import pytest
from sqlalchemy import insert

from activities.handing_over import HandingOverActivities
from recourse.contracts.messages import StepCommand
from recourse.domain.ids import CaseId, LoanId
from recourse.domain.situation import HoldReason, StepOutcome
from recourse.gateways.legal_desk import HttpLegalDesk
from recourse.service import noting, tokens
from recourse.service.context import Unit
from recourse.service.deciding import deliberate, locked
from recourse.service.noting import HoldRequest
from recourse.stack import StackAddresses
from recourse.storage import legal, steps
from recourse.storage.dossier import dossier_document
from recourse.storage.tables import api_token
from tests.events import payment
from tests.integration.conftest import World
from tests.integration.gateways.conftest import Steer, desk, entries  # noqa: F401 - fixture
from tests.integration.service.conftest import HANDED_OVER, OpenCase, answered_by, approved, filed, opened

SIX_PARTS = {"borrower", "vehicle", "loan", "repayment", "contacts", "legal"}


async def _now(world: World) -> Any:
    async with world.services.database.reading() as tx:
        return await world.services.database.now(tx)


async def test_an_approved_handover_files_the_six_part_dossier_and_keeps_what_was_sent(
    world: World, stack: StackAddresses, office: HttpLegalDesk, demanded: OpenCase
) -> None:
    result = await HandingOverActivities(world.services, office).hand_over(await approved(world, demanded))
    assert (result.outcome, result.code) == ("done", "acknowledged")
    [file] = filed(stack, demanded)
    assert file["body"].keys() == SIX_PARTS | {"format", "loan_id"}
    assert file["body"]["borrower"]["people"][0]["name"] == "测试人"
    assert file["body"]["repayment"]["unpaid_minor"] == 352017
    assert [a["step_id"] for a in file["body"]["contacts"]["attempts"]] == ["formal_demand"]
    assert len(file["body"]["vehicle"]["positions"]) == 1
    action = (await world.rows("SELECT * FROM legal_action"))[0]
    assert (action["proposed_by"], action["approved_by"]) == ("legal-1", "lead-1")
    assert (action["state"], action["reference"]) == ("handed_over", file["reference"])
    async with world.services.database.reading() as tx:
        kept = await legal.of_case(tx, CaseId(action["case_id"]))
    assert kept is not None
    assert kept.document is not None
    assert json.loads(kept.document) == file["body"]
    assert action["document_sha256"] == hashlib.sha256(kept.document).hexdigest()
    assert action["document"] is None
    assert await world.scalar(HANDED_OVER) == 1


async def test_without_a_proposal_or_an_approval_nothing_is_handed_over(
    world: World, stack: StackAddresses, office: HttpLegalDesk, demanded: OpenCase
) -> None:
    activities = HandingOverActivities(world.services, office)
    plan = await demanded.reach("propose_legal")
    unproposed = await activities.hand_over(StepCommand(demanded.id, "handover", plan.number))
    await answered_by(world, await opened(world, demanded, "propose_legal"), "legal-1", "legal", "propose")
    plan = await demanded.reach("approve_legal")
    unapproved = await activities.hand_over(StepCommand(demanded.id, "handover", plan.number))
    assert (unproposed.outcome, unapproved.outcome) == ("stale", "stale")
    assert filed(stack, demanded) == []
    assert await world.scalar("SELECT count(*) FROM legal_action") == 0


async def test_who_proposed_may_not_approve_and_somebody_else_may(world: World, demanded: OpenCase) -> None:
    await answered_by(world, await opened(world, demanded, "propose_legal"), "admin-1", "admin", "propose")
    task = await opened(world, demanded, "approve_legal")
    own = await answered_by(world, task, "admin-1", "admin", "approve")
    assert (own.accepted, own.code) == (False, "approver_is_requester")
    assert await world.scalar("SELECT state FROM agent_task WHERE id = :t", t=task) == "claimed"


async def test_one_person_with_two_tokens_may_not_approve_and_another_person_may(
    world: World, demanded: OpenCase
) -> None:
    async def token(role: str, person: str) -> str:
        issued = await world.services.run(partial(tokens.issue, role=role, name="x", person=person))
        return issued.actor

    proposer, own, other = await token("legal", "p-1"), await token("lead", "p-1"), await token("lead", "p-2")
    await answered_by(world, await opened(world, demanded, "propose_legal"), proposer, "legal", "propose")
    task = await opened(world, demanded, "approve_legal")
    refused = await answered_by(world, task, own, "lead", "approve")
    assert (refused.accepted, refused.code) == (False, "approver_is_requester")
    world.set_now(await world.scalar("SELECT claim_until FROM agent_task WHERE id = :t", t=task))
    assert (await answered_by(world, task, other, "lead", "approve")).accepted
    async with world.services.database.reading() as tx:
        document = await dossier_document(tx, LoanId(demanded.id.removeprefix("case-").removesuffix("-1")))
    done = {s["step_id"]: (s["actor"], s["person"]) for s in document["contacts"]["steps"] if "person" in s}
    assert done == {"propose_legal": (proposer, "p-1"), "approve_legal": (other, "p-2")}


async def test_a_rejected_proposal_is_never_handed_over(
    world: World, stack: StackAddresses, office: HttpLegalDesk, demanded: OpenCase
) -> None:
    await answered_by(world, await opened(world, demanded, "propose_legal"), "legal-1", "legal", "propose")
    await answered_by(world, await opened(world, demanded, "approve_legal"), "lead-1", "lead", "reject")
    plan = await demanded.decide()
    assert plan.step_id != "handover"
    result = await HandingOverActivities(world.services, office).hand_over(
        StepCommand(demanded.id, "handover", plan.number)
    )
    assert result.outcome == "stale"
    assert filed(stack, demanded) == []


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
    await answered_by(world, await opened(world, demanded, "propose_legal"), "legal-1", "legal", "propose")

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
    assert filed(stack, demanded) == []


async def test_a_payment_or_a_hold_after_the_approval_stops_it(
    world: World, stack: StackAddresses, office: HttpLegalDesk, demanded: OpenCase
) -> None:
    command = await approved(world, demanded)
    loan = demanded.id.removeprefix("case-").removesuffix("-1")
    hold = HoldRequest(HoldReason.BANKRUPTCY, "lead-1", "test", loan_id=LoanId(loan))
    await world.services.run(partial(noting.place_hold, request=hold))
    activities = HandingOverActivities(world.services, office)
    held = await activities.hand_over(command)
    await world.delivery.accept([payment(loan, at=(await _now(world)))])
    paid = await activities.hand_over(command)
    assert (held.outcome, held.plan.reason) == ("stale", "hold")
    assert (paid.outcome, paid.plan.kind) == ("stale", "close")
    assert filed(stack, demanded) == []
