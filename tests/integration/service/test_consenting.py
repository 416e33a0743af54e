"""Consent with its proof, and the one way a request to stop ends: the person agrees anew, and later."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from activities.reminding import RemindingActivities
from recourse.contracts.events import BankEvent, parse_line, to_line
from recourse.contracts.messages import Nudge, StepCommand
from recourse.domain.consents import Way
from recourse.domain.ids import CaseId, ContactPointId, LoanId, PersonId
from recourse.domain.situation import Channel, ContactPoint
from recourse.service import ceasing, consenting
from recourse.service.ceasing import CeaseRequest
from recourse.service.consenting import Statement
from recourse.service.noting import Pointless, RequestReused, Unknown
from recourse.storage.consents import ConsentRow
from recourse.storage.dossier import dossier_document
from recourse.storage.situation import gather
from tests.events import snapshot
from tests.fakes import FakeMessenger
from tests.integration.conftest import World
from tests.integration.service.conftest import NOON, OpenCase, open_case

PERSON = PersonId("C-L-1")
HOUR = timedelta(hours=1)


async def _mobile(world: World) -> ContactPointId:
    return ContactPointId(await world.scalar("SELECT id FROM contact_point WHERE kind = 'mobile'"))


async def _said(world: World, **changes: Any) -> Statement:
    said = Statement(PERSON, await _mobile(world), Channel.SMS, Way.LETTER, "letter-9", "lead-1")
    return replace(said, **changes)


async def _give(world: World, **changes: Any) -> tuple[ConsentRow, tuple[Nudge, ...]]:
    return await world.services.run(partial(consenting.give, said=await _said(world, **changes)))


async def _withdraw(world: World, **changes: Any) -> ConsentRow:
    return (await world.services.run(partial(consenting.withdraw, said=await _said(world, **changes))))[0]


async def _cease(world: World, *channels: Channel) -> None:
    request = CeaseRequest(frozenset(channels or Channel), "agent-1", "letter-7", person_id=PERSON)
    await world.services.run(partial(ceasing.cease, request=request))


async def _point(world: World, kind: str = "mobile") -> ContactPoint:
    async with world.services.database.reading() as tx:
        case = await gather(tx, CaseId("case-L-1-1"), await world.services.database.now(tx))
    borrower = case.situation.borrower()
    assert borrower is not None
    return next(p for p in borrower.contact_points if p.kind == kind)


async def _remind(world: World, case: OpenCase) -> tuple[str, int]:
    """How a text that is due now ends, and how many were sent."""
    plan, messenger = await case.plan(), FakeMessenger()
    activities = RemindingActivities(world.services, {Channel.SMS: messenger, Channel.EMAIL: messenger})
    result = await activities.send_reminder(StepCommand(case.id, "sms_friendly", plan.number))
    return result.outcome, len(messenger.sent)


def _stated(at: datetime, sequence: int, *proofs: dict[str, Any], **values: Any) -> BankEvent:
    """A snapshot with proofs on the mobile."""
    envelope = json.loads(to_line(snapshot("L-1", at=at, sequence=sequence, **values)))
    envelope["id"] = f"stated-{sequence}"
    for point in envelope["data"]["borrower"]["contact_points"]:
        if point["kind"] == "mobile":
            point["consents"] = list(proofs)
    return parse_line(json.dumps(envelope))


def _proof(given_at: datetime, source: str = "contract-1", **more: Any) -> dict[str, Any]:
    return {"channel": "sms", "given_at": given_at.isoformat(), "way": "contract", "source": source} | more


@pytest.fixture
async def case(world: World) -> OpenCase:
    return await open_case(world)


async def test_a_request_to_stop_ends_by_a_later_consent_there_and_the_text_goes_out(
    world: World, case: OpenCase
) -> None:
    plan = await case.reach("sms_friendly")
    await _cease(world)
    due = plan.due_at or NOON
    world.set_now(due + timedelta(minutes=1))
    _, nudges = await _give(world)
    assert [nudge.kinds for nudge in nudges] == [("consent_given",)]
    assert (await case.plan()).step_id == "sms_friendly"
    assert await _remind(world, case) == ("done", 1)
    assert (await _point(world, "email")).proved == frozenset(), "the mailbox stays closed"
    assert await world.scalar("SELECT ceased FROM party WHERE id = 'C-L-1'") == sorted(Channel)


@pytest.mark.parametrize("later", [timedelta(), -timedelta(days=30)])
async def test_a_consent_that_is_no_later_than_the_request_frees_nothing_however_late_it_is_noted(
    world: World, case: OpenCase, later: timedelta
) -> None:
    await _cease(world, Channel.SMS)
    ceased = await world.scalar("SELECT occurred_at FROM fact WHERE kind = 'cease'")
    world.set_now(NOON + 2 * HOUR)
    with pytest.raises(Pointless, match="asked us to stop"):
        await _give(world, at=ceased + later)
    assert await world.scalar("SELECT count(*) FROM consent") == 0
    await _give(world, at=ceased + timedelta(microseconds=1))
    assert (await _point(world)).proved == {Channel.SMS}


async def test_a_second_request_to_stop_ends_the_new_consent_too(world: World, case: OpenCase) -> None:
    await _cease(world, Channel.SMS)
    world.set_now(NOON + HOUR)
    await _give(world)
    world.set_now(NOON + 2 * HOUR)
    await _cease(world, Channel.SMS)
    assert (await _point(world)).proved == frozenset()
    rows = await world.rows("SELECT withdrawn_way, withdrawn_source, withdrawn_by FROM consent")
    assert rows == [{"withdrawn_way": "cease", "withdrawn_source": "letter-7", "withdrawn_by": "agent-1"}]


async def test_what_the_bank_lists_without_a_day_ends_no_request_and_undoes_no_withdrawal(
    world: World, case: OpenCase
) -> None:
    await _withdraw(world, way=Way.CALL, source="rec-1", actor="agent-1")
    assert Channel.SMS not in (await _point(world)).consent
    assert Channel.CALL in (await _point(world)).consent, "only this channel"
    world.set_now(NOON + HOUR)
    await world.delivery.accept([snapshot("L-1", at=NOON + HOUR, sequence=9)])
    assert Channel.SMS not in (await _point(world)).consent
    assert await _remind(world, case) == ("stale", 0)
    await _give(world)
    assert Channel.SMS in (await _point(world)).consent


async def test_the_bank_states_a_consent_given_anew_with_its_day_and_ends_the_request(
    world: World, case: OpenCase
) -> None:
    await case.reach("sms_friendly")
    await _cease(world)
    at = NOON + timedelta(days=1)
    world.set_now(at)
    await world.delivery.accept([_stated(at, 9, _proof(at - HOUR, "form-3", way="form"))])
    assert (await _point(world)).proved == {Channel.SMS}
    assert (await case.decide()).step_id == "sms_friendly"
    rows = await world.rows("SELECT channel, way, source, noted_by, withdrawn_at FROM consent")
    assert rows == [
        {"channel": "sms", "way": "form", "source": "form-3", "noted_by": "bank", "withdrawn_at": None}
    ]


async def test_an_old_consent_that_the_bank_states_after_the_request_is_kept_and_frees_nothing(
    world: World, case: OpenCase
) -> None:
    await _cease(world, Channel.SMS)
    at = NOON + timedelta(days=1)
    world.set_now(at)
    for sequence in (9, 10):
        await world.delivery.accept([_stated(at, sequence, _proof(NOON - timedelta(days=300)))])
    assert (await _point(world)).proved == frozenset()
    assert await world.rows("SELECT source, withdrawn_way FROM consent") == [
        {"source": "contract-1", "withdrawn_way": "overtaken"}
    ]


async def test_the_banks_proof_ends_with_its_withdrawal_or_when_it_is_stated_no_more(
    world: World, case: OpenCase
) -> None:
    given = NOON - timedelta(days=300)
    steps: list[tuple[int, list[dict[str, Any]], bool, frozenset[Channel]]] = [
        (3, [_proof(given)], False, frozenset({Channel.SMS})),
        (4, [], False, frozenset()),
        (5, [_proof(given)], False, frozenset({Channel.SMS})),
        (6, [_proof(given, withdrawn_at=NOON.isoformat(), withdrawn_way="app")], True, frozenset()),
        (7, [_proof(given)], True, frozenset()),
        (8, [_proof(given), _proof(NOON + 7 * HOUR, "form-2")], True, frozenset({Channel.SMS})),
    ]
    for number, (sequence, proofs, listed, proved) in enumerate(steps, 1):
        at = NOON + timedelta(hours=number + 5)
        world.set_now(at)
        await world.delivery.accept([_stated(at, sequence, *proofs, consent=listed)])
        point = await _point(world)
        assert point.proved == proved, f"snapshot {sequence}"
        assert (Channel.SMS in point.consent) is bool(proved), f"snapshot {sequence}"


async def test_a_consent_that_a_lead_noted_outlasts_the_snapshots_that_do_not_know_of_it(
    world: World, case: OpenCase
) -> None:
    await _give(world)
    world.set_now(NOON + HOUR)
    await world.delivery.accept([_stated(NOON + HOUR, 9, consent=False)])
    assert (await _point(world)).consent == {Channel.SMS}


async def test_a_snapshot_with_a_consent_from_the_future_is_a_dead_letter(
    world: World, case: OpenCase
) -> None:
    accepted = await world.delivery.accept([_stated(NOON, 9, _proof(NOON + HOUR))])
    [reason] = accepted.refused.values()
    assert "consents" in reason
    assert await world.scalar("SELECT count(*) FROM consent") == 0


async def test_the_same_request_is_one_consent_and_another_under_its_id_is_refused(
    world: World, case: OpenCase
) -> None:
    rows = await asyncio.gather(*(_give(world, request_id="r-1", at=NOON - HOUR) for _ in range(4)))
    assert {row.id for row, _ in rows} == {"consent-r-1"}
    same = (await _give(world, request_id="r-2", at=NOON - HOUR))[0]
    assert same.id == "consent-r-1", "the same proof under another request is the same consent"
    with pytest.raises(RequestReused):
        await _give(world, request_id="r-1", at=NOON - HOUR, source="letter-10")
    assert await world.scalar("SELECT count(*) FROM consent") == 1


async def test_a_withdrawal_older_than_a_consent_does_not_end_it(world: World, case: OpenCase) -> None:
    await _give(world, at=NOON - HOUR)
    await _withdraw(world, at=NOON - 2 * HOUR, source="letter-8")
    assert (await _point(world)).proved == {Channel.SMS}
    world.set_now(NOON + HOUR)
    with pytest.raises(Pointless, match="took it back"):
        await _give(world, at=NOON - 3 * HOUR, source="letter-6")


async def test_what_cannot_be_meant_is_named_and_notes_nothing(world: World, case: OpenCase) -> None:
    wrong: list[tuple[dict[str, Any], type[Exception], str]] = [
        ({"person_id": PersonId("C-nobody")}, Unknown, "person"),
        ({"contact_point_id": ContactPointId("cp-nobody")}, Unknown, "contact_point"),
        ({"at": NOON + HOUR}, Pointless, "lies ahead"),
        ({"at": NOON.replace(year=1900)}, Pointless, "fifty years"),
    ]
    for changes, error, named in wrong:
        for use_case in (consenting.give, consenting.withdraw):
            with pytest.raises(error, match=named):
                await world.services.run(partial(use_case, said=await _said(world, **changes)))
    assert await world.scalar("SELECT count(*) FROM consent") == 0


async def test_the_dossier_shows_each_consent_with_its_proof_and_end(world: World, case: OpenCase) -> None:
    await _give(world)
    world.set_now(NOON + HOUR)
    await _withdraw(world, way=Way.CALL, source="rec-1")
    async with world.services.database.reading() as tx:
        document = await dossier_document(tx, LoanId("L-1"))
    [person] = document["borrower"]["people"]
    kept = [one for point in person["contact_points"] for one in point["consents"]]
    told = [
        (one.get("way"), one.get("source"), one["withdrawn_way"], one["withdrawn_source"]) for one in kept
    ]
    assert told == [("letter", "letter-9", "call", "rec-1"), (None, None, "call", "rec-1")]
    lines = await world.rows("SELECT event, code, actor FROM step WHERE event LIKE 'consent%' ORDER BY id")
    assert [tuple(line.values()) for line in lines] == [
        ("consent_given", "sms", "lead-1"),
        ("consent_withdrawn", "sms", "lead-1"),
    ]
