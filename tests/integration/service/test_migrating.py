"""A running case changes its ladder when somebody has seen what that does, and in no other way."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from activities.reminding import RemindingActivities
from recourse.contracts.messages import StepCommand
from recourse.delivery import Delivery
from recourse.domain.decision import DoStep
from recourse.domain.ids import CaseId
from recourse.domain.situation import Channel
from recourse.domain.strategy.ladder import Step, Strategy
from recourse.domain.strategy.migration import Move, Obstacle
from recourse.packs.loader import load_packs
from recourse.reading.explaining import explained
from recourse.service import handing_over, reminding
from recourse.service.migrating import (
    Foreseen,
    Moved,
    NotShown,
    confirmed,
    foresee_cases,
    migrate_case,
    show,
)
from recourse.storage.moves import ShownMove
from tests.events import overdue
from tests.fakes import FakeMessenger
from tests.integration.conftest import World
from tests.integration.service.conftest import NOON, OpenCase, approved, open_case, open_task

OLD = load_packs().strategy("cn_auto@2026-11-27")


def _version(version: str, *, names: dict[str, str] | None = None, without: Sequence[str] = ()) -> Strategy:
    def new(step: Step) -> Step:
        return replace(step, id=(names or {}).get(step.id, step.id))

    return replace(OLD, version=version, steps=tuple(new(s) for s in OLD.steps if s.id not in without))


SAME_NEXT = _version("4", without=["visit"])
NEW = _version("2", names={"sms_friendly": "text_friendly"}, without=["screening", "email_friendly"])
MOVE = Move(OLD, NEW, (("sms_friendly", "text_friendly"),))
CN_LAW_ABROAD = replace(OLD, id="elsewhere", region="US")


@pytest.fixture
def installed(world: World) -> World:
    """The world with the new ladders installed."""
    book = load_packs()
    more = {s.name: s for s in (NEW, SAME_NEXT, CN_LAW_ABROAD)}
    services = replace(world.services, book=replace(book, strategies=book.strategies | more))
    # The fixture's cases are opened under the old one, which is no longer the newest.
    return replace(world, services=services, delivery=Delivery(services, world.runs))


async def _preview(world: World, *cases: OpenCase, move: Move = MOVE) -> tuple[ShownMove, list[Foreseen]]:
    foreseen = await foresee_cases(world.services, move, [CaseId(case.id) for case in cases])
    return await show(world.services, move, foreseen), foreseen


async def _confirm(world: World, case: OpenCase, shown: ShownMove, move: Move = MOVE) -> tuple[Moved, bool]:
    work = partial(migrate_case, case_id=CaseId(case.id), shown=shown, move=move, actor="lead-1")
    return await world.delivery.note(work)


async def _sent(world: World, case: OpenCase) -> None:
    plan = await case.reach("sms_friendly")
    mail = {Channel.SMS: FakeMessenger(), Channel.EMAIL: FakeMessenger()}
    await RemindingActivities(world.services, mail).send_reminder(
        StepCommand(case.id, "sms_friendly", plan.number)
    )


async def _screened(world: World, loan: str = "L-1") -> OpenCase:
    """On day 12, with an open task of a step that the new ladder lacks."""
    case = await open_case(world, loan, days=12)
    await open_task(world, case, "screening")
    return case


async def test_a_preview_changes_nothing(world: World, installed: World) -> None:
    case = await _screened(world)
    counts = "SELECT (SELECT count(*) FROM step), (SELECT count(*) FROM fact), (SELECT count(*) FROM outbox)"
    rows = [counts, "SELECT * FROM collection_case", "SELECT * FROM agent_task"]
    before = [await world.rows(statement) for statement in rows]
    one, two = await _preview(installed, case), await _preview(installed, case)
    assert one[0].digest == two[0].digest
    assert [await world.rows(statement) for statement in rows] == before
    assert await world.scalar("SELECT count(*) FROM strategy_move") == 1


async def test_a_confirmed_case_is_on_the_new_ladder_as_it_was_shown(world: World, installed: World) -> None:
    case = await _screened(world)
    shown, [foreseen] = await _preview(installed, case)
    assert foreseen.change is not None
    assert [task.step_id for task in foreseen.change.ended] == ["screening"]
    assert await _confirm(installed, case, shown) == (Moved(CaseId(case.id), "moved"), True)
    [row] = await world.rows("SELECT strategy, stage FROM collection_case")
    assert row == {"strategy": "cn_auto@2", "stage": "agent"}
    plan, planned = await case.plan(), foreseen.change.after.decision.plan
    assert isinstance(planned, DoStep)
    assert (plan.step_id, plan.due_at, plan.strategy) == (planned.step_id, planned.due_at, "cn_auto@2")
    diary = await world.rows("SELECT event, step_id, outcome, code, actor, moved FROM step ORDER BY id DESC")
    assert [(r["event"], r["code"]) for r in diary[:3]] == [
        ("planned", "remind"),
        ("outcome", "step_gone"),
        ("migrated", None),
    ]
    assert (diary[1]["step_id"], diary[1]["outcome"]) == ("screening", "unable")
    assert diary[2]["actor"] == "lead-1"
    assert diary[2]["moved"] == {
        "from": "cn_auto@2026-11-27",
        "to": "cn_auto@2",
        "digest": shown.digest,
        "renamed": {"sms_friendly": "text_friendly"},
    }
    assert await world.scalar("SELECT state FROM agent_task") == "cancelled"


async def test_the_run_is_told_with_the_new_plan(world: World, installed: World) -> None:
    case = await _screened(world)
    shown, _ = await _preview(installed, case)
    before = await case.plan()
    await _confirm(installed, case, shown)
    nudge = world.runs.nudges[-1]
    assert nudge.plan == await case.plan()
    assert nudge.plan is not None
    assert nudge.plan.number > before.number
    assert nudge.highest_fact == nudge.plan.facts_seen


async def test_decisions_before_and_after_are_made_again_the_same(world: World, installed: World) -> None:
    case = await open_case(world)
    await _sent(world, case)
    shown, _ = await _preview(installed, case)
    await _confirm(installed, case, shown)
    found = {}
    for row in await world.rows("SELECT id FROM step WHERE inputs IS NOT NULL ORDER BY id"):
        async with installed.services.database.reading() as tx:
            one = await explained(tx, CaseId(case.id), number=row["id"])
        assert one.differs == []
        found[one.recorded["event"]] = one
    assert found["migrated"].rules.strategy == OLD
    assert found["planned"].rules.strategy == NEW
    assert {r.step_id for r in found["migrated"].situation.steps} == {"sms_friendly"}
    assert {r.step_id for r in found["planned"].situation.steps} == {"text_friendly"}


async def test_a_plan_that_stays_the_same_is_a_new_one_by_the_new_ladder(
    world: World, installed: World
) -> None:
    case, move = await open_case(world), Move(OLD, SAME_NEXT)
    before = await case.plan()
    shown, _ = await _preview(installed, case, move=move)
    await _confirm(installed, case, shown, move)
    after = await case.plan()
    assert (after.step_id, after.due_at) == (before.step_id, before.due_at)
    assert (after.number, after.strategy) == (before.number + 1, SAME_NEXT.name)
    async with installed.services.database.reading() as tx:
        assert (await explained(tx, CaseId(case.id))).rules.strategy == SAME_NEXT


async def test_a_message_that_was_sent_is_not_sent_again_under_its_new_name(
    world: World, installed: World
) -> None:
    case = await open_case(world)
    await _sent(world, case)
    shown, _ = await _preview(installed, case)
    await _confirm(installed, case, shown)
    assert (await case.plan()).step_id == "call_first"


async def test_a_task_goes_with_its_step_under_the_new_name(world: World, installed: World) -> None:
    case = await _screened(world)
    new = _version("3", names={"screening": "hardship_call"})
    book = replace(installed.services.book, strategies=installed.services.book.strategies | {new.name: new})
    services = replace(installed.services, book=book)
    town, move = (
        replace(installed, services=services, delivery=Delivery(services, world.runs)),
        Move(OLD, new, (("screening", "hardship_call"),)),
    )
    shown, _ = await _preview(town, case, move=move)
    assert (await _confirm(town, case, shown, move))[0].state == "moved"
    assert await world.rows("SELECT state, step_id FROM agent_task") == [
        {"state": "open", "step_id": "hardship_call"}
    ]


async def test_a_case_that_heard_something_since_is_refused_and_its_neighbour_moves(
    world: World, installed: World
) -> None:
    cases = [await _screened(world, "L-1"), await _screened(world, "L-2")]
    shown, _ = await _preview(installed, *cases)
    await world.delivery.accept([overdue("L-1", at=NOON, days=12, sequence=9, amount=400000)])
    results = [(await _confirm(installed, case, shown))[0] for case in cases]
    assert [(r.state, r.obstacle) for r in results] == [("refused", Obstacle.CHANGED), ("moved", None)]
    assert await world.rows("SELECT strategy FROM collection_case ORDER BY id") == [
        {"strategy": "cn_auto@2026-11-27"},
        {"strategy": "cn_auto@2"},
    ]


async def test_time_that_passes_without_news_does_not_void_what_was_shown(
    world: World, installed: World
) -> None:
    case = await open_case(world, days=31)
    shown, _ = await _preview(installed, case)
    world.set_now(NOON + timedelta(minutes=30))
    assert (await _confirm(installed, case, shown))[0].state == "moved"


async def test_a_step_that_fell_due_since_makes_it_another_answer(world: World, installed: World) -> None:
    case = await open_case(world)
    shown, _ = await _preview(installed, case)
    world.set_now(NOON + timedelta(days=3))
    assert (await _confirm(installed, case, shown))[0].obstacle is Obstacle.CHANGED


async def test_the_same_confirmation_again_moves_nothing_twice_and_tells_who_was_not_told(
    world: World, installed: World
) -> None:
    case = await _screened(world)
    shown, _ = await _preview(installed, case)
    world.runs.down = True
    assert await _confirm(installed, case, shown) == (Moved(CaseId(case.id), "moved"), False)
    told = len(world.runs.nudges)
    world.runs.down = False
    assert await _confirm(installed, case, shown) == (Moved(CaseId(case.id), "already"), True)
    assert len(world.runs.nudges) == told + 1
    assert await world.scalar("SELECT count(*) FROM step WHERE event = 'migrated'") == 1
    assert await world.scalar("SELECT count(*) FROM collection_case WHERE facts_due > facts_delivered") == 0


async def test_two_confirmations_at_once_move_a_case_once(world: World, installed: World) -> None:
    case = await _screened(world)
    shown, _ = await _preview(installed, case)
    both = await asyncio.gather(*(_confirm(installed, case, shown) for _ in range(2)))
    assert sorted(result.state for result, _ in both) == ["already", "moved"]
    assert await world.scalar("SELECT count(*) FROM fact WHERE kind = 'migrated'") == 1


async def test_a_case_with_a_message_on_its_way_waits_for_its_end(world: World, installed: World) -> None:
    case = await open_case(world)
    plan = await case.reach("sms_friendly")
    command = StepCommand(case.id, "sms_friendly", plan.number)
    claimed = await world.services.run(partial(reminding.claim, command=command))
    shown, [foreseen] = await _preview(installed, case)
    assert foreseen.obstacle is Obstacle.UNDER_WAY
    assert (await _confirm(installed, case, shown))[0].obstacle is Obstacle.UNDER_WAY
    assert isinstance(claimed, reminding.Claimed)
    await world.execute("UPDATE step SET recorded_at = recorded_at - interval '61 minutes'")
    shown, _ = await _preview(installed, case)
    assert (await _confirm(installed, case, shown))[0].state == "moved"


async def test_a_file_on_its_way_to_the_lawyer_is_waited_for_however_long(
    world: World, installed: World, demanded: OpenCase
) -> None:
    command = await approved(world, demanded)
    await world.services.run(partial(handing_over.claim, command=command))
    await world.execute("UPDATE step SET recorded_at = recorded_at - interval '1 year'")
    _, [foreseen] = await _preview(installed, demanded)
    assert foreseen.obstacle is Obstacle.UNDER_WAY


async def test_a_case_never_crosses_to_another_law(world: World, installed: World) -> None:
    case, move = await open_case(world), Move(OLD, CN_LAW_ABROAD)
    shown, _ = await _preview(installed, case, move=move)
    result, _ = await _confirm(installed, case, shown, move)
    assert (result.state, result.obstacle) == ("refused", Obstacle.OTHER_LAW)


async def test_a_name_that_was_given_up_is_not_given_to_another_step(world: World, installed: World) -> None:
    case = await open_case(world)
    shown, _ = await _preview(installed, case)
    await _confirm(installed, case, shown)
    back = Move(NEW, OLD)
    shown, [foreseen] = await _preview(installed, case, move=back)
    assert foreseen.obstacle is Obstacle.STEP_REUSED
    assert (await _confirm(installed, case, shown, back))[0].state == "refused"


async def test_only_what_was_shown_can_be_confirmed(world: World, installed: World) -> None:
    case = await open_case(world)
    shown, _ = await _preview(installed, case)
    assert confirmed(shown, MOVE) == shown
    edited = replace(NEW, steps=NEW.steps[:-1])
    for move in (Move(OLD, edited, MOVE.renamed), Move(OLD, NEW)):
        with pytest.raises(NotShown, match="preview it again"):
            confirmed(shown, move)
    with pytest.raises(NotShown, match="--preview first"):
        confirmed(None, MOVE)
