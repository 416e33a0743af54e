"""The whole debt is told by the bank, with a last day: from its event to the letter that is kept, or none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from activities.reminding import RemindingActivities
from recourse.contracts.events import BankEvent
from recourse.contracts.messages import StepCommand, StepResult
from recourse.delivery import Delivery
from recourse.domain.ids import CaseId
from recourse.domain.situation import Channel
from recourse.gateways.letter_press import TypstPress
from recourse.gateways.print_tray import PrintTray
from recourse.packs.loader import load_packs, with_strategies
from recourse.ports import Messenger
from recourse.storage import documents
from tests.events import overdue, payment
from tests.fakes import FakeMessenger
from tests.integration.conftest import LENDERS, World
from tests.integration.service.conftest import NOON, OpenCase, open_case
from tests.letters import text_of

LADDER = """
id: cn_due
version: "2027-01-01"
region: CN
buckets: [{name: M0, from_dpd: 0}, {name: M1, from_dpd: 1}]
promise: {min_percent: 95, grace_days: 1, max_days_ahead: 30}
steps:
  - {id: whole_debt, kind: remind, stage: agent, day: 1, channel: letter, template: acceleration_notice}
"""
TODAY = date(2026, 11, 6)
WHOLE = 8_200_000
LATER = NOON + timedelta(minutes=1)


@pytest.fixture
async def posting(world: World, tmp_path: Path) -> World:
    """On a ladder that tells the whole debt, for a lender whose address is known."""
    (tmp_path / "ladders").mkdir()
    (tmp_path / "ladders" / "cn_due.yaml").write_text(LADDER)
    lenders = {source: replace(one, address="上海市静安区南京西路1号") for source, one in LENDERS.items()}
    book = with_strategies(load_packs(), tmp_path / "ladders")
    services = replace(world.services, book=book, lenders=lenders)
    return replace(world, services=services, delivery=Delivery(services, world.runs))


async def _sent(world: World, folder: Path, *told: BankEvent) -> tuple[OpenCase, StepResult]:
    """What became of the step once the bank has told this besides."""
    case = await open_case(world)
    await world.delivery.accept(list(told))
    plan = await case.reach("whole_debt")
    other = FakeMessenger()
    (folder / "tray").mkdir()
    tray = PrintTray(str(folder / "tray"))
    channels: dict[Channel, Messenger] = {
        Channel.EMAIL: other,
        Channel.SMS: other,
        Channel.LETTER: tray,
    }
    activities = RemindingActivities(world.services, channels, press=TypstPress())
    return case, await activities.send_reminder(StepCommand(case.id, "whole_debt", plan.number))


def _stated(good_through: date, amount: int = WHOLE) -> BankEvent:
    return overdue("L-1", at=LATER, sequence=3, event_id="stated", payoff=(amount, good_through))


async def test_from_the_banks_statement_to_the_letter_that_is_kept(posting: World, tmp_path: Path) -> None:
    until = TODAY + timedelta(days=20)
    case, result = await _sent(posting, tmp_path, _stated(until))
    assert (result.outcome, result.code) == ("done", "sent")
    async with posting.services.database.reading() as tx:
        [line] = await documents.of_case(tx, CaseId(case.id))
        kept = await documents.get(tx, line.id)
    assert kept is not None
    assert (kept.kind, line.channel, line.state) == ("acceleration_notice", "letter", "sent")
    assert kept.content == (tmp_path / "tray" / f"{line.id}.pdf").read_bytes()
    text = text_of(kept.content)
    for said in ("82,000.00 CNY", "3,520.17 CNY", f"{until.year}年{until.month}月{until.day}日"):
        assert said in text
    sealed = "SELECT count(*) FROM unsealed WHERE kind = 'document' AND ref = :id"
    assert await posting.scalar(sealed, id=line.id) == 1
    told = "SELECT payload FROM fact WHERE event_id = 'stated'"
    [fact] = await posting.rows(told)
    assert fact["payload"]["arrears"]["payoff"] == {"amount_minor": WHOLE, "good_through": f"{until}"}


NOT_KNOWN: dict[str, Callable[[], tuple[BankEvent, ...]]] = {
    "none was told": lambda: (),
    "its last day is over": lambda: (_stated(TODAY - timedelta(days=1)),),
    "it is less than what is overdue": lambda: (_stated(TODAY + timedelta(days=20), 100),),
    "money came after it": lambda: (
        _stated(TODAY + timedelta(days=20)),
        payment("L-1", at=LATER + timedelta(minutes=1), amount=100, sequence=4, cured=False),
    ),
}


@pytest.mark.parametrize("why", NOT_KNOWN)
async def test_a_sum_that_is_not_known_to_be_good_keeps_the_letter_here(
    posting: World, tmp_path: Path, why: str
) -> None:
    _, result = await _sent(posting, tmp_path, *NOT_KNOWN[why]())
    assert (result.outcome, result.code) == ("unable", "letter_incomplete")
    assert await posting.scalar("SELECT count(*) FROM document") == 0
    assert await posting.scalar("SELECT count(*) FROM contact_attempt") == 0
    [line] = await posting.rows("SELECT reason FROM step WHERE code = 'letter_incomplete'")
    assert "payoff" in line["reason"]
    assert f"{WHOLE}" not in line["reason"]
