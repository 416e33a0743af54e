"""A dispute has a task of its own and a day by which it is answered, whatever becomes of the case."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from recourse.domain.disputes import DisputeAnswer, DisputeKind, DisputeReason
from recourse.domain.ids import CaseId, LoanId
from recourse.reading.disputes import listed
from recourse.reading.explaining import decisions, explained
from recourse.reading.figures import figures
from recourse.service import disputing, noting, orphaned_disputes
from recourse.service.disputing import DisputeRuling, NewDispute
from recourse.service.noting import Pointless
from recourse.storage.disputes import DisputeRow
from recourse.storage.dossier import dossier_document
from tests.events import payment
from tests.integration.conftest import World
from tests.integration.service.conftest import NOON, OpenCase, answer, open_case

TASKS = (
    "SELECT kind, team, state, step_id, due_at, case_id, outcome FROM agent_task "
    "WHERE kind IN ('answer_dispute', 'dispute_overdue') ORDER BY opened_at, kind, step_id"
)
SHANGHAI = ZoneInfo("Asia/Shanghai")


async def dispute(world: World, request: str = "r-1", **values: Any) -> DisputeRow:
    base = {"reason": DisputeReason.AMOUNT, "actor": "agent-1", "request_id": request}
    new = NewDispute(LoanId("L-1"), **base | values)
    return (await world.services.run(partial(disputing.open_dispute, new=new)))[0]


async def answered(
    world: World, key: str, said: DisputeAnswer = DisputeAnswer.REJECTED, request: str = "a-1"
) -> DisputeRow:
    ruling = DisputeRuling(key, said, "letter-8", "lead-1", request)
    return (await world.services.run(partial(disputing.answer_dispute, ruling=ruling)))[0]


async def _sweep(world: World) -> int:
    opened = 0
    for key, loan in await world.services.run(partial(orphaned_disputes.due, limit=100)):
        again = partial(orphaned_disputes.catch_up, dispute_id=key, loan_id=loan)
        opened += await world.services.run(again)
    return opened


def _midnight_after(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), datetime.min.time(), SHANGHAI)


async def _states(world: World) -> list[tuple[str, str]]:
    return [(task["kind"], task["state"]) for task in await world.rows(TASKS)]


async def test_from_the_first_moment_somebody_has_it_to_answer_by_the_day_of_the_law(world: World) -> None:
    case = await open_case(world)
    row = await dispute(world)
    came_in = row.opened_at.astimezone(SHANGHAI).date()
    assert row.answer_by == came_in + timedelta(days=15)
    assert row.ends_at == _midnight_after(row.answer_by)
    assert (row.rule or "").startswith("CN@")
    assert row.rule_mark == "second_hand"
    [task] = await world.rows(TASKS)
    assert task == {
        "kind": "answer_dispute",
        "team": "legal",
        "state": "open",
        "step_id": f"answer_dispute-{row.id}",
        "due_at": row.ends_at,
        "case_id": case.id,
        "outcome": None,
    }
    await case.decide()
    assert len(await world.rows(TASKS)) == 1


async def test_each_of_several_has_its_own_and_the_days_of_its_kind(world: World) -> None:
    await open_case(world)
    debt = await dispute(world)
    bureau = await dispute(world, "r-2", kind=DisputeKind.BUREAU)
    contested = await dispute(world, "r-3", kind=DisputeKind.AUTOMATED_DECISION, about="4711")
    assert [(row.answer_by or date.max) - (debt.answer_by or date.max) for row in (bureau, contested)] == [
        timedelta(days=5),
        timedelta(),
    ]
    assert len({task["step_id"] for task in await world.rows(TASKS)}) == 3
    await answered(world, contested.id)
    assert sorted(state for _, state in await _states(world)) == ["done", "open", "open"]


async def test_what_nobody_answers_by_its_day_is_a_lead_s_and_stays_on_record(world: World) -> None:
    case = await open_case(world)
    row = await dispute(world)
    assert row.ends_at is not None
    assert (await case.plan()).due_at == row.ends_at
    world.set_now(row.ends_at - timedelta(minutes=1))
    await case.decide()
    assert await _states(world) == [("answer_dispute", "open")]
    world.set_now(row.ends_at)
    await case.decide()
    await case.decide()
    assert await _states(world) == [("answer_dispute", "open"), ("dispute_overdue", "open")]
    assert (await world.rows(TASKS))[1]["team"] == "lead"
    done = await answered(world, row.id)
    assert done.answer == "rejected"
    tasks = await world.rows(TASKS)
    assert [(task["state"], task["outcome"]) for task in tasks] == [("done", "rejected")] * 2
    late = "SELECT payload FROM fact WHERE kind = 'dispute_answered'"
    assert [line["payload"]["late"] for line in await world.rows(late)] == [True]
    diary = await world.rows(
        f"SELECT outcome, actor FROM step WHERE step_id LIKE '%{row.id}' AND outcome = 'done' ORDER BY id"
    )
    assert diary == [{"outcome": "done", "actor": "lead-1"}] * 2
    assert await case.decide() == await case.decide()
    assert len(await world.rows(TASKS)) == 2


async def test_commands_that_come_twice_change_nothing(world: World) -> None:
    await open_case(world)
    rows = [await dispute(world) for _ in range(2)]
    assert rows[0] == rows[1]
    both = await asyncio.gather(*(answered(world, rows[0].id) for _ in range(2)))
    assert both[0] == both[1]
    assert await _states(world) == [("answer_dispute", "done")]
    lines = "SELECT count(*) FROM step WHERE event = 'dispute_answered'"
    assert await world.scalar(lines) == 1


async def test_of_two_answers_at_the_same_moment_one_stands(world: World) -> None:
    await open_case(world)
    row = await dispute(world)
    said = [(DisputeAnswer.UPHELD, "a-1"), (DisputeAnswer.REJECTED, "a-2")]
    both = await asyncio.gather(*(answered(world, row.id, *one) for one in said), return_exceptions=True)
    assert sorted(type(one).__name__ for one in both) == ["DisputeRow", "Pointless"]


async def test_the_hold_stays_where_a_law_keeps_it_and_is_lifted_else(world: World) -> None:
    case = await open_case(world)
    upheld, rejected = await dispute(world), await dispute(world, "r-2")
    await answered(world, rejected.id)
    await answered(world, upheld.id, DisputeAnswer.UPHELD)
    assert (await case.plan()).reason == "hold"
    lifted = "SELECT source, lifted_at IS NOT NULL AS lifted FROM hold ORDER BY source"
    assert [row["lifted"] for row in await world.rows(lifted)] == [False, True]
    await world.services.run(partial(noting.lift_hold, key=upheld.hold_id, actor="lead-1"))
    assert (await case.plan()).step_id == "sms_friendly"


async def test_what_was_withdrawn_is_nobody_s_task_any_more(world: World) -> None:
    case = await open_case(world)
    row = await dispute(world)
    await answered(world, row.id, DisputeAnswer.WITHDRAWN)
    assert await _states(world) == [("answer_dispute", "done")]
    assert (await case.plan()).step_id == "sms_friendly"


async def test_it_can_be_claimed_and_only_its_answer_ends_it(world: World) -> None:
    await open_case(world)
    row = await dispute(world)
    task = await world.scalar("SELECT id FROM agent_task")
    values = {"actor": "legal-1", "roles": ("legal",)}
    assert (await answer(world, task, "claim", "c-1", **values)).receipt.accepted
    refused = (await answer(world, task, "complete", "c-2", outcome="done", **values)).receipt
    assert (refused.accepted, refused.code) == (False, "answer_the_dispute")
    await answered(world, row.id)
    assert await _states(world) == [("answer_dispute", "done")]


async def test_a_complaint_on_the_phone_is_to_be_answered_and_protects_the_person(
    world: World, called: tuple[OpenCase, str]
) -> None:
    _, task = called
    await answer(world, task, "claim", "c-1")
    await answer(world, task, "complete", "c-2", outcome="complaint")
    [row] = await world.rows("SELECT kind, hold_id, evidence FROM dispute")
    assert (row["kind"], row["evidence"]) == ("complaint", task)
    held = await world.rows("SELECT reason, person_id, loan_id FROM hold")
    assert held == [{"reason": "complaint", "person_id": "C-L-1", "loan_id": None}]
    assert await _states(world) == [("answer_dispute", "open")]
    with pytest.raises(Pointless, match="until dsp-"):
        await world.services.run(partial(noting.lift_hold, key=row["hold_id"], actor="lead-1"))


async def test_a_closed_case_leaves_the_question_to_somebody_and_escalates_it(world: World) -> None:
    case = await open_case(world)
    row = await dispute(world)
    await world.delivery.accept([payment("L-1", at=NOON + timedelta(hours=1))])
    assert await _states(world) == [("answer_dispute", "cancelled")]
    assert await world.scalar("SELECT closed_at IS NOT NULL FROM collection_case")
    assert [await _sweep(world), await _sweep(world)] == [1, 0]
    assert row.ends_at is not None
    world.set_now(row.ends_at)
    assert [await _sweep(world), await _sweep(world)] == [1, 0]
    open_ones = [task for task in await world.rows(TASKS) if task["state"] == "open"]
    assert [(task["kind"], task["case_id"]) for task in open_ones] == [
        ("answer_dispute", case.id),
        ("dispute_overdue", case.id),
    ]
    await answered(world, row.id)
    assert sorted(state for _, state in await _states(world)) == ["cancelled", "done", "done"]
    assert await _sweep(world) == 0


async def test_one_that_comes_in_after_the_case_was_closed_is_somebody_s_too(world: World) -> None:
    await open_case(world)
    await world.delivery.accept([payment("L-1", at=NOON + timedelta(hours=1))])
    await dispute(world, kind=DisputeKind.COMPLAINT)
    assert await _states(world) == []
    assert await _sweep(world) == 1
    assert await _states(world) == [("answer_dispute", "open")]


async def test_lists_figures_and_the_dossier_tell_what_waits_and_what_is_overdue(world: World) -> None:
    await open_case(world)
    row, other = await dispute(world), await dispute(world, "r-2", kind=DisputeKind.BUREAU)
    await answered(world, other.id)
    assert row.ends_at is not None
    async with world.services.database.reading() as tx:
        for now, state in ((row.opened_at, "waiting"), (row.ends_at, "overdue")):
            [line] = await listed(tx, now, waiting=True, limit=10)
            assert (line["id"], line["state"], line["answer_by"]) == (row.id, state, row.answer_by)
            assert (await figures(tx, now)).disputes == {f"debt {state}": 1, "bureau answered": 1}
        assert [line["id"] for line in await listed(tx, now, waiting=False, limit=1)] == [other.id]
        document = await dossier_document(tx, LoanId("L-1"))
    told = {one["id"]: one for one in document["contacts"]["disputes"]}
    assert told[row.id]["answer_by"] == f"{row.answer_by}"
    assert told[row.id]["rule_source"].startswith("银行业保险业消费投诉")


async def test_a_decision_is_explained_with_the_disputes_of_its_moment(world: World) -> None:
    case = await open_case(world)
    row = await dispute(world)
    await answered(world, row.id)
    async with world.services.database.reading() as tx:
        found = [await explained(tx, CaseId(case.id), number=number) for _, number, _ in await decisions(tx)]
    assert [len(one.situation.disputes_due) for one in found][-3:] == [1, 0, 0]
    assert [difference for one in found for difference in one.differs] == []


async def test_nothing_but_codes_and_instants_stands_in_the_task(world: World) -> None:
    await open_case(world)
    await dispute(world, about="installment-7", evidence="letter-3")
    [task] = await world.rows("SELECT * FROM agent_task")
    assert not {value for value in task.values() if value in ("installment-7", "letter-3")}
