"""A sale that is planned, announced by a letter, and held as it was announced; or not held at all."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from recourse.contracts.messages import StepCommand
from recourse.domain.ids import CaseId, LoanId
from recourse.domain.legal.action import NotMade
from recourse.domain.legal.terms import SaleKind, SaleTerms
from recourse.domain.letter import LetterError
from recourse.domain.situation import HoldReason
from recourse.ports import Accepted, Message, OutcomeUnknown
from recourse.reading.explaining import decisions, explained
from recourse.reading.legal_again import made_again
from recourse.service import noting, reminding, task_steps
from recourse.service.lettering import Draft, drafted
from recourse.service.noting import HoldRequest, RequestReused
from recourse.storage.dossier import dossier_document
from tests.events import arrears, payment
from tests.integration.conftest import World
from tests.integration.service.conftest import OpenCase, answer
from tests.integration.service.pursued import made, move
from tests.integration.service.selling import (
    AUCTION,
    DAY,
    DESK,
    HERE,
    LETTER,
    activities,
    announced,
    at_an_address,
    later,
    moves,
    open_tasks,
    plan,
    planned,
    sent,
    surrendered,
)
from tests.letters import text_of

PRIVATE = SaleTerms(SaleKind.PRIVATE, DAY, owed_minor=900_000)


@pytest.fixture
async def seller(world: World, tmp_path: Path) -> World:
    return at_an_address(world, tmp_path)


@pytest.fixture
def tray(tmp_path: Path) -> Path:
    return tmp_path / "tray"


async def _sold(world: World, case: OpenCase, on: date) -> str:
    """The state, or why not. Asked on the evening of the day."""
    world.set_now(DESK + timedelta(days=(on - HERE).days))
    row = await move(world, case, "sold", on, procedure="US")
    return row.code if isinstance(row, NotMade) else row.state


async def _held(world: World, reason: HoldReason = HoldReason.DISPUTE) -> None:
    asked = HoldRequest(reason, "lead-1", "test", loan_id=LoanId("L-1"))
    await world.services.run(partial(noting.place_hold, request=asked))


def _letters(tray: Path) -> list[str]:
    return [text_of(file.read_bytes()) for file in sorted(tray.glob("*.pdf"))]


async def test_a_planned_sale_is_announced_by_a_letter_that_says_when_and_where(
    seller: World, tray: Path
) -> None:
    await announced(seller, tray)
    [text] = _letters(tray)
    for said in (
        "Public sale on 15 December 2026 at 10:00, at 12 Auction Lane, Albany.",
        "9,000.00 CNY",
        "1 Main Street, Denver",
        "you will still owe us the difference",
        "400-000-0000",
    ):
        assert said in text


async def test_a_draft_of_the_notice_says_what_is_planned_until_it_is_called_off(seller: World) -> None:
    case = await surrendered(seller)
    await planned(seller, case)

    async def said() -> str:
        services = seller.services
        asked = Draft(LoanId("L-1"), "pre_sale_notice", "en", {"payoff": "9,000.00 USD"})
        async with services.database.reading() as tx:
            now = await services.database.now(tx)
            return (await drafted(tx, services.book, services.lenders, asked, now)).decode()

    assert "Public sale on 15 December 2026 at 10:00" in await said()
    await made(seller, case, "sale_called_off", HERE, procedure="US")
    with pytest.raises(LetterError, match="sale: missing"):
        await said()


async def test_the_letter_that_was_sent_is_the_move_with_its_number_and_its_contact_as_papers(
    seller: World, tray: Path
) -> None:
    case = await announced(seller, tray)
    assert await moves(seller) == ["vehicle_surrendered", "sale_planned", "presale_notice_given"]
    [row] = await seller.rows('SELECT "on", actor, documents, known FROM legal_move WHERE number = 3')
    [letter] = await seller.rows("SELECT id, attempt_id FROM document")
    assert row["documents"] == {"presale_notice": letter["id"], "proof_of_sending": letter["attempt_id"]}
    assert (row["actor"], row["known"]["by_post"]) == ("system", True)
    [deadline] = await seller.rows("SELECT met_on FROM legal_deadline WHERE code = 'us_presale_notice_sent'")
    assert deadline["met_on"] == row["on"]
    async with seller.services.database.reading() as tx:
        document = await dossier_document(tx, LoanId("L-1"))
    told = [one for one in document["legal"]["moves"] if one["code"] == "sale_planned"]
    assert told[0]["terms"]["place"] == "12 Auction Lane, Albany"
    assert (await case.decide()).step_id != LETTER


async def test_the_sale_waits_for_the_post_and_ten_whole_days_and_is_held_on_the_day_alone(
    seller: World, tray: Path
) -> None:
    """Posted on 6 November: five days for the post and ten that are given end with the 21st; of a private
    sale the day that is told is not the sale's own."""
    case = await surrendered(seller)
    assert isinstance(await plan(seller, case, replace(PRIVATE, day=date(2026, 11, 21))), NotMade)
    await planned(seller, case, replace(PRIVATE, day=date(2026, 11, 22)))
    await sent(seller, case, tray)
    posted = await seller.scalar('SELECT "on" FROM legal_move WHERE number = 3')
    assert posted == date(2026, 11, 6)
    assert await _sold(seller, case, date(2026, 11, 22)) == "not_as_planned"
    assert await _sold(seller, case, date(2026, 11, 23)) == "sold"


