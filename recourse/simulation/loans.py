"""The book that is simulated: loans as they stand when the window begins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Protocol

from recourse.domain.delinquency import Arrears, Installment
from recourse.domain.ids import LoanId
from recourse.packs.behaviours import BookShape
from recourse.simulation.draws import Draws

LAST_DUE_DAY = 28
"""Every month has it."""
PAID_BEFORE = 12
"""Installments that an invented loan has behind it (assumed): who is late is no first-payment default."""


@dataclass(frozen=True, slots=True)
class Loan:
    """installment_minor: due monthly on `due_day` (1 to 28). next_number: of the first installment that falls
    due in the window; `left` fall due in all from then on. arrears: unpaid before the window."""

    id: LoanId
    installment_minor: int
    due_day: int
    next_number: int
    left: int
    arrears: Arrears


class Book(Protocol):
    """Loans that can be run in parts, by whoever has the time."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Loan]: ...
    def part(self, start: int, stop: int) -> Book:
        """The loans from `start` to before `stop`: what a process is given."""
        ...


@dataclass(frozen=True, slots=True)
class LoanList:
    """The loans of a file."""

    loans: tuple[Loan, ...]

    def __len__(self) -> int:
        return len(self.loans)

    def __iter__(self) -> Iterator[Loan]:
        return iter(self.loans)

    def part(self, start: int, stop: int) -> LoanList:
        return LoanList(self.loans[start:stop])


@dataclass(frozen=True, slots=True)
class InventedBook:
    """Loans by number, made when they are asked for: a million of them take no memory.

    first: first day of the window.
    """

    shape: BookShape
    seed: int
    first: date
    numbers: range

    def __len__(self) -> int:
        return len(self.numbers)

    def __iter__(self) -> Iterator[Loan]:
        return (self._loan(number) for number in self.numbers)

    def part(self, start: int, stop: int) -> InventedBook:
        return replace(self, numbers=self.numbers[start:stop])

    def _loan(self, number: int) -> Loan:
        shape, loan_id = self.shape, LoanId(f"sim-{number:07d}")
        draws = Draws(self.seed, loan_id)
        low, high = int(shape.installment_low.value), int(shape.installment_high.value)
        installment = draws.whole(low, high, "installment")
        day = draws.whole(1, LAST_DUE_DAY, "due_day")
        behind = 0
        if draws.happens(shape.late.value, "late"):
            behind = draws.whole(1, max(1, int(shape.late_installments.value)), "late_installments")
        left = draws.whole(int(shape.left_low.value), int(shape.left_high.value), "left")
        unpaid = [
            Installment(
                PAID_BEFORE + behind - back + 1, due_before(self.first, day, back), installment, installment
            )
            for back in range(behind, 0, -1)
        ]
        return Loan(loan_id, installment, day, PAID_BEFORE + behind + 1, left, Arrears.of(unpaid))


def due_from(day: date, due_day: int, later: int = 0) -> date:
    """The first due date on or after a day, or one some months later."""
    index = day.year * 12 + day.month - 1 + (day.day > due_day) + later
    return date(index // 12, index % 12 + 1, due_day)


def due_before(day: date, due_day: int, back: int) -> date:
    """The last due date before a day (back = 1), or an earlier one."""
    return due_from(day, due_day, -back)
