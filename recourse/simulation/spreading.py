"""A whole book, by as many processes as there are: parts go out, tallies come back, in whatever order."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field

from recourse.packs.behaviours import Behaviour
from recourse.simulation.life import Life
from recourse.simulation.loans import Book
from recourse.simulation.model import Model
from recourse.simulation.tally import Paired, Tally
from recourse.simulation.trial import Trial, Window

LARGEST_PART = 250
"""Loans. Small enough for a progress bar that moves."""


@dataclass(frozen=True, slots=True)
class Setup:
    """trials: A, and B where two are compared."""

    trials: tuple[Trial, ...]
    behaviour: Behaviour
    window: Window
    seed: int


@dataclass(slots=True)
class Result:
    """tallies: one a trial. paired: B against A, empty with one trial."""

    tallies: list[Tally]
    paired: Paired = field(default_factory=Paired)

    @staticmethod
    def empty(setup: Setup) -> Result:
        return Result([Tally() for _ in setup.trials])

    def merge(self, other: Result) -> None:
        for mine, theirs in zip(self.tallies, other.tallies, strict=True):
            mine.merge(theirs)
        self.paired.merge(other.paired)


def simulate(
    setup: Setup, book: Book, processes: int, told: Callable[[int], None] = lambda loans: None
) -> Result:
    """told: how many more loans are done. The result is the same for every number of processes."""
    result = Result.empty(setup)
    done = _here(setup, book) if processes <= 1 else _elsewhere(setup, book, processes)
    for loans, part in done:
        result.merge(part)
        told(loans)
    return result


def run_part(setup: Setup, model: Model, book: Book) -> Result:
    result = Result.empty(setup)
    for loan in book:
        figures = [
            Life(loan, trial, model, setup.window, setup.seed, tally).run()
            for trial, tally in zip(setup.trials, result.tallies, strict=True)
        ]
        if len(figures) == 2:
            result.paired.take(*figures)
    return result


def _parts(book: Book, processes: int) -> Iterator[Book]:
    size = max(1, min(LARGEST_PART, -(-len(book) // (processes * 8))))
    return (book.part(start, start + size) for start in range(0, len(book), size))


def _here(setup: Setup, book: Book) -> Iterator[tuple[int, Result]]:
    model = Model.of(setup.behaviour)
    for part in _parts(book, 1):
        yield len(part), run_part(setup, model, part)


def _elsewhere(setup: Setup, book: Book, processes: int) -> Iterator[tuple[int, Result]]:
    """A few parts a process are under way at a time, so that a million loans never wait in memory."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, _begin, (setup,)) as pool:
        under_way: set[Future[tuple[int, Result]]] = set()
        try:
            for part in _parts(book, processes):
                under_way.add(pool.submit(_work, part))
                if len(under_way) >= processes * 3:
                    done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
                    yield from (future.result() for future in done)
            while under_way:
                done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


_given: list[tuple[Setup, Model]] = []
"""What this process works with, sent once and not with each part."""


def _begin(setup: Setup) -> None:
    _given.append((setup, Model.of(setup.behaviour)))


def _work(part: Book) -> tuple[int, Result]:
    setup, model = _given[0]
    return len(part), run_part(setup, model, part)