async def test_a_sale_before_the_days_of_the_notice_is_refused_by_the_gate_however_it_was_planned(
    seller: World, tray: Path
) -> None:
    case = await surrendered(seller)
    early = replace(AUCTION, day=later(7))
    refused = await plan(seller, case, early)
    assert isinstance(refused, NotMade)
    assert (refused.code, refused.rule, refused.opens_on) == ("too_soon", "us_pre_sale_notice", later(16))
    assert "UCC 9-611" in refused.source
    await planned(seller, case, early, despite="memo-1")
    assert "plan_anew" not in await open_tasks(seller)
    await made(seller, case, "presale_notice_given", HERE, procedure="US")
    assert await _sold(seller, case, later(7)) == "notice_running"


async def test_a_public_sale_is_held_on_its_day_and_every_answer_can_be_made_again(
    seller: World, tray: Path
) -> None:
    case = await announced(seller, tray)
    assert await _sold(seller, case, DAY - timedelta(days=1)) == "not_as_planned"
    assert await _sold(seller, case, DAY) == "sold"
    async with seller.services.database.reading() as tx:
        now = await seller.services.database.now(tx)
        assert [one.differs for one in await made_again(tx, CaseId(case.id), now)] == [()] * 4
        known = [(key, number) for key, number, _ in await decisions(tx) if key == case.id]
        assert [(await explained(tx, key, number=number)).differs for key, number in known] == [[]] * len(
            known
        )


async def test_a_changed_plan_demands_another_letter_and_the_first_counts_no_more(
    seller: World, tray: Path
) -> None:
    case = await announced(seller, tray)
    changed = replace(AUCTION, day=DAY + timedelta(days=10))
    seller.set_now(DESK + timedelta(days=2))
    await planned(seller, case, changed, on=later(2))
    assert await _sold(seller, case, DAY) == "out_of_order"
    seller.set_now(DESK + timedelta(days=3))
    assert (await sent(seller, case, tray, "presale_notice_given-4")).outcome == "done"
    assert len(_letters(tray)) == 2
    assert sum("25 December 2026" in text for text in _letters(tray)) == 1
    assert await _sold(seller, case, DAY) == "not_as_planned"
    assert await _sold(seller, case, DAY + timedelta(days=10)) == "sold"


async def test_a_plan_that_is_called_off_before_its_letter_left_is_announced_to_nobody(
    seller: World, tray: Path
) -> None:
    case = await surrendered(seller)
    await planned(seller, case)
    decision = await case.reach(LETTER)
    await made(seller, case, "sale_called_off", HERE, procedure="US")
    result = await activities(seller, tray).send_reminder(StepCommand(case.id, LETTER, decision.number))
    assert (result.outcome, result.code) == ("stale", "plan_changed")
    assert _letters(tray) == []


