"""`python -m bench.simulation`: how fast strategies are tried, and that memory stays flat in days.

Exit codes: 0 every target is reached, 1 one is not, 4 a correctness check failed, and then no figure is kept.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import platform
import resource
import sys
import time
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from bench.figures import Figure, Spread
from recourse.domain.law.rule import Collector
from recourse.packs.behaviours import installed_behaviours
from recourse.packs.loader import Place, load_packs
from recourse.simulation.loans import InventedBook
from recourse.simulation.spreading import Result, Setup, simulate
from recourse.simulation.trial import Trial, Window

RESULTS = Path(__file__).parent / "results"
NOT_REACHED, WRONG = 1, 4
FIRST, COUNTRY, SEED = date(2027, 1, 1), "US", 1
WINDOWS = (90, 365, 730)
FLAT = 1.1
"""Peak memory of 730 days over that of 90."""
TARGET_LOANS, TARGET_DAYS, TARGET_SECONDS = 10_000, 365, 60
console = Console(width=None if sys.stdout.isatty() else 120)


class Failed(Exception):
    """A correctness check did not hold: what was measured has no number."""


def main(
    loans: Annotated[int, typer.Option(min=200, help="Loans of the timed run.")] = TARGET_LOANS,
    memory_loans: Annotated[int, typer.Option(min=50, help="Loans of each memory run.")] = 400,
    processes: Annotated[int, typer.Option(min=1, help="Processes of the timed run.")] = 2,
    out: Annotated[Path, typer.Option(help="Folder for the result.")] = RESULTS,
) -> None:
    """Loans times days a second, and the peak memory of one process over windows of 90, 365 and 730 days."""
    try:
        figures = [*_speed(loans, processes), *_memory(memory_loans)]
    except Failed as error:
        console.print(f"no figures: a check failed: {error}", style="red", highlight=False, soft_wrap=True)
        raise typer.Exit(WRONG) from None
    _show(figures, loans, processes)
    _keep(out, figures, {"loans": loans, "memory_loans": memory_loans, "processes": processes})
    raise typer.Exit(NOT_REACHED if any(figure.reached is False for figure in figures) else 0)


def setup(days: int, trials: int = 1) -> Setup:
    installed, behaviour = load_packs(), installed_behaviours()[COUNTRY]
    place = Place(COUNTRY, COUNTRY, Collector.CREDITOR, "auto_loan")
    trial = Trial.of(installed.default_strategy(COUNTRY), place, installed)
    return Setup((trial,) * trials, behaviour, Window(FIRST, FIRST + timedelta(days=days - 1)), SEED)


def book(loans: int) -> InventedBook:
    return InventedBook(installed_behaviours()[COUNTRY].book, SEED, FIRST, range(1, loans + 1))


def _speed(loans: int, processes: int) -> list[Figure]:
    """Wall time, start of the processes included; and the processors' own time, which a busy machine leaves
    as it is."""
    _check()
    busy_before = _processor_seconds(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    result = simulate(setup(TARGET_DAYS), book(loans), processes)
    wall = time.perf_counter() - began
    busy = _processor_seconds(resource.RUSAGE_CHILDREN) - busy_before
    _checked(result, loans, TARGET_DAYS)
    loan_days = loans * TARGET_DAYS
    wanted = TARGET_LOANS * TARGET_DAYS / TARGET_SECONDS
    return [
        Figure("loans·days per second, wall", "/s", _one(loan_days / wall), at_least=wanted),
        Figure("loans·days per processor second", "/s", _one(loan_days / busy)),
        Figure("decisions per processor second", "/s", _one(result.tallies[0].decisions / busy)),
    ]


def _memory(loans: int) -> list[Figure]:
    peaks = {days: _peak_of(days, loans) for days in WINDOWS}
    ratio = peaks[WINDOWS[-1]] / peaks[WINDOWS[0]]
    return [
        *(Figure(f"peak memory, {days} days", "MiB", _one(peak)) for days, peak in peaks.items()),
        Figure(f"peak memory, {WINDOWS[-1]} ÷ {WINDOWS[0]} days", "ratio", _one(ratio), at_most=FLAT),
    ]


def _peak_of(days: int, loans: int) -> float:
    """In a fresh process: a peak never falls again."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_peak_here, (days, loans))


def _peak_here(days: int, loans: int) -> float:
    result = simulate(setup(days), book(loans), 1)
    _checked(result, loans, days)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _check() -> None:
    """A strategy against itself differs by nothing, and two processes give what one gives."""
    loans = 60
    alone, spread = simulate(setup(120, 2), book(loans), 1), simulate(setup(120, 2), book(loans), 2)
    if any(alone.paired.sums) or any(alone.paired.squares):
        raise Failed("a strategy against itself differs from itself")
    if (alone.tallies, alone.paired) != (spread.tallies, spread.paired):
        raise Failed("two processes give another result than one")


def _checked(result: Result, loans: int, days: int) -> None:
    tally = result.tallies[0]
    if (tally.loans, tally.loan_days) != (loans, loans * days):
        raise Failed(f"{tally.loans} loans and {tally.loan_days} loan days of {loans} and {loans * days}")
    if sum(tally.paid_by_month.values()) != tally.totals["paid"] or not tally.totals["contacts"]:
        raise Failed("the money of the months is not the money of the loans, or nobody was contacted")
    opened = sum(count for (was, _), count in tally.flow.items() if not was)
    if opened != sum(tally.closed.values()) + sum(tally.open_at_end.values()):
        raise Failed("cases were opened that neither closed nor stayed open")


def _processor_seconds(whose: int) -> float:
    used = resource.getrusage(whose)
    return used.ru_utime + used.ru_stime


def _one(value: float) -> Spread:
    return Spread(value, value, value)


def _show(figures: list[Figure], loans: int, processes: int) -> None:
    table = Table("figure", "unit", "value", "target", title=f"{loans} loans, {processes} processes")
    for figure in figures:
        bound = figure.at_least if figure.at_least is not None else figure.at_most
        sign = "≥" if figure.at_least is not None else "≤"
        mark = {True: "✓", False: "✗", None: ""}[figure.reached]
        digits = 2 if figure.unit == "ratio" else 0
        target = "" if bound is None else f"{mark} {sign} {bound:,.{digits}f}"
        table.add_row(figure.name, figure.unit, f"{figure.spread.median:,.{digits}f}", target)
    console.print(table)


def _keep(folder: Path, figures: list[Figure], size: dict[str, int]) -> None:
    now = datetime.now(UTC)
    machine = {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.system()}
    result: dict[str, Any] = {
        "at": now.isoformat(timespec="seconds"),
        "machine": machine | {"load": [round(load, 1) for load in os.getloadavg()]},
        "size": size,
        "figures": [asdict(figure) | {"reached": figure.reached} for figure in figures],
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{now:%Y-%m-%d-%H%M}-simulation.json"
    path.write_text(json.dumps(result, indent=1) + "\n")
    console.print(f"kept in {path.name}")


if __name__ == "__main__":
    typer.run(main)
