"""A dispute stops what the law names from its first moment until it is answered, however it came in."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from recourse.domain.disputes import DisputeAnswer, DisputeReason
from recourse.domain.ids import LoanId
from recourse.service import disputing, noting
from recourse.service.disputing import DisputeRuling, NewDispute
from recourse.service.noting import Pointless, RequestReused, Unknown
from recourse.storage.disputes import DisputeRow
from tests.integration.conftest import World
from tests.integration.service.conftest import OpenCase, answer, open_case


async def dispute(world: World, loan: str = "L-1", **values: Any) -> DisputeRow:
    base = {"reason": DisputeReason.AMOUNT, "actor": "agent-1", "about": "installment-7", "request_id": "r-1"}
    new = NewDispute(LoanId(loan), **base | values)
    return (await world.services.run(partial(disputing.open_dispute, new=new)))[0]


async def answered(world: World, key: str, **values: Any) -> DisputeRow:
    base = {"answer": DisputeAnswer.REJECTED, "evidence": "letter-8", "actor": "lead-1", "request_id": "a-1"}
    ruling = DisputeRuling(key, **base | values)
    return (await world.services.run(partial(disputing.answer_dispute, ruling=ruling)))[0]


async def test_it_stops_the_case_until_it_is_answered(world: World) -> None:
    case = await open_case(world)
    row = await dispute(world)
    assert (await case.plan()).reason == "hold"
    done = await answered(world, row.id)
    assert (done.answer, done.answer_evidence, done.answered_by) == ("rejected", "letter-8", "lead-1")
    assert (await case.plan()).step_id == "sms_friendly"
    lines = await world.rows(
        "SELECT event, code FROM step WHERE event LIKE 'dispute%' OR event LIKE 'hold%' ORDER BY id"
    )
    assert [(line["event"], line["code"]) for line in lines] == [
        ("hold_placed", "dispute"),
        ("dispute_opened", "debt"),
        ("dispute_answered", "rejected"),
        ("hold_lifted", None),
    ]


async def test_its_hold_is_not_lifted_while_nobody_has_answered(world: World) -> None:
    case = await open_case(world)
    row = await dispute(world)
    with pytest.raises(Pointless, match=rf"stands until {row.id} is answered"):
        await world.services.run(partial(noting.lift_hold, key=row.hold_id, actor="lead-1"))
    assert (await case.plan()).reason == "hold"


async def test_the_same_request_is_one_dispute_and_the_same_answer_one_answer(world: World) -> None:
    await open_case(world)
    first, again = await dispute(world), await dispute(world)
    assert first == again
    with pytest.raises(RequestReused, match="request_id"):
        await dispute(world, about="payment-3")
    assert await answered(world, first.id) == await answered(world, first.id)
    with pytest.raises(Pointless, match="was answered already"):
        await answered(world, first.id, answer=DisputeAnswer.UPHELD)
    assert await world.scalar("SELECT count(*) FROM dispute") == 1
    assert await world.scalar("SELECT count(*) FROM hold") == 1


async def test_what_does_not_exist_is_named_and_nothing_is_written(world: World) -> None:
    with pytest.raises(Unknown, match="loan"):
        await dispute(world, "L-nobody")
    with pytest.raises(Unknown, match="dispute dsp-0"):
        await answered(world, "dsp-0")
    assert await world.scalar("SELECT count(*) FROM dispute") == 0


async def test_what_an_agent_hears_on_the_phone_is_a_dispute_to_be_answered(
    world: World, called: tuple[OpenCase, str]
) -> None:
    case, task = called
    await answer(world, task, "claim", "c-1")
    await answer(world, task, "complete", "c-2", outcome="disputes")
    assert (await case.plan()).reason == "hold"
    key = await world.scalar("SELECT id FROM dispute")
    assert key == f"dsp-{task}"
    await answered(world, key)
    assert (await case.plan()).reason != "hold"


async def test_a_hold_that_ended_before_the_answer_leaves_the_question_open(world: World) -> None:
    await open_case(world)
    row = await dispute(world)
    await world.execute("UPDATE hold SET until = since + interval '1 second'")
    assert (await answered(world, row.id)).answer == "rejected"


async def test_who_cannot_pay_at_once_is_protected_and_a_lead_is_asked_to_propose_a_plan(
    world: World, called: tuple[OpenCase, str]
) -> None:
    case, task = called
    await answer(world, task, "claim", "c-1")
    await answer(world, task, "complete", "c-2", outcome="wants_plan")
    due = (await case.plan()).due_at
    assert due is not None
    assert due >= await world.scalar("SELECT until FROM hold")
    assert await world.rows("SELECT reason, until IS NOT NULL AS ends FROM hold") == [
        {"reason": "hardship", "ends": True}
    ]
    asked = await world.rows("SELECT id, team, state FROM agent_task WHERE kind = 'propose_agreement'")
    assert [(one["team"], one["state"]) for one in asked] == [("lead", "open")]
    values = {"actor": "lead-1", "roles": ("lead",)}
    await answer(world, asked[0]["id"], "claim", "l-1", **values)
    done = await answer(world, asked[0]["id"], "complete", "l-2", outcome="done", **values)
    assert done.receipt.accepted