async def test_a_plan_and_its_letter_that_are_repeated_are_one(seller: World, tray: Path) -> None:
    case = await surrendered(seller)
    rows = [await planned(seller, case, request_id="r-1") for _ in range(2)]
    assert rows[0] == rows[1]
    with pytest.raises(RequestReused, match="request_id"):
        await plan(seller, case, PRIVATE, request_id="r-1")
    decision = await case.reach(LETTER)
    command = StepCommand(case.id, LETTER, decision.number)
    results = [await activities(seller, tray).send_reminder(command) for _ in range(2)]
    assert [result.outcome for result in results] == ["done", "stale"]
    assert len(_letters(tray)) == 1
    assert (await moves(seller)).count("presale_notice_given") == 1


class _Lost:
    """A post of which nobody knows whether it took the letter."""

    async def send(self, message: Message) -> Accepted:
        raise OutcomeUnknown("letters: nobody knows")


async def test_a_letter_in_doubt_is_no_notice_until_a_person_says_that_it_left(
    seller: World, tray: Path
) -> None:
    case = await surrendered(seller)
    await planned(seller, case)
    decision = await case.reach(LETTER)
    command = StepCommand(case.id, LETTER, decision.number)
    await activities(seller, tray, _Lost()).send_reminder(command)
    assert await moves(seller) == ["vehicle_surrendered", "sale_planned"]
    task = await seller.scalar("SELECT id FROM agent_task WHERE kind = 'check_delivery'")
    await answer(seller, task, "claim", "c-1")
    await answer(seller, task, "complete", "c-2", outcome="delivered")
    assert await moves(seller) == ["vehicle_surrendered", "sale_planned", "presale_notice_given"]


async def test_a_worker_that_dies_after_its_claim_announces_nothing_twice(seller: World, tray: Path) -> None:
    case = await surrendered(seller)
    await planned(seller, case)
    decision = await case.reach(LETTER)
    command = StepCommand(case.id, LETTER, decision.number)
    await seller.services.run(partial(reminding.claim, command=command))
    result = await activities(seller, tray).send_reminder(command)
    assert (result.outcome, _letters(tray)) == ("open", [])
    assert "check_delivery" in await open_tasks(seller)


async def test_a_payment_before_the_letter_keeps_it_here_and_calls_the_sale_off(
    seller: World, tray: Path
) -> None:
    case = await surrendered(seller)
    await planned(seller, case)
    decision = await case.reach(LETTER)
    await seller.delivery.accept([payment("L-1", at=DESK + timedelta(hours=1))])
    result = await activities(seller, tray).send_reminder(StepCommand(case.id, LETTER, decision.number))
    assert (result.outcome, _letters(tray)) == ("stale", [])
    assert await moves(seller) == ["vehicle_surrendered", "sale_planned", "sale_called_off"]
    assert await open_tasks(seller) == ["call_off_sale"]


async def test_a_payment_after_the_notice_stops_the_sale_and_tells_people_and_the_bank(
    seller: World, tray: Path
) -> None:
    case = await announced(seller, tray)
    await seller.delivery.accept([payment("L-1", at=DESK + timedelta(days=2))])
    assert await _sold(seller, case, DAY) == "out_of_order"
    assert await open_tasks(seller) == ["call_off_sale"]
    told = "SELECT data FROM outbox WHERE type = 'recourse.legal.moved.v1' ORDER BY id"
    last = [row["data"] for row in await seller.rows(told)][-1]
    assert (last["move"], last["means"]) == ("sale_called_off", "called_off")
    [case_row] = await seller.rows("SELECT closed_reason FROM collection_case")
    assert case_row["closed_reason"] == "cured"


async def test_a_hold_stops_the_letter_and_the_sale_and_tells_people_once(seller: World, tray: Path) -> None:
    case = await surrendered(seller)
    await planned(seller, case)
    decision = await case.reach(LETTER)
    await _held(seller, HoldReason.MILITARY_SERVICE)
    command = StepCommand(case.id, LETTER, decision.number)
    assert (await activities(seller, tray).send_reminder(command)).outcome == "stale"
    await case.decide()
    assert _letters(tray) == []
    assert (await open_tasks(seller)).count("call_off_sale") == 1
    refused = await plan(seller, case)
    assert isinstance(refused, NotMade)
    assert refused.code == "hold"


