"""A command that has spoken to Temporal ends with its code, and leaves no interpreter to be taken apart."""

from __future__ import annotations

import subprocess
import sys

import pytest

COMMAND = """
import atexit, sys
import typer
from recourse.cli.leaving import run
{bridge}

class Kept:
    def __del__(self):
        print("taken apart")

kept, app = Kept(), typer.Typer()
atexit.register(print, "told of the end")

@app.command()
def command() -> None:
    typer.echo("said")
    raise typer.Exit({code})

run(app)
"""
BRIDGE = "import temporalio.bridge.temporal_sdk_bridge"


@pytest.mark.parametrize("code", [0, 1, 3])
@pytest.mark.parametrize(("bridge", "taken_apart"), [(BRIDGE, []), ("", ["taken apart"])])
def test_a_command_ends_with_its_code_and_all_that_it_said(
    code: int, bridge: str, taken_apart: list[str]
) -> None:
    program = COMMAND.format(bridge=bridge, code=code)
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ended.returncode == code
    assert ended.stdout.splitlines() == ["said", "told of the end", *taken_apart]
    assert ended.stderr == ""
