"""Running until told to stop: SIGTERM and SIGINT ask once, politely; a second one is for the impatient."""

from __future__ import annotations

import asyncio
import os
import signal
import time

import structlog

log = structlog.get_logger(__name__)

IMPATIENT_AFTER = 1.0
"""Seconds. Sooner it is the same Ctrl-C, which a terminal and a parent process may both hand on."""


def stop_signal() -> asyncio.Event:
    """Set when the process is asked to stop. Asked again, the process ends at once, as if killed: what it had
    under way is found again like after any crash."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    asked_at = 0.0

    def asked(number: signal.Signals) -> None:
        nonlocal asked_at
        if not stopping.is_set():
            asked_at = time.monotonic()
            log.info("stopping", signal=number.name)
            stopping.set()
        elif time.monotonic() - asked_at >= IMPATIENT_AFTER:
            log.warning("asked to stop again: ending at once", signal=number.name)
            os._exit(128 + number)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked, number)
    return stopping
