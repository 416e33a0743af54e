"""Notices at run time: the last day stands in the text, and nothing is handed over before it is over."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from recourse.domain.ids import CaseId
from recourse.storage.codec import plan_from_json
from recourse.storage.situation import gather_all
from tests import opened
from tests.events import overdue, payment
from tests.integration.conftest import World
from tests.integration.service.conftest import NOON, OpenCase, approved, open_case

SHANGHAI = ZoneInfo("Asia/Shanghai")


async def test_the_demand_names_its_last_day_and_the_handover_waits_until_it_is_over(
    world: World, demanded: OpenCase
) -> None:
    [sent] = await opened.contacts(world)
    last = datetime.fromisoformat(sent["at"]).astimezone(SHANGHAI).date() + timedelta(days=15)
    assert last.isoformat() in sent["content"]
    await approved(world, demanded)
    [case] = await world.rows("SELECT plan FROM collection_case")
    due = plan_from_json(case["plan"]).due_at
    assert due is not None
    wall = due.astimezone(SHANGHAI)
    over = last + timedelta(days=1)
    assert over.isoweekday() == 7  # a Sunday, and lawyers are sent nothing before the office opens
    assert (wall.date(), wall.hour, wall.minute) == (over + timedelta(days=1), 9, 0)


async def test_a_decision_knows_when_the_earlier_episodes_of_its_loan_were_opened(world: World) -> None:
    await open_case(world)
    await open_case(world, "L-2")
    for number in (1, 2):
        at = NOON + timedelta(days=10 * number)
        world.set_now(at)
        paid = payment("L-1", at=at, sequence=2 * number + 1, payment_id=f"P-{number}")
        await world.delivery.accept([paid])
        await world.delivery.accept([overdue("L-1", at=at, sequence=2 * number + 2)])
    rows = await world.rows(
        "SELECT id, opened_at FROM collection_case WHERE loan_id = 'L-1' ORDER BY episode"
    )
    opened = [row["opened_at"] for row in rows]
    assert len(set(opened)) == 3
    async with world.services.database.reading() as tx:
        found = await gather_all(tx, [row["id"] for row in rows], NOON)
        [other] = (await gather_all(tx, [CaseId("case-L-2-1")], NOON)).values()
    known = [found[row["id"]].situation.earlier_episodes for row in rows]
    assert known == [(), tuple(opened[:1]), tuple(opened[:2])]
    assert other.situation.earlier_episodes == ()
