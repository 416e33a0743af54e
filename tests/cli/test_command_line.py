"""The whole of it: quick to start, every command explains itself, and as a process it ends as it says."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from recourse.cli import app
from tests.cli.conftest import UNUSED, Cli

HEAVY = ("sqlalchemy", "temporalio", "aiokafka", "pydantic", "fastapi", "httpx", "jinja2", "holidays")
PROCESSES = {"consume", "worker", "relay", "web", "seal", "positions", "codec", "stack up", "stack down"}
DOCUMENTS = {"evidence checkpoint", "evidence prove", "evidence verifier"}
"""What these print is a format of its own, for whoever checks it."""


def _commands() -> dict[str, list[str]]:
    """Every command with its options."""
    found: dict[str, list[str]] = {}
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]
        inner = getattr(command, "commands", None)
        for sub, one in inner.items() if inner else [("", command)]:
            found[f"{name} {sub}".strip()] = [text for option in one.params for text in option.opts]
    return found


def test_every_command_that_ends_by_itself_speaks_json() -> None:
    silent = {name for name, options in _commands().items() if "--json" not in options}
    assert silent == PROCESSES | DOCUMENTS


@pytest.mark.parametrize("command", sorted(_commands()))
async def test_help_says_what_a_command_does(desk: Cli, command: str) -> None:
    result = await desk(*command.split(), "--help")
    assert result.exit_code == 0
    assert command in result.stdout
    assert len(result.stdout.splitlines()) > 4


def test_nothing_heavy_is_loaded_before_a_command_runs() -> None:
    look = f"import recourse.cli, sys; print([name for name in {HEAVY!r} if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"


def _process(desk: Cli, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    machine = {k: v for k, v in os.environ.items() if not k.startswith(("RECOURSE_", "TEMPORAL_"))}
    return subprocess.run(
        [sys.executable, "-m", "recourse.cli", *arguments],
        env=machine | dict(desk.env) | env,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_process_ends_with_the_exit_code_and_one_line(desk: Cli, tmp_path: Path) -> None:
    spoilt = tmp_path / "spoilt.ndjson"
    spoilt.write_text("{\n")
    assert _process(desk, "events", "validate", str(spoilt)).returncode == 1
    away = _process(desk, "dlq", "ls", RECOURSE_KAFKA_BROKERS=UNUSED)
    assert away.returncode == 3
    assert len(away.stderr.splitlines()) == 1


def test_a_port_that_is_taken_ends_the_api_with_one_line(desk: Cli) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = _process(desk, "web", RECOURSE_API_PORT=port)
    assert ended.returncode == 2
    assert [port in line and "RECOURSE_API_PORT" in line for line in ended.stderr.splitlines()] == [True]


async def test_the_version_is_told(desk: Cli) -> None:
    result = await desk("--version")
    assert result.exit_code == 0
    assert result.stdout.startswith("recourse ")
