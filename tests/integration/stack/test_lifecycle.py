"""`recourse stack up|down|status`: what starts is reported, what stops is gone."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import asyncpg

from recourse.stack import StackAddresses
from tests.integration.stack.conftest import CommandLine, all_gone

SMALL = ("--with", "postgres,smtp")


async def test_up_answers_on_every_address_and_down_leaves_no_process(command: CommandLine) -> None:
    up = command.run("up")
    assert up.returncode == 0, up.stderr
    status = command.run("status", "--json", RECOURSE_API_PORT="18099")
    assert status.returncode == 0, status.stdout
    told = json.loads(status.stdout)
    _tells_every_address(told)
    servers = told["servers"]
    assert set(servers) == {"postgres", "kafka", "temporal", "smtp", "smsc", "traccar", "legal_desk"}
    assert all(server["healthy"] and server["source"] for server in servers.values())
    processes = command.processes()
    assert len(processes) == 8

    down = command.run("down")
    assert down.returncode == 0, down.stderr
    assert await all_gone(processes, seconds=0)
    assert command.run("status").returncode == 3


def _tells_every_address(told: dict[str, Any]) -> None:
    assert told["database_url"].startswith("postgresql+asyncpg://")
    assert told["temporal_ui_url"].startswith("http://")
    assert told["api_url"] == "http://127.0.0.1:18099/api"
    for address in (
        told["kafka_brokers"],
        told["temporal_address"],
        f"{told['smpp_host']}:{told['smpp_port']}",
    ):
        host, _, port = address.rpartition(":")
        socket.create_connection((host, int(port)), timeout=5).close()
    logs = {end: Path(path).name for end, path in told["end_logs"].items()}
    assert logs == {end: f"{end}.ndjson" for end in ("smtp", "smsc", "traccar", "legal_desk")}


def test_second_up_leaves_the_running_stack_alone(command: CommandLine) -> None:
    assert command.run("up", *SMALL).returncode == 0
    first = command.processes()
    again = command.run("up", *SMALL)
    assert again.returncode == 0
    assert "already running" in again.stdout
    assert command.processes() == first


def test_asking_a_running_stack_for_more_says_what_is_not_there(command: CommandLine) -> None:
    assert command.run("up", "--with", "smtp").returncode == 0
    more = command.run("up", "--with", "smtp,smsc")
    assert more.returncode == 3
    assert "smsc" in more.stderr


async def test_killed_supervisor_takes_every_process_with_it(command: CommandLine) -> None:
    assert command.run("up").returncode == 0
    processes = command.processes()
    *_, supervisor = processes
    os.kill(supervisor, signal.SIGKILL)
    assert await all_gone(processes)
    assert command.run("status").returncode == 3

    assert command.run("up", *SMALL).returncode == 0, "what the killed one left must not be in the way"
    said = {name: server["detail"] for name, server in command.status()["servers"].items()}
    assert said == {"postgres": "answers", "smtp": "answers"}


async def test_ctrl_c_in_the_foreground_stops_in_order(command: CommandLine) -> None:
    with command.open("up", "--foreground", *SMALL) as foreground:
        assert foreground.stdout is not None
        while "Ctrl-C" not in foreground.stdout.readline():
            assert foreground.poll() is None
        processes = command.processes()
        os.killpg(foreground.pid, signal.SIGINT)  # what a terminal does: the whole group gets it
        rest = foreground.stdout.read()
    assert foreground.returncode == 0
    assert "stopped" in rest
    assert await all_gone(
        {pid: birth for pid, birth in processes.items() if pid != foreground.pid}, seconds=0
    )
    log = (command.home / "logs" / "postgres.log").read_text()
    assert "database system is shut down" in log


async def test_ctrl_c_while_starting_leaves_nothing(command: CommandLine) -> None:
    with command.open("up", "--foreground", *SMALL) as foreground:
        while not ((command.home / "stack.json").exists() and len(command.processes()) > 1):
            assert foreground.poll() is None
            await asyncio.sleep(0.01)
        processes = command.processes()
        os.killpg(foreground.pid, signal.SIGINT)
        foreground.communicate()
    assert foreground.returncode == 0
    assert await all_gone(
        {pid: birth for pid, birth in processes.items() if pid != foreground.pid}, seconds=0
    )
    assert not (command.home / "stack.json").exists()


def test_a_taken_port_is_avoided_unless_it_was_asked_for(command: CommandLine) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        taken = holder.getsockname()[1]
        refused = command.run("up", "--with", "smtp", RECOURSE_STACK_PORT_SMTP=str(taken))
        assert refused.returncode == 3
        assert "RECOURSE_STACK_PORT_SMTP" in refused.stderr
    usual = 12525
    with ExitStack() as held:
        with suppress(OSError):  # somebody else holds it, which serves as well
            held.enter_context(socket.create_server(("127.0.0.1", usual)))
        assert command.run("up", "--with", "smtp").returncode == 0
        assert command.status()["smtp_port"] != usual


def test_a_configured_address_is_used_and_left_running(command: CommandLine, ends: StackAddresses) -> None:
    settings = {"RECOURSE_SMTP_HOST": ends.smtp_host, "RECOURSE_SMTP_PORT": str(ends.smtp_port)}
    assert command.run("up", "--with", "smtp,traccar", **settings).returncode == 0
    status = command.status()
    assert status["smtp_port"] == ends.smtp_port
    assert status["servers"]["smtp"]["source"] == "configured"
    assert status["servers"]["smtp"]["pid"] is None
    assert set(status["end_logs"]) == {"traccar"}
    assert command.run("down").returncode == 0
    socket.create_connection((ends.smtp_host, ends.smtp_port), timeout=5).close()


async def test_a_configured_sms_centre_is_told_no_password(command: CommandLine) -> None:
    """It may want TLS, of which the stack knows nothing."""
    heard: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read())
        writer.close()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as server:
        port = str(server.sockets[0].getsockname()[1])
        settings = {"HOST": "127.0.0.1", "PORT": port, "SYSTEM_ID": "us", "PASSWORD": "sesame"}
        named = {f"RECOURSE_SMPP_{name}": value for name, value in settings.items()}
        up = await asyncio.to_thread(command.run, "up", "--with", "smsc", **named)
        assert up.returncode == 0, up.stderr
        assert (await asyncio.to_thread(command.run, "status")).returncode == 0
    assert heard == [b"", b""]


def test_a_configured_address_that_is_dead_is_named_and_nothing_stays_up(command: CommandLine) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        brokers = f"127.0.0.1:{unused.getsockname()[1]}"
        up = command.run("up", "--with", "smtp,kafka", RECOURSE_KAFKA_BROKERS=brokers)
    assert up.returncode == 3
    assert brokers in up.stderr
    assert command.run("status").returncode == 3


def test_what_is_missing_is_said_with_the_command_that_gets_it(command: CommandLine, tmp_path: Path) -> None:
    empty = str(tmp_path / "empty")
    up = command.run("up", "--with", "kafka", PATH=empty, RECOURSE_CACHE=empty)
    assert up.returncode == 3
    assert up.stderr.splitlines() == [
        "Java 17, which Kafka runs on, is missing. "
        "To get it: apt-get install openjdk-17-jre-headless, or set RECOURSE_KAFKA_BROKERS"
    ]


def test_an_unknown_member_is_a_usage_error(command: CommandLine) -> None:
    assert command.run("up", "--with", "oracle").returncode == 2


async def test_only_a_persistent_stack_keeps_its_data(command: CommandLine) -> None:
    kept, scratch = (*SMALL, "--persistent"), SMALL
    for arguments, expected in ((kept, True), (scratch, False)):
        assert command.run("up", *arguments).returncode == 0
        await _execute(command, "CREATE TABLE kept (number int)")
        assert command.run("down").returncode == 0
        assert command.run("up", *arguments).returncode == 0
        assert await _execute(command, "SELECT to_regclass('kept') IS NOT NULL") is expected
        assert command.run("down").returncode == 0


async def _execute(command: CommandLine, statement: str) -> object:
    url: str = command.status()["database_url"].replace("+asyncpg", "")
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()
