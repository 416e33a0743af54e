"""The folder outside the checkout where fetched and built servers stay, keyed by version: paid once a
machine.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from recourse.stack.errors import StackError
from recourse.stack.process import Launch, run_tool

Fill = Callable[[Path], Awaitable[None]]


def cache_folder() -> Path:
    """`RECOURSE_CACHE`, else `~/.cache/recourse`."""
    return Path(os.environ.get("RECOURSE_CACHE") or Path.home() / ".cache" / "recourse")


async def fill_once(entry: str, wanted: str, fill: Fill) -> Path:
    """The path `wanted` in the cache's folder `entry`, which `fill(folder)` provides if it is not there yet.

    A folder appears complete or not at all: it is filled beside its place and moved there, and a lock lets
    only one process of the machine do it while others wait for the result.
    """
    final = cache_folder() / entry
    if (final / wanted).exists():
        return final / wanted
    final.parent.mkdir(parents=True, exist_ok=True)
    with final.with_name(f".{entry}.lock").open("w") as lock:
        await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
        if (final / wanted).exists():
            return final / wanted
        draft = Path(tempfile.mkdtemp(prefix=f".{entry}-", dir=final.parent))
        try:
            await fill(draft)
            if not (draft / wanted).exists():
                raise StackError(f"{entry} was fetched but holds no {wanted}")
            draft.chmod(0o755)
            shutil.rmtree(final, ignore_errors=True)  # something else's half-filled folder
            draft.rename(final)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return final / wanted


async def fetch(
    tool: str, program: list[str], *, seconds: float, environment: dict[str, str] | None = None
) -> None:
    """Runs a package client; its output goes to the cache's `fetch.log`. Raises StackError with the log's
    end.
    """
    launch = Launch(program=program, environment=environment or {})
    await run_tool(tool, launch, cache_folder() / "fetch.log", seconds=seconds)


def named_binary(server: str) -> Path | None:
    """The program named by `RECOURSE_<SERVER>_BIN`; StackError when that path does not exist."""
    variable = f"RECOURSE_{server.upper()}_BIN"
    value = os.environ.get(variable)
    if not value:
        return None
    path = Path(value).expanduser()
    if not path.exists():
        raise StackError(f"{variable} names {value}, which does not exist; correct it or unset it")
    return path.resolve()


def on_path(program: str) -> Path | None:
    """A program found on PATH, with links resolved, since servers look for their libraries beside
    themselves.
    """
    found = shutil.which(program)
    return Path(found).resolve() if found else None
