"""Money that was there earlier than it was told: the contacts in between are marked in the diary."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from tests.events import overdue, payment, reversal, snapshot
from tests.integration.conftest import World

NOON = datetime(2026, 11, 6, 4, 0, tzinfo=UTC)
"""Twelve o'clock in Shanghai, a Friday."""
DAY = timedelta(days=1)
MARKS = "SELECT step_id, code FROM step WHERE event = 'hindsight' ORDER BY id"


async def reminded(world: World, at: datetime) -> None:
    world.set_now(NOON)
    await world.delivery.accept([snapshot("L-1", at=NOON), overdue("L-1", at=NOON)])
    await world.execute(
        "INSERT INTO step (loan_id, case_id, decision, event, step_id, outcome, at, reason, strategy) "
        f"VALUES ('L-1', 'case-L-1-1', 1, 'outcome', 'sms_friendly', 'done', '{at.isoformat()}', 'sent', 's')"
    )


async def test_a_payment_dated_back_marks_what_was_done_since(world: World) -> None:
    await reminded(world, NOON + 2 * DAY)
    world.set_now(NOON + 4 * DAY)
    late = payment("L-1", at=NOON + 4 * DAY, value_date=date(2026, 11, 7))
    await world.delivery.accept([late])
    await world.delivery.accept([late])
    assert await world.rows(MARKS) == [{"step_id": "sms_friendly", "code": "would_not_have_been_done"}]
    assert await world.scalar("SELECT closed_reason FROM collection_case") == "cured"


async def test_a_payment_that_bounces_lets_the_contact_stand(world: World) -> None:
    await reminded(world, NOON + 2 * DAY)
    world.set_now(NOON + 4 * DAY)
    late = payment("L-1", at=NOON + 4 * DAY, value_date=date(2026, 11, 7), cured=False)
    await world.delivery.accept([late])
    world.set_now(NOON + 6 * DAY)
    await world.delivery.accept([reversal("L-1", at=NOON + 6 * DAY)])
    assert [row["code"] for row in await world.rows(MARKS)] == [
        "would_not_have_been_done",
        "stands_after_all",
    ]


async def test_a_payment_of_its_own_day_marks_nothing(world: World) -> None:
    await reminded(world, NOON + 2 * DAY)
    world.set_now(NOON + 4 * DAY)
    await world.delivery.accept([payment("L-1", at=NOON + 4 * DAY)])
    assert await world.rows(MARKS) == []
