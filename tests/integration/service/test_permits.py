"""A permit between its issue and its use, and its recall: whatever dies, comes late, or comes twice."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from activities.handing_over import HandingOverActivities
from activities.locating import LocatingActivities
from activities.recalling import Recalls
from recourse.contracts.messages import StepCommand, StepResult
from recourse.domain.agreements import AgreementState, Part, PaymentPlan
from recourse.domain.ids import LoanId
from recourse.domain.situation import HoldReason
from recourse.gateways.legal_desk import HttpLegalDesk
from recourse.ports import NotHandedOver, RecallAnswer
from recourse.service import agreeing, handing_over, locating, noting, permits, recovering, withdrawing
from recourse.service.agreeing import Proposal
from recourse.service.noting import HoldRequest
from recourse.stack import StackAddresses
from recourse.storage.migrations.versions.v0007_permits import AT_THE_DESK
from tests.events import payment
from tests.fakes import FakeDesk
from tests.integration.conftest import World
from tests.integration.gateways.conftest import Steer, desk, entries  # noqa: F401 - fixture
from tests.integration.service.conftest import OpenCase, answered_by, approved, filed, open_case

PERMIT = (
    "SELECT state, recall_code, answer, ended_at IS NULL AS open, recall_tries FROM permit WHERE kind = :kind"
)
EARLIER = "UPDATE permit SET {0} = {0} - interval '1 day'"


async def _permit(world: World, kind: str = "legal") -> dict[str, Any]:
    [row] = await world.rows(PERMIT, kind=kind)
    return row


async def _pay(world: World, case: OpenCase) -> None:
    async with world.services.database.reading() as tx:
        now = await world.services.database.now(tx)
    await world.delivery.accept([payment(_loan(case), at=now)])


def _loan(case: OpenCase) -> str:
    return case.id.removeprefix("case-").removesuffix("-1")


async def _hold(world: World, case: OpenCase, reason: HoldReason = HoldReason.BANKRUPTCY) -> str:
    request = HoldRequest(reason, "lead-1", "test", loan_id=LoanId(_loan(case)))
    placed, _ = await world.services.run(partial(noting.place_hold, request=request))
    return placed.id


async def _claim(world: World, command: StepCommand) -> handing_over.Claimed:
    claimed = await world.services.run(partial(handing_over.claim, command=command))
    assert not isinstance(claimed, StepResult)
    return claimed


async def _use(world: World, command: StepCommand, permit: str) -> StepResult | None:
    return await world.services.run(partial(permits.use, command=command, permit_id=permit))


async def _sweep(world: World, office: HttpLegalDesk | FakeDesk, within: float = 5) -> int:
    return await Recalls(world.services, office, within).run(lambda: None)


async def _at_once(world: World) -> None:
    """The pause before the next try is over."""
    await world.execute(EARLIER.format("recall_next_at"))


def _recalls(stack: StackAddresses, case: OpenCase, *events: str) -> list[dict[str, Any]]:
    log = stack.end_logs["legal_desk"]
    return entries(log, *(events or ("recalled", "recall_repeated")), handover=f"handover-{case.id}")


@pytest.fixture
async def handed(world: World, office: HttpLegalDesk, demanded: OpenCase) -> OpenCase:
    """A case whose file the desk has and has acknowledged."""
    result = await HandingOverActivities(world.services, office).hand_over(await approved(world, demanded))
    assert result.code == "acknowledged"
    return demanded


async def test_a_handover_is_used_once_under_a_permit_that_names_its_rules_and_two_people(
    world: World, handed: OpenCase
) -> None:
    assert await _permit(world) == {
        "state": "used",
        "recall_code": None,
        "answer": "acknowledged",
        "open": True,
        "recall_tries": 0,
    }
    [row] = await world.rows(
        "SELECT proposed_by, approved_by, rules_digest, step_id FROM permit WHERE kind = 'legal'"
    )
    assert (row["proposed_by"], row["approved_by"], row["step_id"]) == ("legal-1", "lead-1", "handover")
    assert await world.scalar("SELECT count(*) FROM rule_set WHERE digest = :d", d=row["rules_digest"]) == 1
    checks = "SELECT c.answer FROM permit_check c JOIN permit p ON p.id = c.permit_id WHERE p.kind = 'legal'"
    assert await world.rows(checks) == [{"answer": "valid"}]


async def test_a_worker_that_dies_between_issue_and_use_is_followed_under_the_same_permit(
    world: World, stack: StackAddresses, office: HttpLegalDesk, demanded: OpenCase
) -> None:
    command = await approved(world, demanded)
    issued = (await _claim(world, command)).permit
    assert (await _permit(world))["state"] == "issued"
    await HandingOverActivities(world.services, office).hand_over(command)
    assert await world.scalar("SELECT id FROM permit WHERE kind = 'legal'") == issued
    claims = "SELECT count(*) FROM step WHERE event = 'claimed' AND step_id = 'handover'"
    assert await world.scalar(claims) == 1
    assert len(filed(stack, demanded)) == 1


@pytest.mark.parametrize("fact", ["payment", "hold"])
async def test_a_fact_between_issue_and_use_kills_the_permit_and_nothing_leaves(
    world: World, stack: StackAddresses, office: HttpLegalDesk, demanded: OpenCase, fact: str
) -> None:
    command = await approved(world, demanded)
    claimed = await _claim(world, command)
    await (_pay(world, demanded) if fact == "payment" else _hold(world, demanded))
    refused = await _use(world, command, claimed.permit)
    assert refused is not None
    assert (refused.outcome, refused.code) == ("stale", "permit_recalled")
    row = await _permit(world)
    why = {"payment": "nothing_overdue", "hold": "hold"}[fact]
    assert (row["state"], row["recall_code"], row["open"]) == ("recalled", why, False)
    assert await _sweep(world, office) == 0
    assert filed(stack, demanded) == _recalls(stack, demanded) == []


async def test_a_payment_while_the_file_is_on_its_way_recalls_it_at_the_desk(
    world: World, stack: StackAddresses, office: HttpLegalDesk, demanded: OpenCase
) -> None:
    """The worker dies between the use and the answer; the desk has the file, and we never hear so."""
    command = await approved(world, demanded)
    claimed = await _claim(world, command)
    assert await _use(world, command, claimed.permit) is None
    await office.hand_over(claimed.handover)
    await _pay(world, demanded)
    assert (await _permit(world))["open"]
    again = await HandingOverActivities(world.services, office).hand_over(command)
    assert (again.outcome, again.plan.kind) == ("stale", "close")
    assert await _sweep(world, office) == 1
    [asked] = _recalls(stack, demanded, "recalled")
    assert (asked["reason"], asked["answer"]) == ("nothing_overdue", "acknowledged")
    assert (await _permit(world))["state"] == "recall_acknowledged"


async def test_a_payment_after_the_answer_recalls_once_and_the_bank_is_told(
    world: World, stack: StackAddresses, office: HttpLegalDesk, handed: OpenCase
) -> None:
    await _pay(world, handed)
    assert await world.scalar("SELECT closed_reason FROM collection_case") == "cured"
    assert (await _permit(world))["open"]
    for _ in range(2):
        await _sweep(world, office)
        await _at_once(world)
    [asked] = _recalls(stack, handed)
    reference = await world.scalar("SELECT reference FROM legal_action")
    assert asked["reference"] == reference
    told = "SELECT data FROM outbox WHERE type = 'recourse.legal.recalled.v1'"
    assert await world.rows(told) == [
        {
            "data": {
                "loan_id": _loan(handed),
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
    await _pay(world, handed)
    key = await world.scalar("SELECT id FROM permit WHERE kind = 'legal'")
    asked = await world.services.run(partial(withdrawing.begin, permit_id=key))
    assert asked is not None
    await office.recall(asked)  # and here the worker dies
    assert await _sweep(world, office) == 0  # not at once: the next try was set before this one
    await _at_once(world)
    assert await _sweep(world, office) == 1
    events = _recalls(stack, handed)
    assert [e["event"] for e in events] == ["recalled", "recall_repeated"]
    assert {e["idempotency_key"] for e in events} == {f"recall-{key}"}
    assert (await _permit(world))["state"] == "recall_acknowledged"


async def test_a_desk_that_is_down_is_asked_until_it_answers_and_people_are_asked_when_it_does_not(
    world: World,
    stack: StackAddresses,
    office: HttpLegalDesk,
    handed: OpenCase,
    desk: Steer,  # noqa: F811 - the fixture
) -> None:
    await _pay(world, handed)
    await desk("outage", {"status": 503})
    for _ in range(3):
        assert await _sweep(world, office) == 0
        await _at_once(world)
    assert (await _permit(world))["recall_tries"] == 3
    asked = "SELECT kind, team, state FROM agent_task WHERE kind = 'check_recall'"
    assert await world.rows(asked) == []
    await world.execute(EARLIER.format("recall_since"))
    for _ in range(2):
        await _sweep(world, office)
    assert await world.rows(asked) == [{"kind": "check_recall", "team": "legal", "state": "open"}]
    await desk("outage", {"status": None})
    await _at_once(world)
    assert await _sweep(world, office) == 1
    assert await world.rows(asked) == [{"kind": "check_recall", "team": "legal", "state": "cancelled"}]
    assert len(_recalls(stack, handed, "recalled")) == 1


async def test_a_desk_that_hangs_is_left_at_the_first_file(world: World, handed: OpenCase) -> None:
    class Hanging(FakeDesk):
        async def recall(self, recall: Any) -> Any:
            self.recalls.append(recall)
            await asyncio.Event().wait()

    await _pay(world, handed)
    hanging = Hanging()
    assert await asyncio.wait_for(_sweep(world, hanging, within=0.2), 10) == 0
    assert len(hanging.recalls) == 1
    assert (await _permit(world))["open"]


async def test_a_file_that_the_desk_never_got_is_given_back_once_it_cannot_come_any_more(
    world: World, stack: StackAddresses, office: HttpLegalDesk, demanded: OpenCase
) -> None:
    command = await approved(world, demanded)
    claimed = await _claim(world, command)
    assert await _use(world, command, claimed.permit) is None
    await _pay(world, demanded)
    assert await _sweep(world, office) == 1
    assert (await _permit(world))["open"]  # it may be on its way still
    await world.execute(EARLIER.format("called_at"))
    await _at_once(world)
    await _sweep(world, office)
    assert (await _permit(world))["state"] == "recall_acknowledged"
    assert await world.scalar("SELECT count(*) FROM outbox WHERE type LIKE 'recourse.legal.%'") == 0
    with pytest.raises(Exception, match="legal_desk_410"):  # and if it came all the same
        await office.hand_over(claimed.handover)
    assert filed(stack, demanded) == []


async def test_a_desk_that_knows_nothing_of_a_file_it_acknowledged_is_a_matter_for_people(
    world: World, office: HttpLegalDesk, handed: OpenCase
) -> None:
    await _pay(world, handed)
    key = await world.scalar("SELECT id FROM permit WHERE kind = 'legal'")
    unknown = RecallAnswer.UNKNOWN
    await world.services.run(partial(withdrawing.heard, permit_id=key, answer=unknown))
    assert (await _permit(world))["state"] == "recall_failed"
    assert await world.scalar("SELECT count(*) FROM agent_task WHERE kind = 'check_recall'") == 1


async def test_a_desk_that_answers_later_does_so_by_its_status_and_twice_is_harmless(
    world: World,
    stack: StackAddresses,
    office: HttpLegalDesk,
    handed: OpenCase,
    desk: Steer,  # noqa: F811 - the fixture
) -> None:
    await _pay(world, handed)
    await desk("recalls", {"answer": "pending"})
    try:
        assert await _sweep(world, office) == 1
    finally:
        await desk("recalls", {"answer": "acknowledged"})
    assert (await _permit(world))["open"]
    [file] = filed(stack, handed)
    async with world.services.database.reading() as tx:
        now = await world.services.database.now(tx)
    for number in (1, 1, 2):
        tell = partial(noting.note_legal_status, reference=file["reference"], status="recalled", at=now)
        await world.services.run(partial(tell, status_id=f"{file['reference']}-{number}"))
    assert (await _permit(world))["state"] == "recall_acknowledged"
    assert await world.scalar("SELECT count(*) FROM outbox WHERE type = 'recourse.legal.recalled.v1'") == 1
    await _at_once(world)
    assert await _sweep(world, office) == 0


async def test_too_late_is_a_question_to_our_lawyers_who_may_answer_after_the_case_has_closed(
    world: World,
    office: HttpLegalDesk,
    handed: OpenCase,
    desk: Steer,  # noqa: F811 - the fixture
) -> None:
    await _pay(world, handed)
    await desk("recalls", {"answer": "too_late"})
    try:
        await _sweep(world, office)
    finally:
        await desk("recalls", {"answer": "acknowledged"})
    assert (await _permit(world))["state"] == "recall_failed"
    task = await world.scalar("SELECT id FROM agent_task WHERE kind = 'check_recall'")
    assert (await answered_by(world, task, "legal-2", "legal", "recalled")).accepted
    assert (await _permit(world))["state"] == "recall_acknowledged"


async def test_a_file_that_was_recalled_is_not_handed_over_again_when_the_hold_is_lifted(
    world: World, stack: StackAddresses, office: HttpLegalDesk, handed: OpenCase
) -> None:
    hold = await _hold(world, handed, HoldReason.DISPUTE)
    assert await _sweep(world, office) == 1
    await world.services.run(partial(noting.lift_hold, key=hold, actor="lead-1"))
    assert (await handed.decide()).step_id is None
    ends = "SELECT outcome, code FROM step WHERE step_id = 'handover' AND event = 'outcome' ORDER BY id"
    assert (await world.rows(ends))[-1] == {"outcome": "declined", "code": "recalled"}
    assert len(filed(stack, handed)) == 1


async def test_a_file_that_comes_to_the_desk_after_its_recall_was_settled_is_asked_back_again(
    world: World, stack: StackAddresses, office: HttpLegalDesk, demanded: OpenCase
) -> None:
    """Of a desk that does not bar a key it was asked about."""
    command = await approved(world, demanded)
    claimed = await _claim(world, command)
    assert await _use(world, command, claimed.permit) is None
    await _pay(world, demanded)
    await world.execute(EARLIER.format("called_at"))
    await _sweep(world, office)
    late = partial(handing_over.acknowledge, command=command, key=claimed.handover.key, reference="LD-late")
    await world.services.run(late)
    assert await _permit(world) == {
        "state": "recalled",
        "recall_code": "nothing_overdue",
        "answer": "acknowledged",
        "open": True,
        "recall_tries": 1,
    }


async def test_recall_and_use_at_the_same_moment_are_one_after_the_other(
    world: World, stack: StackAddresses, office: HttpLegalDesk, demanded: OpenCase
) -> None:
    command = await approved(world, demanded)
    claimed = await _claim(world, command)
    async with world.busy("loan", _loan(demanded)):
        paying = asyncio.create_task(_pay(world, demanded))
        using = asyncio.create_task(_use(world, command, claimed.permit))
        await world.waiting(2)
    refused, _ = await asyncio.gather(using, paying)
    row = await _permit(world)
    if refused is None:  # the use was first: the payment saw it, and the desk is asked
        assert (row["state"], row["open"]) == ("recalled", True)
    else:
        assert (refused.code, row["state"], row["open"]) == ("permit_recalled", "recalled", False)


async def test_what_the_desk_has_brought_to_its_end_is_not_recalled(world: World, handed: OpenCase) -> None:
    reference = await world.scalar("SELECT reference FROM legal_action")
    async with world.services.database.reading() as tx:
        now = await world.services.database.now(tx)
    tell = partial(noting.note_legal_status, reference=reference, status="enforced", at=now)
    await world.services.run(partial(tell, status_id=f"{reference}-enforced"))
    row = await _permit(world)
    assert (row["state"], row["recall_code"], row["open"]) == ("used", None, False)


async def test_an_operators_recall_before_the_use_declines_the_step(
    world: World, stack: StackAddresses, office: HttpLegalDesk, demanded: OpenCase
) -> None:
    command = await approved(world, demanded)
    claimed = await _claim(world, command)
    recall = partial(recovering.recall_by_hand, permit_id=claimed.permit, code="press", actor="lead-9")
    row, _ = await world.services.run(recall)
    again, nudges = await world.services.run(recall)
    assert (row.state, again.state, nudges) == ("recalled", "recalled", ())
    result = await HandingOverActivities(world.services, office).hand_over(command)
    assert result.outcome == "stale"
    assert filed(stack, demanded) == []


async def test_a_payment_between_permit_and_reading_leaves_the_tracker_unasked(world: World) -> None:
    case = await open_case(world, days=61, device="DEMO-CN-31")
    plan = await case.reach("locate_vehicle")
    command = StepCommand(case.id, "locate_vehicle", plan.number)
    permit = await world.services.run(partial(locating.permit, command=command))
    assert not isinstance(permit, StepResult)
    await _pay(world, case)
    refused = await _use(world, command, permit.id)
    assert refused is not None
    assert refused.code == "permit_recalled"
    assert (await _permit(world, "locate"))["state"] == "recalled"


async def test_a_tracker_that_is_down_is_asked_again_under_the_same_permit_which_ends_with_its_answer(
    world: World,
) -> None:
    class Tracker:
        down = True

        async def locate(self, device_id: str) -> None:
            if self.down:
                raise NotHandedOver("traccar: down")

    case = await open_case(world, days=61, device="DEMO-CN-31")
    plan = await case.reach("locate_vehicle")
    command, tracker = StepCommand(case.id, "locate_vehicle", plan.number), Tracker()
    with pytest.raises(ApplicationError):
        await LocatingActivities(world.services, tracker).locate(command)
    tracker.down = False
    await LocatingActivities(world.services, tracker).locate(command)
    row = await _permit(world, "locate")
    assert (row["state"], row["answer"], row["open"]) == ("used", "no_fix", False)
    assert await world.scalar("SELECT count(*) FROM permit_check") == 2


async def test_what_was_handed_over_before_there_were_permits_can_be_recalled_too(
    world: World, stack: StackAddresses, office: HttpLegalDesk, handed: OpenCase
) -> None:
    await world.execute("DELETE FROM permit_check")
    await world.execute("DELETE FROM permit")
    await world.execute(AT_THE_DESK)
    await _pay(world, handed)
    assert await _sweep(world, office) == 1
    assert (await _permit(world))["state"] == "recall_acknowledged"
    assert len(_recalls(stack, handed, "recalled")) == 1


async def test_an_agreement_that_comes_into_force_recalls_what_cannot_be_taken_back(
    world: World, demanded: OpenCase
) -> None:
    """No row of a hold says so: the gate does."""
    await _claim(world, await approved(world, demanded))
    async with world.services.database.reading() as tx:
        today = (await world.services.database.now(tx)).date()
    plan = PaymentPlan((Part(today + timedelta(days=20), 352_017),))
    asked = Proposal(demanded.id, plan, "agent-1", "agent")
    row, _ = await world.services.run(partial(agreeing.propose, proposal=asked))
    assert row.state is AgreementState.ACTIVE
    permit = await _permit(world)
    assert (permit["state"], permit["recall_code"]) == ("recalled", "agreement_in_force")
