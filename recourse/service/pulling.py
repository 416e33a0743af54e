"""What the queue gives to whom, and what is passed over: by a person with a reason, or because the gate says
no until a certain time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from recourse.domain.ids import TaskId
from recourse.service import contacting
from recourse.service.context import Unit
from recourse.service.deciding import locked
from recourse.service.permitting import as_his, teams_of
from recourse.service.tokens import Caller
from recourse.storage import queue, tasks
from recourse.storage.database import ReadTx
from recourse.storage.persons import of_same_person
from recourse.storage.queue import Counts, QueueLine

GIVEN_FOR: Final = timedelta(seconds=30)
"""For the way from the queue to the claim."""
ASKED_AGAIN: Final = timedelta(hours=1)
"""What is refused without an opening time, or taken by somebody else, is offered again after that."""


class Skip(StrEnum):
    """Why a person passes a task over, and by that for how long."""

    LATER = "later"
    MISSING_PAPER = "missing_paper"
    LANGUAGE = "language"
    KNOWS_THEM = "knows_them"

    @property
    def lasts(self) -> timedelta:
        return {
            Skip.LATER: timedelta(hours=1),
            Skip.MISSING_PAPER: timedelta(days=1),
            Skip.LANGUAGE: timedelta(days=30),
            Skip.KNOWS_THEM: timedelta(days=365),
        }[self]


@dataclass(frozen=True, slots=True)
class Board:
    lines: list[QueueLine]
    counts: Counts
    now: datetime


async def board(tx: ReadTx, who: Caller, now: datetime, limit: int = 50) -> Board:
    teams, actors = teams_of(who.role), await _actors(tx, who)
    found = await queue.lines(tx, teams, actors, now, limit)
    return Board(found, await queue.counts(tx, teams, actors, now), now)


async def _actors(tx: ReadTx, who: Caller) -> list[str]:
    """His own first: what he holds under another credential is his all the same."""
    others = await of_same_person(tx, who.actor)
    return [who.actor, *(one for one in others if one != who.actor)]


async def holding(tx: ReadTx, who: Caller, now: datetime) -> TaskId | None:
    """What he has claimed and not finished: who pulls twice gets it again and not another."""
    return await queue.own(tx, teams_of(who.role), await _actors(tx, who), now)


async def offer(unit: Unit, who: Caller) -> TaskId | None:
    """The best task for him, kept from all others until he has claimed it; None when there is none."""
    return await queue.take_best(unit.tx, teams_of(who.role), who.actor, unit.now, unit.now + GIVEN_FOR)


async def set_aside(unit: Unit, task: TaskId, code: str, opens_at: datetime | None) -> None:
    """For everybody: what the gate says no to now is no use to anybody."""
    until = opens_at if opens_at is not None else unit.now + ASKED_AGAIN
    await queue.note(unit.tx, task, queue.EVERYBODY, code, unit.now, until)


async def skip(unit: Unit, who: Caller, task_id: TaskId, why: Skip) -> bool:
    """Passed over for him, and let go where he holds it: a slot that he did not use is given back. False
    where there is no such task for him."""
    row = await tasks.get(unit.tx, task_id)
    if row is None or row.team not in teams_of(who.role) or row.state not in tasks.ACTIVE:
        return False
    await locked(unit, row.case_id)
    row = await as_his(unit.tx, await tasks.get(unit.tx, task_id) or row, who.actor)
    if row.claimed_now(unit.now) and row.claimed_by == who.actor:
        unused = await contacting.unused(unit, row.attempt_id)
        if unused is not None and row.attempt_id is not None:
            await contacting.give_back(unit, row.attempt_id)
        await tasks.let_go(unit.tx, task_id, keep_attempt=unused is None)
    await queue.note(unit.tx, task_id, who.actor, why.value, unit.now, unit.now + why.lasts)
    return True
