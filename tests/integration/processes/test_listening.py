"""Who listens to the SMS centre is seen by others for as long as he does, and no longer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from recourse.app.listening import be_seen
from recourse.contracts.delivery import Unavailable
from recourse.gateways.smpp_listening import SmppListener
from recourse.storage.presence import LISTENING, Presence, present
from tests.integration.conftest import World
from tests.integration.gateways.conftest import centre, closed_port


async def _seen(world: World) -> int:
    async with world.services.database.reading() as tx:
        return await present(tx, LISTENING)


async def _until(what: str, look: Callable[[], Awaitable[bool]]) -> None:
    for _ in range(300):
        if await look():
            return
        await asyncio.sleep(0.05)
    pytest.fail(f"not within 15 s: {what}")


async def _becomes(world: World, number: int) -> None:
    async def so() -> bool:
        return await _seen(world) == number

    await _until(f"{number} are seen", so)


async def _nothing(_: object) -> None:
    """What comes is not looked at here."""


@asynccontextmanager
async def _worker(world: World, port: int) -> AsyncIterator[None]:
    listener = SmppListener("127.0.0.1", port, "recourse", "x", _nothing, timeout=5, again=0.05)
    presence = Presence(world.services.database, LISTENING)
    beside = [asyncio.create_task(listener.run()), asyncio.create_task(be_seen(listener, presence, 0.05))]
    try:
        yield
    finally:
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)


async def test_a_listener_is_seen_while_the_centre_hears_it(
    world: World,
    tmp_path: Path,
) -> None:
    port, log = closed_port(), tmp_path / "smsc.ndjson"
    async with _worker(world, port):
        async with centre(port, log):
            await _becomes(world, 1)
            async with _worker(world, port):
                await _becomes(world, 2)
            await _becomes(world, 1)
        await _becomes(world, 0)
        async with centre(port, log):
            await _becomes(world, 1)
    await _becomes(world, 0)


async def test_who_lost_his_connection_is_not_seen_and_comes_back(
    world: World,
) -> None:
    """As when the database server was started anew."""
    presence = Presence(world.services.database, LISTENING)
    await presence.confirm()
    await presence.confirm()
    assert await _seen(world) == 1
    holder = (
        "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ShareLock'"
    )
    await world.execute(
        f"{holder} AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    with pytest.raises(Unavailable):
        await presence.confirm()
    assert await _seen(world) == 0
    await presence.confirm()
    assert await _seen(world) == 1
    await presence.leave()
    assert await _seen(world) == 0