async def test_a_letter_that_a_hold_kept_too_long_is_not_sent_and_the_sale_is_planned_anew(
    seller: World, tray: Path
) -> None:
    case = await surrendered(seller)
    await planned(seller, case)
    await _held(seller)
    held = await seller.scalar("SELECT id FROM hold")
    seller.set_now(DESK + timedelta(days=30))
    await seller.services.run(partial(noting.lift_hold, key=held, actor="lead-1"))
    decision = await case.decide()
    assert decision.step_id == "plan_anew-2"
    assert dict(await _skipped(seller))[LETTER] == "its day leaves no time"


async def _skipped(world: World) -> list[Any]:
    inputs = await world.scalar(
        "SELECT rules FROM rule_set JOIN step ON step.rules_digest = rule_set.digest "
        "WHERE step.event = 'planned' ORDER BY step.id DESC LIMIT 1"
    )
    steps = inputs["strategy"]["steps"]
    return [(step["id"], step["errand"]["shut"]) for step in steps if step["errand"] is not None]


async def test_whoever_answers_for_the_debt_is_told_too_and_only_then_was_notice_given(
    seller: World, tray: Path
) -> None:
    guarantor = {
        "id": "C-G",
        "role": "guarantor",
        "name": "Guarantor",
        "language": "en",
        "zone": "America/New_York",
        "addresses": [{"kind": "home", "text": "home of C-G", "region": "US-NY"}],
        "contact_points": [],
    }
    case = await surrendered(seller, others=[guarantor])
    await planned(seller, case)
    await sent(seller, case, tray)
    assert (await moves(seller))[-1] == "sale_planned"
    decision = await case.decide()
    assert decision.step_id is not None
    assert decision.step_id.startswith(f"{LETTER}-")
    assert (await sent(seller, case, tray, decision.step_id)).outcome == "done"
    assert (await moves(seller))[-1] == "presale_notice_given"
    papers = await seller.scalar("SELECT documents FROM legal_move WHERE number = 3")
    assert sorted(papers) == [
        "presale_notice",
        "presale_notice_2",
        "proof_of_sending",
        "proof_of_sending_2",
    ]
    to = sorted(json.loads(file.read_text())["to"] for file in tray.glob("*.json"))
    assert to == [["home of C-G"], ["home of L-1"]]


async def test_a_letter_that_lacks_a_sum_stays_here_and_a_lawyer_gives_the_notice(
    seller: World, tray: Path
) -> None:
    case = await surrendered(seller)
    await planned(seller, case, replace(AUCTION, owed_minor=None))
    result = await sent(seller, case, tray)
    assert (result.outcome, result.code) == ("unable", "letter_incomplete")
    task = await case.decide()
    assert task.step_id == f"{LETTER}-by_hand"
    assert task.due_at is not None
    seller.set_now(task.due_at)
    command = StepCommand(case.id, f"{LETTER}-by_hand", task.number)
    await seller.services.run(partial(task_steps.open_task, command=command))
    assert "give_notice_by_hand" in await open_tasks(seller)
    seller.set_now(DESK + timedelta(days=5))
    await made(seller, case, "presale_notice_given", later(4), procedure="US")
    assert "give_notice_by_hand" not in await open_tasks(seller)


async def test_a_sum_that_is_older_than_the_last_payment_is_told_to_nobody(seller: World, tray: Path) -> None:
    case = await surrendered(seller)
    await planned(seller, case)
    decision = await case.reach(LETTER)
    assert decision.due_at is not None
    left = arrears((7, DESK.date() - timedelta(days=60), 300_000))
    paid = payment("L-1", at=decision.due_at, amount=52017, left=left, cured=False)
    await seller.delivery.accept([paid])
    result = await sent(seller, case, tray)
    assert (result.outcome, result.code, _letters(tray)) == ("unable", "letter_incomplete", [])
