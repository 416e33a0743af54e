"""What is going to happen to one loan, in order of time. A loan sleeps until the next of it."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from datetime import date, datetime

from recourse.domain.ids import TaskId


@dataclass(frozen=True, slots=True)
class DueDay:
    """The morning after a due date: the installment was paid, or the bank tells that it was not."""

    number: int
    due: date


@dataclass(frozen=True, slots=True)
class Pays:
    """Money comes, if the delinquency that it was meant for still goes on."""

    delinquency: int
    in_full: bool


@dataclass(frozen=True, slots=True)
class Works:
    """Somebody takes the task."""

    task_id: TaskId


@dataclass(frozen=True, slots=True)
class Lifts:
    """A hold without an end is lifted."""

    hold_id: str


@dataclass(frozen=True, slots=True)
class Moves:
    """The borrower's number is dead."""

    time: int


@dataclass(frozen=True, slots=True)
class Found:
    """The bank has the new number and place."""

    time: int


@dataclass(frozen=True, slots=True)
class Concludes:
    """The legal desk is done with the case."""

    episode: int


Happening = DueDay | Pays | Works | Lifts | Moves | Found | Concludes


class Agenda:
    """Happenings at the same instant come in the order in which they were put."""

    __slots__ = ("_count", "_heap")

    def __init__(self) -> None:
        self._heap: list[tuple[datetime, int, Happening]] = []
        self._count = 0

    def put(self, at: datetime, happening: Happening) -> None:
        self._count += 1
        heapq.heappush(self._heap, (at, self._count, happening))

    def next_at(self) -> datetime | None:
        return self._heap[0][0] if self._heap else None

    def take(self) -> Happening:
        return heapq.heappop(self._heap)[2]

    def clear(self) -> None:
        self._heap.clear()
