"""A planned sale in tests: an American case whose borrower has brought the car, a press and a tray."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from activities.reminding import RemindingActivities
from recourse.contracts.messages import StepCommand, StepResult
from recourse.delivery import Delivery
from recourse.domain.legal.action import NotMade
from recourse.domain.legal.terms import SaleKind, SaleTerms
from recourse.domain.situation import Channel
from recourse.gateways.letter_press import TypstPress
from recourse.gateways.print_tray import PrintTray
from recourse.packs.loader import load_packs, with_strategies
from recourse.ports import Messenger
from recourse.storage.legal_actions import MoveRow
from tests.fakes import FakeMessenger
from tests.integration.conftest import LENDERS, World
from tests.integration.service.conftest import OpenCase, open_case
from tests.integration.service.pursued import made, move

HERE = date(2026, 11, 6)
DESK = datetime(2026, 11, 6, 17, 0, tzinfo=UTC)
"""Noon in New York, where the lender and the borrower are."""
DAY = date(2026, 12, 15)
LETTER = "presale_notice_given-2"
"""The step of the first plan's notice: the plan is the second move of the case."""
OWED = 900_000
AUCTION = SaleTerms(SaleKind.PUBLIC, DAY, time(10), "12 Auction Lane, Albany", OWED)


LADDER = """
id: us_quiet
version: "2027-01-01"
region: US
buckets: [{name: current, from_dpd: 0}, {name: late, from_dpd: 1}]
promise: {min_percent: 95, grace_days: 1, max_days_ahead: 30}
steps:
  - {id: much_later, kind: task, stage: agent, day: 900, task: review_case, team: lead}
"""
"""On which nothing else happens."""


def at_an_address(world: World, folder: Path) -> World:
    (folder / "ladders").mkdir()
    (folder / "ladders" / "us_quiet.yaml").write_text(LADDER)
    book = with_strategies(load_packs(), folder / "ladders")
    lenders = {source: replace(one, address="1 Main Street, Denver") for source, one in LENDERS.items()}
    services = replace(world.services, lenders=lenders, book=book)
    return replace(world, services=services, delivery=Delivery(services, world.runs))


async def surrendered(world: World, *, others: Sequence[dict[str, Any]] = (), **values: Any) -> OpenCase:
    case = await open_case(world, days=60, region="US", others=others, **values)
    world.set_now(DESK)
    await made(world, case, "vehicle_surrendered", HERE, procedure="US")
    return case


async def plan(world: World, case: OpenCase, terms: SaleTerms = AUCTION, **values: Any) -> MoveRow | NotMade:
    on = values.pop("on", HERE)
    return await move(world, case, "sale_planned", on, procedure="US", terms=terms, **values)


async def planned(world: World, case: OpenCase, terms: SaleTerms = AUCTION, **values: Any) -> MoveRow:
    row = await plan(world, case, terms, **values)
    assert isinstance(row, MoveRow), row
    return row


def activities(world: World, tray: Path, post: Messenger | None = None) -> RemindingActivities:
    tray.mkdir(exist_ok=True)
    other = FakeMessenger()
    channels: dict[Channel, Messenger] = {
        Channel.EMAIL: other,
        Channel.SMS: other,
        Channel.LETTER: post or PrintTray(str(tray)),
    }
    return RemindingActivities(world.services, channels, press=TypstPress())


async def sent(world: World, case: OpenCase, tray: Path, step: str = LETTER) -> StepResult:
    """The step is next, and is done when it is due."""
    decision = await case.reach(step)
    return await activities(world, tray).send_reminder(StepCommand(case.id, step, decision.number))


async def announced(world: World, tray: Path, **values: Any) -> OpenCase:
    """A case whose sale was planned, and whose notice went to the post."""
    case = await surrendered(world, **values)
    await planned(world, case)
    assert (await sent(world, case, tray)).outcome == "done"
    return case


async def moves(world: World) -> list[str]:
    return [row["code"] for row in await world.rows("SELECT code FROM legal_move ORDER BY number")]


async def open_tasks(world: World) -> list[str]:
    rows = await world.rows("SELECT kind FROM agent_task WHERE state = 'open' ORDER BY opened_at, kind")
    return [row["kind"] for row in rows]


def later(days: int) -> date:
    return HERE + timedelta(days=days)
