"""The long-running processes: one each, several side by side, stopped by SIGTERM or Ctrl-C."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from typing import Final

from recourse.cli.common import run

GIVES_WAY: Final = 5
"""Niceness of the sealer. Of all guards it alone takes processor time that is felt, a millisecond a row, and
nobody waits for it: where there is not enough for all, a consumer and a worker get three times as much."""


def consume() -> None:
    """Take the bank's events from Kafka."""
    from recourse.app.consume import run_consumer

    _start(run_consumer)


def worker() -> None:
    """Host the cases and perform their steps."""
    from recourse.app.worker import run_worker

    _start(run_worker)


def relay() -> None:
    """Publish what happened on `recourse.case-events`."""
    from recourse.app.relay import run_relay

    _start(run_relay)


def web() -> None:
    """Serve the HTTP API."""
    from recourse.app.web import run_web

    _start(run_web)


def seal() -> None:
    """Seal what was written into the evidence ledger."""
    from recourse.app.seal import run_sealer

    os.nice(GIVES_WAY)
    _start(run_sealer)


def positions() -> None:
    """Take the tracking server's feed of positions, where there is one."""
    from recourse.app.positions import run_positions

    _start(run_positions)


def codec() -> None:
    """Open encrypted payloads for Temporal's Web UI."""
    from recourse.app.codec import run_codec

    _start(run_codec)


def _start(process: Callable[..., Awaitable[None]]) -> None:
    from recourse.app.logs import configure_logging
    from recourse.app.settings import load_settings

    async def main() -> None:
        settings = load_settings()
        configure_logging(settings.log_format)
        await guarded(process(settings))

    run(main())


class Unforeseen(Exception):
    """What ended a process that nobody stopped: a bug. It keeps its traceback and its exit code of 1."""


async def guarded(process: Awaitable[None]) -> None:
    """Of a command these errors say that its user named what there is not (exit 2). Nobody names anything to
    a process, and after a 2 systemd would leave it down."""
    from recourse.contracts.delivery import Unacceptable

    try:
        await process
    except (LookupError, Unacceptable) as error:
        raise Unforeseen(type(error).__name__) from error


COMMANDS = {
    "consume": consume,
    "worker": worker,
    "relay": relay,
    "web": web,
    "seal": seal,
    "positions": positions,
    "codec": codec,
}
