"""Lanes: the nudges of one case keep their order, cases go side by side under one limit.

While a case's nudge waits or is under way, later ones of the same case are folded into the next: one billable
signal instead of many, however hot the loan.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog

from recourse.contracts.messages import Nudge

log = structlog.get_logger(__name__)

Done = Callable[[], None]


def fold(first: Nudge, second: Nudge) -> Nudge:
    """One nudge that says what both said; of two plans the one decided later."""
    kinds = tuple(sorted({*first.kinds, *second.kinds}))
    highest = max(first.highest_fact, second.highest_fact)
    plans = [nudge.plan for nudge in (first, second) if nudge.plan is not None]
    plan = max(plans, key=lambda plan: (plan.number, plan.facts_seen), default=None)
    return Nudge(first.case_id, highest, kinds, second.region or first.region, plan)


@dataclass(slots=True)
class _Waiting:
    nudge: Nudge
    done: list[Done] = field(default_factory=list)


class Lanes:
    """deliver: wakes one case and returns once that is durable; it retries inside, for as long as it takes.

    The `done` callbacks of every nudge folded into a delivery are called after it.
    """

    def __init__(self, deliver: Callable[[Nudge], Awaitable[None]], *, side_by_side: int = 128) -> None:
        self._deliver = deliver
        self._slots = asyncio.Semaphore(side_by_side)
        self._waiting: dict[str, _Waiting] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self.failure: str | None = None
        """What a delivery raised, if ever one did: its offsets never finish, only starting anew helps."""

    def put(self, nudge: Nudge, done: Done) -> None:
        waiting = self._waiting.get(nudge.case_id)
        if waiting is None:
            waiting = self._waiting[nudge.case_id] = _Waiting(nudge)
        else:
            waiting.nudge = fold(waiting.nudge, nudge)
        waiting.done.append(done)
        if nudge.case_id not in self._running:
            self._running[nudge.case_id] = asyncio.create_task(self._lane(nudge.case_id))

    @property
    def load(self) -> int:
        """Cases with a nudge waiting or under way."""
        return len(self._running)

    async def drain(self, seconds: float) -> bool:
        """Wait until all lanes are empty; False when the time ran out. Never cancels a delivery."""
        running = list(self._running.values())
        if not running:
            return True
        _, pending = await asyncio.wait(running, timeout=seconds)
        return not pending

    async def abandon(self) -> None:
        """Stop every lane. What was not delivered is found again: its offset was never committed."""
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _lane(self, case_id: str) -> None:
        try:
            while (waiting := self._waiting.get(case_id)) is not None:
                async with self._slots:
                    # Taken only now: whatever came while we queued for the slot rides along.
                    waiting = self._waiting.pop(case_id)
                    await self._deliver(waiting.nudge)
                for done in waiting.done:
                    done()
        except Exception as error:
            log.exception("delivery failed", case_id=case_id)
            self.failure = type(error).__name__
        finally:
            self._running.pop(case_id, None)
