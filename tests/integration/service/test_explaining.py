"""Any decision can be explained later, and made again it is the same; one that is not is reported."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import insert

from activities.reminding import RemindingActivities
from recourse.contracts.messages import StepCommand
from recourse.domain.ids import CaseId, LoanId
from recourse.domain.law.verdict import Allowed, RefusalCode, Refused
from recourse.domain.situation import Channel, HoldReason
from recourse.packs.record import digest_of
from recourse.reading.explaining import Explained, NothingToExplain, explained
from recourse.service import noting
from recourse.service.noting import HoldRequest
from recourse.storage.tables import rule_set
from tests.events import payment
from tests.fakes import FakeMessenger
from tests.integration.conftest import World
from tests.integration.service.conftest import NOON, OpenCase, answer, open_case, open_task
from tests.integration.service.selling import at_an_address, surrendered


async def _explained(world: World, case: OpenCase, event: str = "planned") -> Explained:
    """The last decision of this kind."""
    number = await world.scalar(
        "SELECT max(id) FROM step WHERE case_id = :c AND event = :e AND inputs IS NOT NULL",
        c=case.id,
        e=event,
    )
    async with world.services.database.reading() as tx:
        return await explained(tx, CaseId(case.id), number=number)


async def _sent(world: World, case: OpenCase) -> None:
    plan = await case.reach("sms_friendly")
    messenger = FakeMessenger()
    activities = RemindingActivities(world.services, {Channel.SMS: messenger, Channel.EMAIL: messenger})
    await activities.send_reminder(StepCommand(case.id, "sms_friendly", plan.number))


async def test_a_plan_is_explained_by_every_rule_and_made_again_the_same(world: World) -> None:
    case = await open_case(world)
    found = await _explained(world, case)
    assert found.differs == []
    assert isinstance(found.explanation.verdict, Allowed)
    asked = {check.rule: check.source for check in found.explanation.checks}
    assert {"house_debt", "cn_debtors", "cn_consent", "cn_hours", "house_messages_per_day"} <= asked.keys()
    assert asked["cn_consent"] == "个人信息保护法 13, 29: consent to the channel"
    assert [pack.name for pack in found.rules.packs] == [world.services.book.laws["CN"].name]
    assert dict(found.explanation.decision.skipped)["notice_written_sms"].startswith("only if notice_written")


async def test_a_contact_that_was_made_is_explained_as_of_its_moment(world: World) -> None:
    case = await open_case(world)
    await _sent(world, case)
    found = await _explained(world, case, "claimed")
    assert (found.recorded["step_id"], found.differs) == ("sms_friendly", [])
    assert isinstance(found.explanation.verdict, Allowed)


async def test_a_refused_contact_is_explained_by_the_rule_that_refuses(world: World) -> None:
    case = await open_case(world, consent=False)
    await _sent(world, case)
    found = await _explained(world, case, "outcome")
    assert found.differs == []
    verdict = found.explanation.verdict
    assert isinstance(verdict, Refused)
    assert verdict.code is RefusalCode.NO_CONSENT
    refusing = {check.rule for check in found.explanation.checks if check.refusal is not None}
    assert refusing == {"cn_consent"}


async def test_what_happened_since_changes_no_explanation(world: World) -> None:
    case = await open_case(world)
    before = await _explained(world, case)
    await world.delivery.accept([payment("L-1", at=NOON + timedelta(hours=1))])
    async with world.services.database.reading() as tx:
        again = await explained(tx, CaseId(case.id), number=before.number)
    assert again == before


async def test_the_last_decision_at_an_instant_is_found(world: World) -> None:
    case = await open_case(world)
    first = await _explained(world, case)
    await _sent(world, case)
    async with world.services.database.reading() as tx:
        then = await explained(tx, CaseId(case.id), at=NOON + timedelta(minutes=1))
        now = await explained(tx, CaseId(case.id))
    assert then.number == first.number
    assert now.number > first.number


@pytest.mark.parametrize(
    ("tampering", "said"),
    [
        ("UPDATE step SET opens_at = opens_at + interval '1 hour' WHERE event = 'planned'", "plan: recorded"),
        ("UPDATE step SET inputs = jsonb_set(inputs, '{currency}', '\"USD\"')", "inputs: they are not"),
        (
            "UPDATE rule_set SET rules = jsonb_set(rules, '{packs,0,caps,0,limit}', '9')",
            "rules: they are not",
        ),
    ],
)
async def test_a_decision_that_cannot_be_made_again_is_reported(
    world: World, tampering: str, said: str
) -> None:
    case = await open_case(world)
    await world.execute(tampering)
    found = await _explained(world, case)
    assert [difference for difference in found.differs if difference.startswith(said)]


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE step SET reason = 'no_law_pack' WHERE code = 'wait'",
        "UPDATE step SET code = 'close', reason = 'cured' WHERE code = 'wait'",
    ],
)
async def test_a_plan_that_would_be_another_one_at_no_other_time_is_reported(
    world: World, tampering: str
) -> None:
    case = await open_case(world)
    hold = HoldRequest(HoldReason.OPERATOR, "lead-1", "test", loan_id=LoanId("L-1"))
    await world.services.run(partial(noting.place_hold, request=hold))
    before = await _explained(world, case)
    assert (before.recorded["code"], before.differs) == ("wait", [])
    await world.execute(tampering)
    [difference] = (await _explained(world, case)).differs
    assert difference.startswith("plan: recorded")
    assert f"made again wait, {before.recorded['reason']}, " in difference


@pytest.mark.parametrize(
    "tampering",
    ["source = 'another law'", "opens_at = opens_at - interval '1 hour'", "code = 'cap_reached'"],
)
async def test_a_refusal_by_another_law_or_until_another_time_is_reported(
    world: World, tampering: str
) -> None:
    case = await open_case(world, days=5)
    task = await open_task(world, case, "call_first")
    world.set_now(NOON + timedelta(hours=11))
    assert not (await answer(world, task, "claim", "r-1")).receipt.accepted
    assert (await _explained(world, case, "reservation_refused")).differs == []
    await world.execute(f"UPDATE step SET {tampering} WHERE event = 'reservation_refused'")
    [difference] = (await _explained(world, case, "reservation_refused")).differs
    assert difference.startswith("verdict: recorded")


async def test_rules_that_were_stored_before_a_field_existed_still_have_their_digest(world: World) -> None:
    """Segments, triggers and stops are younger than the first ladders."""
    case = await open_case(world)
    rules = (await world.rows("SELECT rules FROM rule_set"))[0]["rules"]
    for field in ("segments", "triggers", "stop"):
        del rules["strategy"][field]
    for step in rules["strategy"]["steps"]:
        for field in ("only", "unless", "gate", "move"):
            del step[field]
    older = digest_of(rules)
    kept = insert(rule_set).values(digest=older, rules=rules)
    await world.services.run(lambda unit: unit.tx.execute(kept))
    await world.execute(f"UPDATE step SET rules_digest = '{older}' WHERE inputs IS NOT NULL")
    found = await _explained(world, case)
    assert found.recorded["rules_digest"] == older
    assert found.differs == []


async def test_what_was_never_decided_is_named(world: World) -> None:
    case = await open_case(world)
    async with world.services.database.reading() as tx:
        for wanted in ({"number": 10**6}, {"at": NOON - timedelta(days=1)}):
            with pytest.raises(NothingToExplain, match="cases show"):
                await explained(tx, CaseId(case.id), **wanted)


async def test_rules_are_kept_once_however_many_decisions_were_made_by_them(world: World) -> None:
    for number in range(5):
        await open_case(world, f"L-{number}")
    assert await world.scalar("SELECT count(*) FROM step WHERE rules_digest IS NOT NULL") >= 5
    assert await world.scalar("SELECT count(*) FROM rule_set") == 1


async def test_what_an_older_release_recorded_is_no_difference(world: World) -> None:
    """It knew fewer kinds of rules, and fewer fields of a person."""
    case = await open_case(world)
    [kept] = await world.rows("SELECT rules FROM rule_set")
    for pack in kept["rules"]["packs"]:
        for kind in ("rest_days", "office_days", "restrictions"):
            del pack[kind]
    [step] = await world.rows("SELECT id, inputs FROM step WHERE inputs IS NOT NULL ORDER BY id DESC LIMIT 1")
    for party in step["inputs"]["parties"]:
        del party["restrictions"]
    rules, inputs = (json.dumps(value).replace("'", "''") for value in (kept["rules"], step["inputs"]))
    digest = digest_of(kept["rules"])
    await world.execute(f"UPDATE rule_set SET rules = '{rules}', digest = '{digest}'")
    await world.execute(f"UPDATE step SET rules_digest = '{digest}' WHERE rules_digest IS NOT NULL")
    await world.execute(
        f"UPDATE step SET inputs = '{inputs}', inputs_digest = '{digest_of(step['inputs'])}' "
        f"WHERE id = {step['id']}"
    )
    assert (await _explained(world, case)).differs == []


async def test_a_call_that_an_agent_was_allowed_or_refused_is_explained_like_a_message(world: World) -> None:
    case = await open_case(world, days=5)
    task = await open_task(world, case, "call_first")
    night = datetime(2026, 11, 8, 15, 0, tzinfo=UTC)
    world.set_now(night)
    refused = [await answer(world, task, "claim", f"r-{n}") for n in range(2)]
    assert {result.receipt.code for result in refused} == {"outside_hours"}
    no = await _explained(world, case, "reservation_refused")
    assert (no.recorded["step_id"], no.recorded["code"], no.differs) == ("call_first", "outside_hours", [])
    assert {check.rule for check in no.explanation.checks if check.refusal is not None} == {"cn_hours"}
    assert await world.scalar("SELECT count(*) FROM step WHERE event = 'reservation_refused'") == 1

    world.set_now(night + timedelta(hours=12))
    assert (await answer(world, task, "claim", "r-3")).receipt.accepted
    yes = await _explained(world, case, "reserved")
    assert (yes.differs, isinstance(yes.explanation.verdict, Allowed)) == ([], True)
    await world.execute("UPDATE step SET code = 'cap_reached' WHERE event = 'reservation_refused'")
    told = await _explained(world, case, "reservation_refused")
    [difference] = told.differs
    assert difference.startswith("verdict: recorded cap_reached, ")
    assert "made again outside_hours, " in difference


async def test_a_wait_that_an_older_release_called_limitation_is_no_difference_and_another_reason_is(
    world: World, tmp_path: Path
) -> None:
    case = await surrendered(at_an_address(world, tmp_path))
    found = await _explained(world, case)
    assert (found.recorded["reason"], found.differs) == ("legal_deadline", [])
    mine = f"UPDATE step SET reason = '%s' WHERE id = {found.number}"
    await world.execute(mine % "limitation")
    assert (await _explained(world, case)).differs == []
    await world.execute(mine % "hold")
    [difference] = (await _explained(world, case)).differs
    assert difference.startswith("plan: recorded wait, hold")
