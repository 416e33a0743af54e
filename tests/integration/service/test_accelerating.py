"""The review of an acceleration: decided by a lawyer, told to the bank once, and not against a hold."""

from __future__ import annotations

from functools import partial

import pytest

from recourse.contracts.messages import TaskReceipt
from recourse.domain.ids import CaseId, LoanId, TaskId
from recourse.domain.situation import HoldReason
from recourse.reading.explaining import explained
from recourse.service import noting
from recourse.service.context import Unit
from recourse.service.noting import HoldRequest
from recourse.storage import tasks
from recourse.storage.dossier import dossier_document
from tests.integration.conftest import World
from tests.integration.service.conftest import OpenCase, answered_by, open_case

TOLD = "SELECT data FROM outbox WHERE type = 'recourse.acceleration.reviewed.v1'"


def _loan(case: OpenCase) -> LoanId:
    return LoanId(case.id.removeprefix("case-").removesuffix("-1"))


def _task(case: OpenCase, outcome: str) -> str:
    return f"task-{case.id}-{outcome}"


async def _decide(world: World, case: OpenCase, outcome: str) -> TaskReceipt:
    """The review is opened as the ladder opens it; when it does is tested with the ladder."""
    task_id = TaskId(_task(case, outcome))

    async def work(unit: Unit) -> None:
        await tasks.open_task(
            unit.tx,
            task_id,
            loan_id=_loan(case),
            case_id=CaseId(case.id),
            step_id="acceleration_review",
            kind="acceleration_review",
            team="legal",
            at=unit.now,
            expires_at=None,
        )

    await world.services.run(work)
    return await answered_by(world, task_id, "legal-1", "legal", outcome)


@pytest.fixture
async def noticed(demanded: OpenCase) -> OpenCase:
    """The days of its formal demand are over."""
    await demanded.reach("propose_legal")
    return demanded


@pytest.mark.parametrize("decision", ["accelerate", "reject"])
async def test_the_bank_hears_once_what_a_review_decided_and_the_dossier_says_who_did(
    world: World, noticed: OpenCase, decision: str
) -> None:
    assert (await _decide(world, noticed, decision)).accepted
    again = await answered_by(world, _task(noticed, decision), "legal-1", "legal", decision)
    assert not again.accepted
    told = {"step": "acceleration_review", "task_id": _task(noticed, decision), "decision": decision}
    about = {"loan_id": _loan(noticed), "episode": 1}
    assert await world.rows(TOLD) == [{"data": about | told}]
    async with world.services.database.reading() as tx:
        [review] = (await dossier_document(tx, _loan(noticed)))["legal"]["accelerations"]
    assert (review["outcome"], review["completed_by"], review["case_id"]) == (decision, "legal-1", noticed.id)


async def test_a_hold_that_came_after_the_review_was_opened_stops_it(world: World, noticed: OpenCase) -> None:
    request = HoldRequest(HoldReason.DISPUTE, "lead-1", "test", loan_id=_loan(noticed))
    await world.services.run(partial(noting.place_hold, request=request))
    refused = await _decide(world, noticed, "accelerate")
    assert (refused.accepted, refused.code) == (False, "hold")
    assert "CBA" in refused.source
    assert (await _decide(world, noticed, "reject")).accepted
    assert [row["data"]["decision"] for row in await world.rows(TOLD)] == ["reject"]
    refusals = "SELECT code, actor FROM step WHERE event = 'acceleration_refused'"
    assert await world.rows(refusals) == [{"code": "hold", "actor": "legal-1"}]


async def test_it_waits_for_the_notice_and_its_days(world: World, demanded: OpenCase) -> None:
    early = await _decide(world, demanded, "accelerate")
    without = await _decide(world, await open_case(world, "L-unnoticed", days=61), "accelerate")
    assert (early.code, without.code) == ("notice_running", "step_missing")
    assert without.source == "house rule"  # the ladder wants the notice in this very default
    assert early.opens_at is not None
    assert await world.rows(TOLD) == []


@pytest.mark.parametrize(("held", "event"), [(False, "acceleration_allowed"), (True, "acceleration_refused")])
async def test_a_yes_and_a_no_are_explained_with_every_rule_and_what_the_ladder_requires(
    world: World, noticed: OpenCase, held: bool, event: str
) -> None:
    if held:
        request = HoldRequest(HoldReason.DISPUTE, "lead-1", "test", loan_id=_loan(noticed))
        await world.services.run(partial(noting.place_hold, request=request))
    assert (await _decide(world, noticed, "accelerate")).accepted is not held
    [row] = await world.rows(f"SELECT id, asked FROM step WHERE event = '{event}'")
    assert row["asked"]["requires"] == ["formal_demand"]
    async with world.services.database.reading() as tx:
        found = await explained(tx, CaseId(noticed.id), number=row["id"])
    assert found.differs == []
    assert {"house_steps", "cn_demand_before_suit"} <= {check.rule for check in found.explanation.checks}
    await world.execute(f"UPDATE step SET event = 'acceleration_{'allowed' if held else 'refused'}'")
    async with world.services.database.reading() as tx:
        [difference] = (await explained(tx, CaseId(noticed.id), number=row["id"])).differs
    assert difference.startswith("verdict: recorded")
