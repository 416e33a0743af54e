"""Recalls of permits that somebody has: asked for until acknowledged, whatever dies or comes late."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from activities.handing_over import HandingOverActivities
from recourse.domain.agreements import AgreementState, Part, PaymentPlan
from recourse.domain.situation import HoldReason
from recourse.gateways.legal_desk import HttpLegalDesk
from recourse.ports import RecallAnswer
from recourse.service import agreeing, desk_statuses, handing_over, noting, withdrawing
from recourse.service.agreeing import Proposal
from recourse.service.desk_statuses import Status
from recourse.stack import StackAddresses
from recourse.storage.migrations.versions.v0007_permits import AT_THE_DESK
from tests.fakes import FakeDesk
from tests.integration.conftest import World
from tests.integration.gateways.conftest import Steer, desk, entries  # noqa: F401 - fixture
from tests.integration.service.conftest import OpenCase, answered_by, approved, filed
from tests.integration.service.permitted import (
    EARLIER,
    at_once,
    claim,
    hold,
    loan_of,
    pay,
    permit_of,
    recalls,
    sweep,
    use,
)


async def test_a_payment_while_the_file_is_on_its_way_recalls_it_at_the_desk(
    world: World, stack: StackAddresses, office: HttpLegalDesk, demanded: OpenCase
) -> None:
    """The worker dies between the use and the answer; the desk has the file, and we never hear so."""
    command = await approved(world, demanded)
    claimed = await claim(world, command)
    assert await use(world, command, claimed.permit) is None
    await office.hand_over(claimed.handover)
    await pay(world, demanded)
    assert (await permit_of(world))["open"]
    again = await HandingOverActivities(world.services, office).hand_over(command)
    assert (again.outcome, again.plan.kind) == ("stale", "close")
    assert await sweep(world, office) == 1
    [asked] = recalls(stack, demanded, "recalled")
    assert (asked["reason"], asked["answer"]) == ("nothing_overdue", "acknowledged")
    assert (await permit_of(world))["state"] == "recall_acknowledged"


async def test_a_payment_after_the_answer_recalls_once_and_the_bank_is_told(
    world: World, stack: StackAddresses, office: HttpLegalDesk, handed: OpenCase
) -> None:
    await pay(world, handed)
    assert await world.scalar("SELECT closed_reason FROM collection_case") == "cured"
    assert (await permit_of(world))["open"]
    for _ in range(2):
        await sweep(world, office)
        await at_once(world)
    [asked] = recalls(stack, handed)
    reference = await world.scalar("SELECT reference FROM legal_action")
    assert asked["reference"] == reference
    told = "SELECT data FROM outbox WHERE type = 'recourse.legal.recalled.v1'"
    assert await world.rows(told) == [
        {
            "data": {
                "loan_id": loan_of(handed),
                "episode": 1,
                "reference": reference,
                "reason": "nothing_overdue",
            }
        }
    ]
    events = "SELECT event, code FROM step WHERE event LIKE '%recall%' ORDER BY id"
    assert [tuple(row.values()) for row in await world.rows(events)] == [
        ("permit_recalled", "nothing_overdue"),
        ("recall_acknowledged", "acknowledged"),
    ]


async def test_a_crash_after_the_desks_answer_repeats_the_recall_under_the_same_key(
    world: World, stack: StackAddresses, office: HttpLegalDesk, handed: OpenCase
) -> None:
    await pay(world, handed)
    key = await world.scalar("SELECT id FROM permit WHERE kind = 'legal'")
    asked = await world.services.run(partial(withdrawing.begin, permit_id=key))
    assert asked is not None
    await office.recall(asked)  # and here the worker dies
    assert await sweep(world, office) == 0  # not at once: the next try was set before this one
    await at_once(world)
    assert await sweep(world, office) == 1
    events = recalls(stack, handed)
    assert [e["event"] for e in events] == ["recalled", "recall_repeated"]
    assert {e["idempotency_key"] for e in events} == {f"recall-{key}"}
    assert (await permit_of(world))["state"] == "recall_acknowledged"


async def test_a_desk_that_is_down_is_asked_until_it_answers_and_people_are_asked_when_it_does_not(
    world: World,
    stack: StackAddresses,
    office: HttpLegalDesk,
    handed: OpenCase,
    desk: Steer,  # noqa: F811 - the fixture
) -> None:
    await pay(world, handed)
    await desk("outage", {"status": 503})
    for _ in range(3):
        assert await sweep(world, office) == 0
        await at_once(world)
    assert (await permit_of(world))["recall_tries"] == 3
    asked = "SELECT kind, team, state FROM agent_task WHERE kind = 'check_recall'"
    assert await world.rows(asked) == []
    await world.execute(EARLIER.format("recall_since"))
    for _ in range(2):
        await sweep(world, office)
    assert await world.rows(asked) == [{"kind": "check_recall", "team": "legal", "state": "open"}]
    await desk("outage", {"status": None})
    await at_once(world)
    assert await sweep(world, office) == 1
    assert await world.rows(asked) == [{"kind": "check_recall", "team": "legal", "state": "cancelled"}]
    assert len(recalls(stack, handed, "recalled")) == 1


async def test_a_desk_that_hangs_is_left_at_the_first_file(world: World, handed: OpenCase) -> None:
    class Hanging(FakeDesk):
        async def recall(self, recall: Any) -> Any:
            self.recalls.append(recall)
            await asyncio.Event().wait()

    await pay(world, handed)
    hanging = Hanging()
    assert await asyncio.wait_for(sweep(world, hanging, within=0.2), 10) == 0
    assert len(hanging.recalls) == 1
    assert (await permit_of(world))["open"]


async def test_a_file_that_the_desk_never_got_is_given_back_once_it_cannot_come_any_more(
    world: World, stack: StackAddresses, office: HttpLegalDesk, demanded: OpenCase
) -> None:
    command = await approved(world, demanded)
    claimed = await claim(world, command)
    assert await use(world, command, claimed.permit) is None
    await pay(world, demanded)
    assert await sweep(world, office) == 1
    assert (await permit_of(world))["open"]  # it may be on its way still
    await world.execute(EARLIER.format("called_at"))
    await at_once(world)
    await sweep(world, office)
    assert (await permit_of(world))["state"] == "recall_acknowledged"
    assert await world.scalar("SELECT count(*) FROM outbox WHERE type LIKE 'recourse.legal.%'") == 0
    with pytest.raises(Exception, match="legal_desk_410"):  # and if it came all the same
        await office.hand_over(claimed.handover)
    assert filed(stack, demanded) == []


async def test_a_desk_that_knows_nothing_of_a_file_it_acknowledged_is_a_matter_for_people(
    world: World, office: HttpLegalDesk, handed: OpenCase
) -> None:
    await pay(world, handed)
    key = await world.scalar("SELECT id FROM permit WHERE kind = 'legal'")
    unknown = RecallAnswer.UNKNOWN
    await world.services.run(partial(withdrawing.heard, permit_id=key, answer=unknown))
    assert (await permit_of(world))["state"] == "recall_failed"
    assert await world.scalar("SELECT count(*) FROM agent_task WHERE kind = 'check_recall'") == 1


async def test_a_desk_that_answers_later_does_so_by_its_status_and_twice_is_harmless(
    world: World,
    stack: StackAddresses,
    office: HttpLegalDesk,
    handed: OpenCase,
    desk: Steer,  # noqa: F811 - the fixture
) -> None:
    await pay(world, handed)
    await desk("recalls", {"answer": "pending"})
    try:
        assert await sweep(world, office) == 1
    finally:
        await desk("recalls", {"answer": "acknowledged"})
    assert (await permit_of(world))["open"]
    [file] = filed(stack, handed)
    async with world.services.database.reading() as tx:
        now = await world.services.database.now(tx)
    for number in (1, 1, 2):
        told = Status(file["reference"], f"{file['reference']}-{number}", "recalled", now)
        await world.services.run(partial(desk_statuses.note_legal_status, told=told))
    assert (await permit_of(world))["state"] == "recall_acknowledged"
    assert await world.scalar("SELECT count(*) FROM outbox WHERE type = 'recourse.legal.recalled.v1'") == 1
    await at_once(world)
    assert await sweep(world, office) == 0


async def test_too_late_is_a_question_to_our_lawyers_who_may_answer_after_the_case_has_closed(
    world: World,
    office: HttpLegalDesk,
    handed: OpenCase,
    desk: Steer,  # noqa: F811 - the fixture
) -> None:
    await pay(world, handed)
    await desk("recalls", {"answer": "too_late"})
    try:
        await sweep(world, office)
    finally:
        await desk("recalls", {"answer": "acknowledged"})
    assert (await permit_of(world))["state"] == "recall_failed"
    task = await world.scalar("SELECT id FROM agent_task WHERE kind = 'check_recall'")
    assert (await answered_by(world, task, "legal-2", "legal", "recalled")).accepted
    assert (await permit_of(world))["state"] == "recall_acknowledged"


async def test_a_file_that_was_recalled_is_not_handed_over_again_when_the_hold_is_lifted(
    world: World, stack: StackAddresses, office: HttpLegalDesk, handed: OpenCase
) -> None:
    placed = await hold(world, handed, HoldReason.DISPUTE)
    assert await sweep(world, office) == 1
    await world.services.run(partial(noting.lift_hold, key=placed, actor="lead-1"))
    assert (await handed.decide()).step_id is None
    ends = "SELECT outcome, code FROM step WHERE step_id = 'handover' AND event = 'outcome' ORDER BY id"
    assert (await world.rows(ends))[-1] == {"outcome": "declined", "code": "recalled"}
    assert len(filed(stack, handed)) == 1


async def test_a_file_that_comes_to_the_desk_after_its_recall_was_settled_is_asked_back_again(
    world: World, stack: StackAddresses, office: HttpLegalDesk, demanded: OpenCase
) -> None:
    """Of a desk that does not bar a key it was asked about."""
    command = await approved(world, demanded)
    claimed = await claim(world, command)
    assert await use(world, command, claimed.permit) is None
    await pay(world, demanded)
    await world.execute(EARLIER.format("called_at"))
    await sweep(world, office)
    late = partial(handing_over.acknowledge, command=command, key=claimed.handover.key, reference="LD-late")
    await world.services.run(late)
    assert await permit_of(world) == {
        "state": "recalled",
        "recall_code": "nothing_overdue",
        "answer": "acknowledged",
        "open": True,
        "recall_tries": 1,
    }


async def test_what_the_desk_has_brought_to_its_end_is_not_recalled(world: World, handed: OpenCase) -> None:
    reference = await world.scalar("SELECT reference FROM legal_action")
    async with world.services.database.reading() as tx:
        now = await world.services.database.now(tx)
    told = Status(reference, f"{reference}-concluded", "concluded", now)
    await world.services.run(partial(desk_statuses.note_legal_status, told=told))
    row = await permit_of(world)
    assert (row["state"], row["recall_code"], row["open"]) == ("used", None, False)


async def test_what_was_handed_over_before_there_were_permits_can_be_recalled_too(
    world: World, stack: StackAddresses, office: HttpLegalDesk, handed: OpenCase
) -> None:
    await world.execute("DELETE FROM permit_check")
    await world.execute("DELETE FROM permit")
    await world.execute(AT_THE_DESK)
    await pay(world, handed)
    assert await sweep(world, office) == 1
    assert (await permit_of(world))["state"] == "recall_acknowledged"
    assert len(recalls(stack, handed, "recalled")) == 1


async def test_an_agreement_that_comes_into_force_recalls_what_cannot_be_taken_back(
    world: World, demanded: OpenCase
) -> None:
    """No row of a hold says so: the gate does."""
    await claim(world, await approved(world, demanded))
    async with world.services.database.reading() as tx:
        today = (await world.services.database.now(tx)).date()
    plan = PaymentPlan((Part(today + timedelta(days=20), 352_017),))
    asked = Proposal(demanded.id, plan, "agent-1", "agent")
    row, _ = await world.services.run(partial(agreeing.propose, proposal=asked))
    assert row.state is AgreementState.ACTIVE
    permit = await permit_of(world)
    assert (permit["state"], permit["recall_code"]) == ("recalled", "agreement_in_force")
