"""Slots for those who dial elsewhere: the last one is given once, and never given back by silence."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from recourse.domain.ids import CaseId, ContactPointId, LoanId, PersonId
from recourse.domain.law.verdict import Refused
from recourse.domain.situation import Channel, HoldReason
from recourse.reading.explaining import explained
from recourse.service import binding, noting, reserving, sweeping, tokens
from recourse.service.noting import HoldRequest, Pointless, RequestReused, Unknown
from recourse.service.reserving import AnswerOwed, Result, SlotRequest
from recourse.storage.attempts import Reservation
from recourse.storage.token_scopes import Bound
from tests.integration.conftest import World
from tests.integration.service.conftest import NOON, OpenCase, open_case


async def _request(world: World, number: int = 1, **changes: Any) -> SlotRequest:
    point = await world.scalar("SELECT id FROM contact_point WHERE kind = 'mobile'")
    asked = SlotRequest(
        LoanId("L-1"),
        PersonId("C-L-1"),
        ContactPointId(point),
        Channel.CALL,
        f"dialler-{number}",
        f"r-{number}",
    )
    return replace(asked, **changes)


async def _reserve(world: World, number: int = 1, **changes: Any) -> Reservation | Refused | AnswerOwed:
    """Each number is a dialler of its own."""
    request = await _request(world, number, **changes)
    return await world.services.run(partial(reserving.reserve, request=request))


async def _taken(world: World, number: int = 1, **changes: Any) -> str:
    slot = await _reserve(world, number, **changes)
    assert isinstance(slot, Reservation), slot
    return slot.id


async def _tell(
    world: World, key: str, result: Result, actor: str = "", *, anybodys: bool = False
) -> Reservation:
    """By whoever reserved it, where nobody else is named."""
    mine = await world.rows("SELECT actor FROM contact_attempt WHERE id = :key", key=key)
    actor = actor or (mine[0]["actor"] if mine else "dialler-1")
    told = partial(reserving.tell, key=key, result=result, actor=actor, anybodys=anybodys)
    return await world.services.run(told)


async def _states(world: World) -> list[str]:
    return [row["state"] for row in await world.rows("SELECT state FROM contact_attempt ORDER BY at, id")]


@pytest.fixture
async def case(world: World) -> OpenCase:
    return await open_case(world, days=5)


async def test_a_slot_is_given_for_five_minutes_and_counts_from_then_on(world: World, case: OpenCase) -> None:
    slot = await _reserve(world)
    assert isinstance(slot, Reservation)
    assert timedelta(minutes=4) < slot.until - NOON <= timedelta(minutes=6)
    assert await _states(world) == ["claimed"]


async def test_a_request_that_is_repeated_hears_of_a_hold_that_came_since_and_takes_no_second_slot(
    world: World, case: OpenCase
) -> None:
    key = await _taken(world)
    assert await _taken(world) == key
    hold = HoldRequest(HoldReason.HARDSHIP, "agent-1", "call", loan_id=LoanId("L-1"))
    await world.services.run(partial(noting.place_hold, request=hold))
    refused = await _reserve(world)
    assert isinstance(refused, Refused)
    assert refused.code == "hold"
    assert await _states(world) == ["claimed"]


async def test_a_repeated_request_hears_of_a_conversation_that_came_since(world: World) -> None:
    """Its own slot may have become one, and is not what it is refused for."""
    await open_case(world, days=5, region="US")
    world.set_now(NOON + timedelta(hours=12))  # eleven in New York
    key = await _taken(world)
    assert await _taken(world) == key
    called = await _request(world, 9)
    await world.services.run(partial(reserving.note_inbound, request=called))
    refused = await _reserve(world)
    assert isinstance(refused, Refused)
    assert refused.code == "conversation_wait"


async def test_a_refusal_stands_in_the_diary_once_and_can_be_explained(world: World, case: OpenCase) -> None:
    world.set_now(NOON + timedelta(hours=11))
    for number in (1, 2):
        assert isinstance(await _reserve(world, number, actor="dialler-1"), Refused)
    [row] = await world.rows("SELECT id, code, actor FROM step WHERE event = 'reservation_refused'")
    assert (row["code"], row["actor"]) == ("outside_hours", "dialler-1")
    async with world.services.database.reading() as tx:
        found = await explained(tx, CaseId(case.id), number=row["id"])
    assert found.differs == []
    assert {check.rule for check in found.explanation.checks if check.refusal is not None} == {"cn_hours"}


async def test_two_at_once_never_both_get_the_last_slot(world: World, case: OpenCase) -> None:
    """China: three conversations a day, and a dial that may have become one counts as one."""
    for number in (1, 2):
        await _taken(world, number)
    answers = await asyncio.gather(*(_reserve(world, 10 + n) for n in range(4)))
    refused = [answer for answer in answers if isinstance(answer, Refused)]
    assert len(refused) == 3
    assert {(no.code, no.detail) for no in refused} == {("cap_reached", "cn_connected_calls_per_day")}
    assert all(no.opens_at is not None for no in refused)
    assert await _states(world) == ["claimed"] * 3


async def test_two_cases_that_share_a_telephone_never_both_get_its_last_dial(world: World) -> None:
    await open_case(world, "L-1", days=5, email="one@example.com")
    await open_case(world, "L-2", days=5, email="two@example.com")
    for number in range(5):
        await _tell(world, await _taken(world, number), Result.NOT_CONNECTED)
    other = {"loan_id": LoanId("L-2"), "person_id": PersonId("C-L-2")}
    answers = await asyncio.gather(_reserve(world, 10), _reserve(world, 11, **other))
    [refused] = [answer for answer in answers if isinstance(answer, Refused)]
    assert refused.detail == "cn_dials_per_day"


async def test_the_same_request_twice_is_one_slot(world: World, case: OpenCase) -> None:
    answers = await asyncio.gather(*(_reserve(world) for _ in range(4)))
    assert len({answer.id for answer in answers if isinstance(answer, Reservation)}) == 1
    assert await _states(world) == ["claimed"]
    with pytest.raises(RequestReused):
        await _reserve(world, channel=Channel.SMS)


async def test_a_slot_that_is_over_is_not_given_again_under_its_id(world: World, case: OpenCase) -> None:
    await _taken(world)
    world.set_now(NOON + timedelta(minutes=6))
    with pytest.raises(RequestReused, match="over"):
        await _reserve(world)


async def test_no_slot_reaches_beyond_permitted_hours(world: World, case: OpenCase) -> None:
    closing = NOON + timedelta(hours=10)  # 22:00 in Shanghai
    world.set_now(closing - timedelta(minutes=4))
    slot = await _reserve(world)
    assert isinstance(slot, Reservation)
    assert slot.until == closing - timedelta(minutes=2)
    world.set_now(closing - timedelta(minutes=1))
    refused = await _reserve(world, 2)
    assert isinstance(refused, Refused)
    assert (refused.code, refused.opens_at) == ("outside_hours", NOON + timedelta(hours=20))


async def test_a_hold_on_the_person_refuses_the_next_slot(world: World, case: OpenCase) -> None:
    request = HoldRequest(HoldReason.DISPUTE, "agent-1", "test", person_id=PersonId("C-L-1"))
    await world.services.run(partial(noting.place_hold, request=request))
    refused = await _reserve(world)
    assert isinstance(refused, Refused)
    assert (refused.code, bool(refused.source)) == ("hold", True)


@pytest.mark.parametrize(
    ("result", "state"),
    [
        (Result.CONNECTED, "connected"),
        (Result.NOT_CONNECTED, "not_connected"),
        (Result.NOT_MADE, "not_sent"),
        (Result.UNKNOWN, "unknown"),
    ],
)
async def test_what_became_of_it_is_told_once_however_often_said(
    world: World, case: OpenCase, result: Result, state: str
) -> None:
    key = await _taken(world)
    for _ in range(2):
        assert (await _tell(world, key, result)).state == state
    lines = await world.rows("SELECT code, actor FROM step WHERE event = 'attempt'")
    assert lines == [{"code": key, "actor": "dialler-1"}]


async def test_another_outcome_later_is_refused_but_a_doubt_is_corrected(
    world: World, case: OpenCase
) -> None:
    key = await _taken(world)
    await _tell(world, key, Result.UNKNOWN)
    await _tell(world, key, Result.CONNECTED)
    for other in (Result.NOT_MADE, Result.UNKNOWN):
        with pytest.raises(RequestReused):
            await _tell(world, key, other)
    assert await _states(world) == ["connected"]


async def test_silence_never_gives_a_slot_back_and_a_late_not_made_does(world: World, case: OpenCase) -> None:
    keys = [await _taken(world, number) for number in range(3)]
    world.set_now(NOON + timedelta(hours=2))
    assert await world.services.run(sweeping.expire_reservations) == 3
    assert await _states(world) == ["unknown"] * 3
    assert isinstance(await _reserve(world, 10), Refused)
    await _tell(world, keys[0], Result.NOT_MADE)
    assert isinstance(await _reserve(world, 11), Reservation)


async def test_the_sweep_leaves_a_running_reservation_and_takes_no_message_for_a_lost_one(
    world: World, case: OpenCase
) -> None:
    await _taken(world, channel=Channel.SMS)
    await world.execute("UPDATE contact_attempt SET recorded_at = now() - interval '1 hour'")
    assert await world.services.run(sweeping.expire_reservations) == 0
    assert await world.services.run(partial(sweeping.stale_claims, limit=10)) == []


@pytest.mark.parametrize(
    ("channel", "result"),
    [(Channel.CALL, Result.SENT), (Channel.SMS, Result.CONNECTED)],
)
async def test_an_outcome_that_the_channel_cannot_have_is_refused(
    world: World, case: OpenCase, channel: Channel, result: Result
) -> None:
    key = await _taken(world, channel=channel)
    with pytest.raises(Pointless, match="outcome"):
        await _tell(world, key, result)


async def test_nobody_tells_of_anothers_slot_and_no_slot_is_there_without_a_case(
    world: World, case: OpenCase
) -> None:
    key = await _taken(world)
    with pytest.raises(Unknown):
        await _tell(world, key, Result.NOT_MADE, actor="dialler-2")
    with pytest.raises(Unknown):
        await _tell(world, "att-of-nobody", Result.NOT_MADE)
    with pytest.raises(Unknown):
        await _reserve(world, 2, loan_id=LoanId("L-nobody"))
    await world.execute("UPDATE collection_case SET closed_at = now(), closed_reason = 'cured'")
    refused = await _reserve(world, 3)
    assert isinstance(refused, Refused)
    assert refused.code == "case_closed"


async def test_a_person_who_called_takes_no_slot(world: World, case: OpenCase) -> None:
    request = await _request(world)
    for _ in range(2):
        await world.services.run(partial(reserving.note_inbound, request=request))
    assert await world.rows("SELECT state, inbound, case_id FROM contact_attempt") == [
        {"state": "connected", "inbound": True, "case_id": case.id}
    ]
    for wrong in ({"person_id": PersonId("C-nobody")}, {"loan_id": LoanId("L-nobody")}):
        with pytest.raises(Unknown):
            await world.services.run(partial(reserving.note_inbound, request=replace(request, **wrong)))


async def test_years_later_it_can_be_shown_why_it_was_allowed(world: World, case: OpenCase) -> None:
    await _taken(world)
    number = await world.scalar("SELECT id FROM step WHERE event = 'reserved'")
    async with world.services.database.reading() as tx:
        found = await explained(tx, CaseId(case.id), number=number)
    assert found.differs == []
    assert {check.question for check in found.explanation.checks} >= {"hours", "caps", "represented"}
    assert all(check.refusal is None for check in found.explanation.checks)


SAME = PersonId("C-both")


@pytest.fixture
async def agencies(world: World) -> tuple[str, str]:
    """Two diallers, each bound to one of two loans of one person."""
    actors = []
    for loan in ("L-1", "L-2"):
        await open_case(world, loan, days=5, person=SAME)
        issued = await world.services.run(partial(tokens.issue, role="dialler", name=loan))
        await world.services.run(partial(binding.bind, actor=issued.actor, more=Bound(loans=(LoanId(loan),))))
        actors.append(issued.actor)
    return actors[0], actors[1]


async def test_who_is_silent_keeps_one_slot_from_the_loan_of_another_agency_and_no_more(
    world: World, agencies: tuple[str, str]
) -> None:
    """China: three conversations a day with a person, for whichever loan."""
    mine, other = agencies
    named = {"person_id": SAME, "bound": True}
    first = await _taken(world, 1, actor=mine, **named)
    for number in range(2, 8):
        assert await _reserve(world, number, actor=mine, **named) == AnswerOwed(first)
    world.set_now(NOON + timedelta(hours=1))
    await world.services.run(sweeping.expire_reservations)
    assert await _reserve(world, 8, actor=mine, **named) == AnswerOwed(first), (
        "an hour later it owes it still"
    )
    assert await _states(world) == ["unknown"]
    for number in (11, 12):
        key = await _taken(world, number, actor=other, loan_id=LoanId("L-2"), **named)
        await _tell(world, key, Result.CONNECTED)
    refused = await _reserve(world, 13, actor=other, loan_id=LoanId("L-2"), **named)
    assert isinstance(refused, Refused)
    assert refused.code == "cap_reached", "a call that may have been made is counted for everybody"


@pytest.mark.parametrize("result", [Result.NOT_MADE, Result.UNKNOWN, Result.NOT_CONNECTED])
async def test_any_answer_lets_the_caller_go_on(world: World, case: OpenCase, result: Result) -> None:
    key = await _taken(world)
    world.set_now(NOON + timedelta(minutes=6))
    await world.services.run(sweeping.expire_reservations)
    assert await _reserve(world, 2, actor="dialler-1") == AnswerOwed(key)
    await _tell(world, key, result)
    assert isinstance(await _reserve(world, 2, actor="dialler-1"), Reservation)


async def test_what_is_owed_is_owed_under_each_token_of_the_person(world: World, case: OpenCase) -> None:
    one = await world.services.run(partial(tokens.issue, role="dialler", name="x"))
    two = await world.services.run(partial(tokens.issue, role="dialler", name="x", person=one.person))
    key = await _taken(world, actor=one.actor)
    assert await _reserve(world, 2, actor=two.actor) == AnswerOwed(key)
    assert isinstance(await _reserve(world, 3, actor=two.actor, channel=Channel.SMS), Reservation)


async def test_of_ten_requests_at_once_a_caller_gets_one_slot(world: World, case: OpenCase) -> None:
    answers = await asyncio.gather(*(_reserve(world, n, actor="dialler-1") for n in range(10)))
    assert sum(isinstance(answer, Reservation) for answer in answers) == 1
    assert await _states(world) == ["claimed"]


async def test_a_lead_answers_for_a_dialler_that_is_silent(world: World, case: OpenCase) -> None:
    key = await _taken(world)
    told = await _tell(world, key, Result.NOT_MADE, actor="lead-1", anybodys=True)
    assert told.state == "not_sent"
    assert await world.rows("SELECT actor FROM step WHERE event = 'attempt'") == [{"actor": "lead-1"}]


async def test_a_loan_that_is_not_its_own_is_to_a_dialler_as_if_there_were_none(
    world: World, agencies: tuple[str, str]
) -> None:
    mine, _ = agencies
    said = set()
    for loan in ("L-2", "L-nobody"):
        wrong = await _request(world, actor=mine, loan_id=LoanId(loan), person_id=SAME, bound=True)
        for use_case in (reserving.reserve, reserving.note_inbound):
            with pytest.raises(Unknown) as error:
                await world.services.run(partial(use_case, request=wrong))
            said.add(str(error.value))
    assert len(said) == 1, "whether there is such a loan is not told"
    assert await world.scalar("SELECT count(*) FROM contact_attempt") == 0


async def test_a_token_is_bound_by_its_lender_of_today_or_by_a_list_and_unbound_at_once(
    world: World, case: OpenCase
) -> None:
    actor = (await world.services.run(partial(tokens.issue, role="dialler", name="x"))).actor

    async def may() -> bool:
        try:
            answer = await _reserve(world, 1, actor=actor, bound=True)
        except Unknown:
            return False
        assert isinstance(answer, Reservation)
        await _tell(world, answer.id, Result.NOT_MADE)
        await world.execute("DELETE FROM contact_attempt")
        return True

    assert not await may(), "a token that is bound to nothing may ask about nothing"
    by_lender = Bound(lenders=("demo-auto-finance",))
    for _ in range(2):
        assert await world.services.run(partial(binding.bind, actor=actor, more=by_lender)) == by_lender
    assert await may()
    await world.execute("UPDATE loan SET lender = 'who-bought-it'")
    assert not await may()
    await world.services.run(partial(binding.bind, actor=actor, more=Bound(loans=(LoanId("L-1"),))))
    assert await may()
    await world.services.run(partial(binding.unbind, actor=actor, less=None))
    assert not await may()


async def test_what_cannot_be_bound_is_named_and_binds_nothing(world: World, case: OpenCase) -> None:
    actor = (await world.services.run(partial(tokens.issue, role="dialler", name="x"))).actor
    lead = (await world.services.run(partial(tokens.issue, role="lead", name="x"))).actor
    wrong: list[tuple[str, Bound, type[Exception], str]] = [
        ("dialler-nobody", Bound(), Unknown, "dialler-nobody"),
        (actor, Bound(lenders=("nobody",)), Unknown, "lender nobody"),
        (actor, Bound(loans=(LoanId("L-1"), LoanId("L-0"))), Unknown, "loan L-0"),
        (lead, Bound(loans=(LoanId("L-1"),)), Pointless, "every lender"),
    ]
    for who, more, error, named in wrong:
        with pytest.raises(error, match=named):
            await world.services.run(partial(binding.bind, actor=who, more=more))
    assert await world.scalar("SELECT count(*) FROM token_scope") == 0
