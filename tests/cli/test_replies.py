"""A STOP on its whole way: from the SMS centre through the worker into the database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from recourse.app.compose import sms_listener
from recourse.app.settings import Settings
from recourse.delivery import Delivery
from recourse.domain.calendar import BusinessCalendar
from recourse.service.context import Services
from recourse.service.replying import Reply, take_reply
from recourse.storage.database import Database
from tests.cli.conftest import Cli, Processes, Town, issued, until
from tests.events import overdue, snapshot
from tests.integration.conftest import World
from tests.integration.gateways.conftest import centre, closed_port, entries, eventually
from tests.integration.gateways.test_smpp_inbound import answering, say, statuses
from tests.integration.service.conftest import NOON


async def _ceased(world: World) -> bool:
    return bool(await world.scalar("SELECT ceased FROM party WHERE id = 'C-L-1'") == ["sms"])


@pytest.fixture
async def sender(world: World) -> str:
    """The number of a borrower whose case is open, and who sends back what is sent to it."""
    number = answering()
    world.set_now(NOON)
    await world.delivery.accept([snapshot("L-1", at=NOON, mobile=f"+{number}"), overdue("L-1", at=NOON)])
    return number


async def test_a_text_that_came_in_is_shown_as_it_is_and_steers_no_terminal(
    cli: Cli, world: World, sender: str
) -> None:
    reply = Reply(sender, "[red]call me[/red]\x1b[2J now")
    await world.services.run(partial(take_reply, reply=reply))
    token = (await issued(world, "lead")).token
    shown = (await cli("dossier", "L-1", "--reveal", "audit", RECOURSE_TOKEN=token)).stdout
    assert "[red]call me[/red]" in shown
    assert "\x1b" not in shown


async def test_a_running_worker_obeys_it(cli: Cli, world: World, sender: str, tmp_path: Path) -> None:
    port, log = closed_port(), tmp_path / "smsc.ndjson"
    env = dict(cli.env) | {"RECOURSE_SMPP_HOST": "127.0.0.1", "RECOURSE_SMPP_PORT": str(port)}
    async with centre(port, log):
        with Processes(Town(Cli(env), "replies", tmp_path), "worker"):
            await eventually("a worker that listens", lambda: entries(str(log), "bound"), 60)
            await say(port, sender, "Stop.")
            await until("the cease request", lambda: _ceased(world))
            await eventually("the acknowledgement", lambda: statuses(str(log), sender)[-1:] == [0])
    output = (tmp_path / "worker.log").read_text()
    assert '"taken": "ceased"' in output
    assert sender not in output


@asynccontextmanager
async def _listens(port: int, delivery: Delivery) -> AsyncIterator[None]:
    settings = Settings(
        database_url="postgresql+asyncpg://x/y",
        smpp_host="127.0.0.1",
        smpp_port=port,
        smpp_system_id="recourse",
    )
    running = asyncio.create_task(sms_listener(settings, delivery).run())
    yield
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_while_the_database_is_away_it_is_not_acknowledged_and_afterwards_it_counts(
    world: World, sender: str, tmp_path: Path
) -> None:
    port, log = closed_port(), tmp_path / "smsc.ndjson"
    away = Database(f"postgresql+asyncpg://collector:x@127.0.0.1:{closed_port()}/x", BusinessCalendar())
    nowhere = Services(away, world.services.book, world.services.lenders)
    async with centre(port, log):
        async with _listens(port, Delivery(nowhere, world.runs)):
            await say(port, sender, "STOP")
            await eventually("two refusals", lambda: statuses(str(log), sender).count(0x64) >= 2)
        assert 0 not in statuses(str(log), sender)
        async with _listens(port, world.delivery):
            await eventually("the acknowledgement", lambda: 0 in statuses(str(log), sender))
    assert await _ceased(world)
    await away.close()
