"""SIGTERM and Ctrl-C ask; a second one that comes later does not ask any more."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

PROGRAM = """
import asyncio
from recourse.app.logs import configure_logging
from recourse.app.stopping import stop_signal

async def main():
    configure_logging()
    stopping = stop_signal()
    print("up", flush=True)
    await stopping.wait()
    print("asked", flush=True)
    await asyncio.sleep({lingers})

asyncio.run(main())
"""


def _process(lingers: float) -> subprocess.Popen[str]:
    child = subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(lingers=lingers)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "up\n"
    return child


def test_asked_once_it_finishes_what_it_does() -> None:
    child = _process(lingers=0.1)
    child.send_signal(signal.SIGTERM)
    assert child.wait(10) == 0


def test_the_same_ctrl_c_handed_on_twice_is_one() -> None:
    child = _process(lingers=0.3)
    child.send_signal(signal.SIGINT)
    child.send_signal(signal.SIGINT)
    assert child.wait(10) == 0


def test_asked_again_later_it_ends_at_once() -> None:
    child = _process(lingers=60)
    assert child.stdout is not None
    child.send_signal(signal.SIGINT)
    assert child.stdout.readline() == "asked\n"
    time.sleep(1.1)  # less is the same Ctrl-C
    child.send_signal(signal.SIGINT)
    assert child.wait(10) == 128 + signal.SIGINT
