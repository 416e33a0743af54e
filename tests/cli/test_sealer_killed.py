"""`recourse seal` as a process: killed anywhere and begun again, beside another, with places that hang."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from recourse.domain.evidence.note import Checkpoint, Note
from tests.cli.conftest import Cli, until
from tests.integration.conftest import World
from tests.integration.gateways.stamping import Authority, served

ROWS, AT_EACH_LIFE = 2000, 800
"""Four batches; a life ends when it has sealed the second, in the middle of the next or of a copy outside."""


@pytest.fixture
async def env(cli: Cli, tmp_path: Path) -> Mapping[str, Any]:
    await cli("evidence", "keygen", tmp_path / "key", "--name", "ledger.example")
    (tmp_path / "outside").mkdir()
    return {
        "RECOURSE_EVIDENCE_KEY_FILE": str(tmp_path / "key"),
        "RECOURSE_EVIDENCE_FOLDER": str(tmp_path / "outside"),
        "RECOURSE_EVIDENCE_EVERY_SECONDS": "0.05",
    }


@contextmanager
def sealers(
    cli: Cli, env: Mapping[str, Any], log: Path, count: int = 1
) -> Iterator[list[subprocess.Popen[bytes]]]:
    """At the end killed, without a word; none may have failed until then."""
    machine = {k: v for k, v in os.environ.items() if not k.startswith(("RECOURSE_", "TEMPORAL_"))}
    command = [sys.executable, "-m", "recourse.cli", "seal"]
    with log.open("ab") as file:
        running = [
            subprocess.Popen(command, env=machine | dict(cli.env) | dict(env), stdout=file, stderr=file)
            for _ in range(count)
        ]
    try:
        yield running
        assert {one.poll() for one in running} <= {None, 0}, log.read_text()
    finally:
        for one in running:
            one.send_signal(signal.SIGKILL)
            one.wait()


async def written(world: World, first: int, count: int) -> None:
    await world.execute(
        "INSERT INTO rule_set (digest, rules) SELECT 'r-' || n, jsonb_build_object('n', n) "
        f"FROM generate_series({first}, {first + count - 1}) n"
    )


async def sealed(world: World) -> int:
    return int(await world.scalar("SELECT count(*) FROM seal"))


async def test_killed_anywhere_and_begun_again_two_sealers_seal_each_row_once(
    cli: Cli, world: World, env: Mapping[str, Any], tmp_path: Path
) -> None:
    await written(world, 1, ROWS)
    log, lives = tmp_path / "log", 0
    while (before := await sealed(world)) < ROWS:

        async def further(before: int = before) -> bool:
            return await sealed(world) >= min(before + AT_EACH_LIFE, ROWS)

        with sealers(cli, env, log, count=2):
            await until("some batches more", further)
        lives += 1
        found = await cli.json("evidence", "verify", **env)
        assert (found["ok"], found["findings"]) == (True, [])
    assert lives > 1
    assert (await cli.json("evidence", "seal", **env))["rows"] == 0
    assert await world.scalar("SELECT count(*) FROM unsealed") == 0
    assert await world.scalar("SELECT count(DISTINCT ref) FROM seal") == ROWS == await sealed(world)
    found = await cli.json("evidence", "verify", **env)
    assert (found["ok"], found["size"]) == (True, ROWS)
    notes = sorted((tmp_path / "outside").glob("*.note"))
    assert Checkpoint.parse(Note.parse(notes[-1].read_text()).text).size == ROWS
    assert "Traceback" not in log.read_text()


@pytest.fixture
async def hanging() -> AsyncIterator[tuple[Authority, str]]:
    authority = Authority(hangs=True)
    async with served(authority) as url:
        yield authority, url


async def test_an_authority_that_hangs_and_a_folder_that_is_away_hold_up_neither_sealing_nor_each_other(
    cli: Cli, world: World, env: Mapping[str, Any], tmp_path: Path, hanging: tuple[Authority, str]
) -> None:
    authority, url = hanging
    stamped: dict[str, Any] = {
        "RECOURSE_EVIDENCE_TIMESTAMP_URL": url,
        "RECOURSE_EVIDENCE_TIMESTAMP_ROOTS": str(authority.roots(tmp_path / "roots.pem")),
        "RECOURSE_EVIDENCE_TIMESTAMP_EVERY_SECONDS": "0",
    }
    outside, away = tmp_path / "outside", tmp_path / "away"
    outside.rename(away)
    with sealers(cli, {**env, **stamped}, tmp_path / "log"):
        for round_ in range(3):
            await written(world, 1 + round_ * 10, 10)

            async def all_sealed(expected: int = 10 + round_ * 10) -> bool:
                return await sealed(world) == expected and authority.asked > 0

            await until("sealed while nothing outside answers", all_sealed)
        away.rename(outside)
        await until("the folder has it", _has(outside, f"{30:020d}.note"), 90)
        assert not list(outside.glob("*.tsr"))
        authority.hangs = False
        await until("stamped, and the folder has that too", _has(outside, f"{30:020d}.tsr"), 90)
    assert (await cli.json("evidence", "verify", **env, **stamped))["stamped"]["size"] == 30


async def test_it_gives_way_to_whoever_else_has_work(
    cli: Cli, world: World, env: Mapping[str, Any], tmp_path: Path
) -> None:
    await written(world, 1, 1)
    with sealers(cli, env, tmp_path / "log") as [one]:

        async def at_work() -> bool:
            return await sealed(world) == 1

        await until("the row is sealed", at_work)
        assert os.getpriority(os.PRIO_PROCESS, one.pid) > os.getpriority(os.PRIO_PROCESS, 0)


async def test_asked_to_stop_it_does_not_wait_for_who_hangs(
    cli: Cli, world: World, env: Mapping[str, Any], tmp_path: Path, hanging: tuple[Authority, str]
) -> None:
    authority, url = hanging
    roots = str(authority.roots(tmp_path / "roots.pem"))
    stamped = {"RECOURSE_EVIDENCE_TIMESTAMP_URL": url, "RECOURSE_EVIDENCE_TIMESTAMP_ROOTS": roots}
    await written(world, 1, 10)

    async def asked() -> bool:
        return authority.asked > 0

    with sealers(cli, {**env, **stamped}, tmp_path / "log") as running:
        process = running[0]
        await until("the authority is asked", asked)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, 10) == 0


def _has(folder: Path, name: str) -> Callable[[], Awaitable[bool]]:
    async def there() -> bool:
        return (folder / name).exists()

    return there
