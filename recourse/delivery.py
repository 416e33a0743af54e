"""accept → commit → nudge → mark delivered: the one delivery protocol of consumer, web, CLI and sweeper.

What if we die between the steps? Before the commit nothing happened and the sender repeats. After it the fact
counts, whether the case was nudged or not; the case row keeps `facts_due > facts_delivered`, so a repeated
event or the sweeper finds it. A nudge that arrives twice carries nothing new and is ignored by its number.
"""

from __future__ import annotations

import traceback
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import structlog

from recourse.contracts.delivery import Acceptance, Unacceptable, Unavailable
from recourse.contracts.events import BankEvent
from recourse.contracts.messages import Nudge, TaskAnswer, TaskReceipt
from recourse.domain.ids import CaseId, TaskId
from recourse.ports import AnswersTasks, CaseRuns, RunsUnavailable
from recourse.service.accepting import accept_facts
from recourse.service.answering import answer_task
from recourse.service.context import Services, Unit
from recourse.service.permitting import at_sight
from recourse.storage import cases, tasks

T = TypeVar("T")
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Delivery:
    """Implements `recourse.contracts.delivery.AcceptsFacts`."""

    services: Services
    runs: CaseRuns

    def for_lenders(self, names: Iterable[str] | None) -> Delivery:
        """The same for a caller who may see these only; None for every lender."""
        return replace(self, services=self.services.for_lenders(names))

    async def accept(self, events: Sequence[BankEvent]) -> Acceptance:
        """What nobody foresaw is the events' fault too: were it raised as it is, the one record that does it
        would end every consumer, one after the other, and come again."""
        try:
            return await self.services.run(partial(_accept, events=events))
        except (Unavailable, Unacceptable):
            raise
        except Exception as error:
            name = type(error).__name__
            where = _where(error)
            log.error(
                "accepting failed, the record is looked for", error=name, events=len(events), where=where
            )
            raise Unacceptable(name) from None

    async def nudge(self, nudge: Nudge) -> None:
        """Wake the case. A case whose run is completed has nothing left to hear."""
        try:
            await self.runs.nudge(nudge)
        except RunsUnavailable as error:
            raise Unavailable(str(error)) from error

    async def mark_delivered(self, nudges: Sequence[Nudge]) -> None:
        """Of every lender: a fact about a person is told to the cases of all his loans."""

        async def work(unit: Unit) -> None:
            await cases.mark_delivered(unit.tx, nudges)

        await self.services.for_lenders(None).run(work)

    async def deliver(self, nudges: Sequence[Nudge]) -> bool:
        """Nudge and mark; False when the engine is down: the fact counts, and the sweeper goes on later."""
        try:
            for nudge in nudges:
                await self.nudge(nudge)
            await self.mark_delivered(nudges)
        except Unavailable:
            return False
        return True

    async def note(self, fact: Callable[[Unit], Awaitable[tuple[T, tuple[Nudge, ...]]]]) -> tuple[T, bool]:
        """Write a fact of our own (a hold, a status) and deliver it. The bool: whether the case was told."""
        value, nudges = await self.services.run(fact)
        return value, await self.deliver(nudges)

    async def answer(self, runs: AnswersTasks, answer: TaskAnswer) -> TaskReceipt | None:
        """The receipt for a person's answer; None when there is no such task. Raises RunsUnavailable.

        What is refused at sight, or was answered before, disturbs nobody. The case's run answers all else. A
        closed case has none, and what was said in the call that was under way when it closed counts all the
        same, as does a recall that is asked about after the closing: then the use case is asked directly.
        """
        database = self.services.database
        async with database.reading() as tx:
            task = await tasks.get(tx, TaskId(answer.task_id))
            case = await cases.get(tx, CaseId(task.case_id)) if task else None
            if task is None or case is None:
                return None
            now = await database.now(tx)
            receipt = await at_sight(tx, self.services.book, answer, task, case, now)
        if receipt is not None:
            return receipt
        if case.closed_at is not None:
            return (await self.services.run(partial(answer_task, answer=answer))).receipt
        return await runs.answer_task(task.case_id, answer)


async def _accept(unit: Unit, events: Sequence[BankEvent]) -> Acceptance:
    return await accept_facts(unit, events)


def _where(error: Exception) -> list[str]:
    """Its traceback without its words: they may quote a record, and records are people."""
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
