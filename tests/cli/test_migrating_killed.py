"""`recourse strategy migrate` as a real process that is killed in the middle, and begun again."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import uuid
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.cli.conftest import Cli, until
from tests.cli.test_migrating import BASE, MAP, NEW, OLD, write_version
from tests.integration.conftest import World
from tests.integration.service.conftest import OpenCase, open_case

CASES = 9


@pytest.fixture
async def mover(cli: Cli, tmp_path: Path) -> Cli:
    folder = write_version(tmp_path / "own", "2027-01-01", sms_friendly="text_friendly")
    assert (await cli("temporal", "setup")).exit_code == 0
    return replace(cli, env=dict(cli.env) | {"RECOURSE_STRATEGIES": str(folder)})


@pytest.fixture
async def book(world: World) -> list[OpenCase]:
    """In the order in which they are moved. Their next step is a task of this morning: it is due now whenever
    that is, so that no time that passes changes what was shown."""
    name = f"K{uuid.uuid4().hex[:8]}"
    return [await open_case(world, f"{name}-{n}", days=12) for n in range(CASES)]


async def _start(cli: Cli, arguments: list[str], **env: str) -> Process:
    machine = {k: v for k, v in os.environ.items() if not k.startswith(("RECOURSE_", "TEMPORAL_"))}
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "recourse.cli", *arguments, env=machine | dict(cli.env) | env, stderr=PIPE
    )


async def _kill(process: Process) -> None:
    """It must have been at work still: one that had ended would prove nothing."""
    assert process.returncode is None, await (process.stderr or pytest.fail("no pipe")).read()
    process.send_signal(signal.SIGKILL)
    assert await process.wait() == -signal.SIGKILL


@asynccontextmanager
async def _mute() -> AsyncIterator[str]:
    """A Temporal that takes every call and never says a word."""
    calls: list[asyncio.StreamWriter] = []

    async def listen(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        calls.append(writer)

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    yield "{}:{}".format(*server.sockets[0].getsockname())
    for writer in calls:
        writer.close()
    server.close()


async def _waits(world: World) -> bool:
    """Whether somebody's transaction waits for a lock. Others' sessions are not shown to the application."""
    waiting = "datname = current_database() AND wait_event_type = 'Lock'"
    async with world.services.database.engine.connect() as superuser:
        found = await superuser.execute(text(f"SELECT count(*) FROM pg_stat_activity WHERE {waiting}"))
        return bool(found.scalar_one())


async def _moved(world: World) -> int:
    number: int = await world.scalar("SELECT count(*) FROM collection_case WHERE strategy = :new", new=NEW)
    return number


async def test_killed_at_any_point_and_begun_again_it_moves_every_case_once(
    mover: Cli, world: World, book: list[OpenCase]
) -> None:
    seen = await mover.json(*BASE, *MAP, "--preview")
    assert seen["counts"]["would move"] == CASES
    confirm = [*BASE, *MAP, "--confirm", seen["digest"], "--as", "lead-1"]

    # In the transaction of a case: of the first one, and of one after it.
    for reached in (0, 1):
        async with world.busy("loan", book[reached].id.removeprefix("case-").removesuffix("-1")):
            process = await _start(mover, confirm)
            await until("the command waits for a row", lambda: _waits(world))
            await _kill(process)
        assert await _moved(world) == reached

    # Between the commit of a case and the telling of its run.
    async with _mute() as address:
        process = await _start(mover, confirm, TEMPORAL_ADDRESS=address)

        async def committed() -> bool:
            return await _moved(world) > 1

        # The one that was moved before is told again first, until the patience with Temporal ends.
        await until("a case more is moved", committed, seconds=120)
        await _kill(process)
    told = "SELECT count(*) FROM collection_case WHERE facts_due = facts_delivered AND strategy = :new"
    assert await world.scalar(told, new=NEW) < await _moved(world) < CASES

    done = await mover.json(*confirm)
    assert done["counts"]["moved"] + done["counts"]["already"] == CASES
    assert (done["untold"], done["not_shown"]) == (0, 0)
    await _every_case_moved_once_and_was_told(world, book)


async def _every_case_moved_once_and_was_told(world: World, book: list[OpenCase]) -> None:
    cases = await world.rows(
        "SELECT id, strategy, facts_due - facts_delivered AS untold FROM collection_case"
    )
    assert {row["id"]: (row["strategy"], row["untold"]) for row in cases} == {
        case.id: (NEW, 0) for case in book
    }
    steps = await world.rows(
        "SELECT case_id, moved ->> 'from' AS source, moved ->> 'to' AS target FROM step"
        " WHERE event = 'migrated'"
    )
    assert sorted((row["case_id"], row["source"], row["target"]) for row in steps) == sorted(
        (case.id, OLD, NEW) for case in book
    )
    facts = await world.rows("SELECT case_id FROM fact WHERE kind = 'migrated'")
    assert sorted(row["case_id"] for row in facts) == sorted(case.id for case in book)
    plans = await world.rows(
        "SELECT plan ->> 'step_id' AS step, plan ->> 'strategy' AS ladder FROM collection_case"
    )
    assert {(row["step"], row["ladder"]) for row in plans} == {("screening", NEW)}
