"""An agency is sent for the vehicle: by two persons, through the gate, asked again before the hook-up."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from activities.recalling import Recalls
from recourse.domain.ids import LoanId
from recourse.domain.law.verdict import Refused
from recourse.domain.situation import HoldReason
from recourse.service import noting, recovering, tokens
from recourse.service.noting import HoldRequest, Pointless, Unknown
from recourse.service.recovering import Assignment
from recourse.storage.permits import PermitRow
from tests.events import payment
from tests.fakes import FakeDesk
from tests.integration.conftest import World
from tests.integration.service.conftest import OpenCase, open_case

ROW = "SELECT state, recall_code, recall_answer, ended_at IS NULL AS open FROM permit WHERE kind = 'recovery'"


def _assignment(case: OpenCase, **values: Any) -> Assignment:
    return replace(Assignment(case.id, "recover_vehicle", "agency-1", "legal-1", "lead-1"), **values)


async def _issue(world: World, asked: Assignment) -> PermitRow | Refused:
    return await world.services.run(partial(recovering.issue, asked=asked))


async def _check(world: World, permit: str, actor: str = "agency-1") -> recovering.Checked:
    return await world.services.run(partial(recovering.check, permit_id=permit, actor=actor))


async def _answer(
    world: World, permit: str, outcome: recovering.Outcome, actor: str = "agency-1"
) -> PermitRow:
    answer = partial(recovering.acknowledge, permit_id=permit, actor=actor, outcome=outcome)
    return await world.services.run(answer)


async def _now(world: World) -> Any:
    async with world.services.database.reading() as tx:
        return await world.services.database.now(tx)


def _loan(case: OpenCase) -> LoanId:
    return LoanId(case.id.removeprefix("case-").removesuffix("-1"))


async def _hold(world: World, case: OpenCase, reason: HoldReason) -> None:
    request = HoldRequest(reason, "lead-1", "test", loan_id=_loan(case))
    await world.services.run(partial(noting.place_hold, request=request))


@pytest.fixture
async def noticed(world: World, demanded: OpenCase) -> OpenCase:
    """The fifteen days of its formal demand are over."""
    await demanded.reach("propose_legal")
    return demanded


@pytest.fixture
async def assigned(world: World, noticed: OpenCase) -> PermitRow:
    issued = await _issue(world, _assignment(noticed))
    assert isinstance(issued, PermitRow)
    return issued


@pytest.mark.parametrize(
    ("values", "code"),
    [({"approved_by": "legal-1"}, "approver_is_requester"), ({"approved_by": ""}, "not_approved")],
)
async def test_two_persons_stand_behind_it(
    world: World, noticed: OpenCase, values: dict[str, str], code: str
) -> None:
    refused = await _issue(world, _assignment(noticed, **values))
    assert isinstance(refused, Refused)
    assert refused.code == code
    diary = "SELECT code FROM step WHERE event = 'permit_refused'"
    assert (
        await world.rows(diary),
        await world.scalar("SELECT count(*) FROM permit WHERE kind = 'recovery'"),
    ) == (
        [{"code": code}],
        0,
    )


async def test_one_person_with_two_tokens_is_one(world: World, noticed: OpenCase) -> None:
    async def token(role: str) -> str:
        issued = await world.services.run(partial(tokens.issue, role=role, name="x", person="p-1"))
        return issued.actor

    asked = _assignment(noticed, proposed_by=await token("legal"), approved_by=await token("lead"))
    refused = await _issue(world, asked)
    assert isinstance(refused, Refused)
    assert refused.code == "approver_is_requester"


async def test_nobody_is_sent_before_the_notice_nor_while_its_days_run(
    world: World, demanded: OpenCase
) -> None:
    early = await _issue(world, _assignment(demanded))
    fresh = await open_case(world, "L-fresh", days=61)
    without = await _issue(world, _assignment(fresh))
    assert isinstance(early, Refused)
    assert isinstance(without, Refused)
    assert (early.code, without.code) == ("notice_running", "step_missing")
    sent_at = await world.scalar("SELECT at FROM step WHERE step_id = 'formal_demand' AND outcome = 'done'")
    assert early.opens_at == sent_at + timedelta(days=15)


@pytest.mark.parametrize("reason", [HoldReason.BANKRUPTCY, HoldReason.MILITARY_SERVICE, HoldReason.DISPUTE])
async def test_a_hold_keeps_the_agency_from_being_sent(
    world: World, noticed: OpenCase, reason: HoldReason
) -> None:
    await _hold(world, noticed, reason)
    refused = await _issue(world, _assignment(noticed))
    assert isinstance(refused, Refused)
    assert (refused.code, refused.detail) == ("hold", reason.value)


async def test_one_agency_at_a_time_and_not_for_ever(
    world: World, noticed: OpenCase, assigned: PermitRow
) -> None:
    with pytest.raises(Pointless, match="is open"):
        await _issue(world, _assignment(noticed, agency="agency-2"))
    for days in (0, 31):
        with pytest.raises(Pointless, match="days"):
            await _issue(world, _assignment(noticed, days=days))


async def test_a_check_is_kept_and_good_for_minutes(world: World, assigned: PermitRow) -> None:
    first, second = await _check(world, assigned.id), await _check(world, assigned.id)
    assert (first.answer, second.answer) == ("valid", "valid")
    assert first.good_until == first.at + timedelta(minutes=15)
    rows = await world.rows("SELECT actor, answer FROM permit_check WHERE good_until IS NOT NULL")
    assert rows == [{"actor": "agency-1", "answer": "valid"}] * 2


async def test_nobody_else_may_ask(world: World, assigned: PermitRow) -> None:
    with pytest.raises(Unknown, match="none of yours"):
        await _check(world, assigned.id, "agency-2")
    with pytest.raises(Unknown):
        await _answer(world, assigned.id, "stopped", "agency-2")
    with pytest.raises(Unknown):
        await _check(world, "permit-of-nobody")


async def test_a_payment_recalls_it_and_the_agency_acknowledges_twice(
    world: World, noticed: OpenCase, assigned: PermitRow
) -> None:
    assert (await _check(world, assigned.id)).answer == "valid"
    await world.delivery.accept([payment(_loan(noticed), at=await _now(world))])
    assert (await world.rows(ROW))[0]["open"]
    told = await _check(world, assigned.id)
    assert (told.answer, told.code, told.good_until) == ("recalled", "nothing_overdue", None)
    for _ in range(2):
        await _answer(world, assigned.id, "stopped")
    late = await _answer(world, assigned.id, "too_late")
    assert late.state == "recall_acknowledged"
    assert await world.scalar("SELECT count(*) FROM step WHERE event = 'recall_acknowledged'") == 1


async def test_a_vehicle_that_was_taken_already_is_a_matter_for_people(
    world: World, noticed: OpenCase, assigned: PermitRow
) -> None:
    await _hold(world, noticed, HoldReason.BANKRUPTCY)
    await _answer(world, assigned.id, "too_late")
    assert await world.rows(ROW) == [
        {"state": "recall_failed", "recall_code": "hold", "recall_answer": "too_late", "open": False}
    ]
    assert await world.scalar("SELECT team FROM agent_task WHERE kind = 'check_recall'") == "legal"


async def test_a_silent_agency_becomes_a_question(
    world: World, noticed: OpenCase, assigned: PermitRow
) -> None:
    await _hold(world, noticed, HoldReason.BANKRUPTCY)
    await world.execute("UPDATE permit SET recall_since = recall_since - interval '1 day'")
    desk = FakeDesk()
    await Recalls(world.services, desk).run(lambda: None)
    assert desk.recalls == []  # the desk has no part in it
    assert await world.scalar("SELECT count(*) FROM agent_task WHERE kind = 'check_recall'") == 1


async def test_an_acknowledgement_of_what_was_not_recalled_is_refused(
    world: World, assigned: PermitRow
) -> None:
    with pytest.raises(Pointless, match="not recalled"):
        await _answer(world, assigned.id, "stopped")


async def test_it_runs_out(world: World, noticed: OpenCase, assigned: PermitRow) -> None:
    world.set_now(assigned.expires_at)
    told = await _check(world, assigned.id)
    assert (told.answer, told.code) == ("expired", "")
    assert await world.rows(ROW) == [
        {"state": "expired", "recall_code": None, "recall_answer": None, "open": False}
    ]


async def test_an_operator_recalls_it_and_the_agency_hears_why(
    world: World, noticed: OpenCase, assigned: PermitRow
) -> None:
    recall = partial(recovering.recall_by_hand, permit_id=assigned.id, code="wrong_vehicle", actor="lead-9")
    _, nudges = await world.services.run(recall)
    assert [nudge.case_id for nudge in nudges] == [noticed.id]
    told = await _check(world, assigned.id)
    assert (told.answer, told.code) == ("recalled", "wrong_vehicle")
    missing = partial(recovering.recall_by_hand, permit_id="permit-0", code="x", actor="lead-9")
    with pytest.raises(Unknown):
        await world.services.run(missing)
