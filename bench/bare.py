"""The bar: bare signal-with-start calls, as many side by side as the consumer makes.

Same server, same client library, same payload, and a worker with the same settings that takes every first
task meanwhile, as the worker of the cases does.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path

from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy

from bench.bare_workflow import BARE, SIGNAL
from bench.bed import Bed, Failed
from recourse.contracts.messages import CaseStart, Nudge


@dataclass
class BareCalls:
    bed: Bed
    side_by_side: int
    files: list[Path] = field(default_factory=list)
    made: int = 0

    @property
    def queue(self) -> str:
        return f"{self.bed.prefix}-bare"

    async def begin(self, workers: int) -> None:
        for number in range(workers):
            file = self.bed.logs / f"bare-{number}.count"
            file.write_text("0")
            self.files.append(file)
            await self.bed.spawn(f"bare-{number}", "bench.bare_worker", self.queue, str(file))

    async def measure(self, count: int) -> float:
        """Calls answered a second. Raises Failed when a call led to no run that took its first task."""
        slots = asyncio.Semaphore(self.side_by_side)
        keys = [f"bare-{self.bed.prefix}-{n}" for n in range(self.made, self.made + count)]
        self.made += count

        async def one(key: str) -> None:
            async with slots:
                await self._call(key)

        began = time.perf_counter()
        await asyncio.gather(*(one(key) for key in keys))
        answered = time.perf_counter() - began
        await self.bed.until(f"{self.made} first tasks taken", self._all_taken, 120, every=0.01)
        if self._taken() != self.made:
            raise Failed(f"bare runs: {self._taken()} first tasks taken of {self.made} calls")
        return count / answered

    async def _call(self, key: str) -> None:
        await self.bed.client.start_workflow(
            BARE,
            CaseStart(case_id=key, queue_prefix=self.bed.prefix, highest_fact=1),
            id=key,
            task_queue=self.queue,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            start_signal=SIGNAL,
            start_signal_args=[Nudge(key, 1, ("overdue",), "CN")],
        )

    async def _all_taken(self) -> bool:
        return self._taken() >= self.made

    def _taken(self) -> int:
        return sum(int(file.read_text() or 0) for file in self.files)
