"""A stack for the length of a block ends with the block, and with the process that entered it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from recourse.stack import StackAddresses, StackError, running
from tests.integration.stack.conftest import CommandLine, all_gone

HOLDER = """
import asyncio, sys
from pathlib import Path
from recourse.stack import running

async def hold():
    async with running(Path(sys.argv[1]), servers=("postgres",), ends=("smtp",)):
        print("entered", flush=True)
        await asyncio.Event().wait()

asyncio.run(hold())
"""


async def test_the_block_ends_and_nothing_is_left(tmp_path: Path) -> None:
    async with running(tmp_path, servers=("postgres",), ends=()) as addresses:
        assert addresses.database_url
        assert addresses.kafka_brokers == ""
        state = json.loads((tmp_path / "stack.json").read_text())
    postgres = state["members"]["postgres"]
    assert await all_gone({postgres["pid"]: postgres["birth"]}, seconds=0)
    assert not list((tmp_path / "scratch").iterdir())


async def test_the_stack_ends_with_the_process_that_entered_it(tmp_path: Path) -> None:
    arguments = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as holder:  # noqa: ASYNC220
        assert holder.stdout is not None
        assert holder.stdout.readline() == "entered\n"
        processes = CommandLine(tmp_path).processes()
        os.kill(holder.pid, signal.SIGKILL)
    assert len(processes) == 3
    assert await all_gone(processes)


async def test_a_stack_that_runs_already_is_used_and_left_running(
    command: CommandLine, ends: StackAddresses, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert command.run("up", "--with", "smtp").returncode == 0
    monkeypatch.setenv("RECOURSE_TEST_STACK", str(command.home / "stack.json"))
    async with running(tmp_path / "unused") as addresses:
        assert addresses.smtp_port == command.status()["smtp_port"]
    assert not (tmp_path / "unused").exists()
    socket.create_connection((addresses.smtp_host, addresses.smtp_port), timeout=5).close()

    assert command.run("down").returncode == 0
    with pytest.raises(StackError, match="RECOURSE_TEST_STACK"):
        async with running(tmp_path / "unused"):
            pass
