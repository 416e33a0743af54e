"""One PostgreSQL, Kafka and Temporal for all workers of a run: else each would start and keep its own.

The ends of the outside world are not shared. Tests tell them to fail, and nobody else's test may meet that.
"""

from __future__ import annotations

import asyncio
import dataclasses
import tempfile
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from recourse.stack import StackAddresses, StackError, running
from recourse.stack.state import Home, Phase, read_state

WITHIN = 120
"""Seconds that a worker waits for the stack, which starts while tests are collected."""


class OneStack:
    """Held by the process that hands the tests out."""

    def __init__(self) -> None:
        self._home = Path(tempfile.mkdtemp(prefix="recourse-tests-"))
        self._over = threading.Event()
        self._thread = ThreadPoolExecutor(1)
        self._run: Future[None] = self._thread.submit(asyncio.run, self._kept())

    @property
    def file(self) -> str:
        """Where the state is, as soon as there is one."""
        return str(Home(self._home).state_file)

    def end(self) -> None:
        """Raises what kept it from starting."""
        self._over.set()
        self._run.result()

    async def _kept(self) -> None:
        async with running(self._home, ends=()):
            await asyncio.to_thread(self._over.wait)


SHARED = (
    "database_url",
    "kafka_brokers",
    "temporal_address",
    "temporal_namespace",
    "temporal_ui_url",
    "temporal_keys_file",
    "codec_port",
)


async def with_servers(ends: StackAddresses, file: str) -> StackAddresses:
    """Ends of one's own, and the servers that another process starts."""
    for _ in range(WITHIN * 10):
        state = read_state(Path(file))
        if state is not None and state.phase is Phase.READY:
            return dataclasses.replace(ends, **{name: getattr(state.addresses, name) for name in SHARED})
        await asyncio.sleep(0.1)
    raise StackError(f"the servers of this run are not ready; see {Path(file).parent / 'logs'}")
