"""`make bench`: all figures in one run, printed as a table and kept in `bench/results/`.

    make bench BENCH_ARGS="--rounds 5 --loans 400"

Exit codes: 0 every target is reached, 1 one is not, 3 a server is missing, 4 a correctness check failed, and
then no figure is printed or kept.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import tempfile
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from bench.bed import Failed, StackError, bed
from bench.figures import Figure, Spread, paired, percentile
from bench.rounds import BURST, Measured, Rounds, Size
from recourse.stack import running
from recourse.temporal.budget import bill_of_chain
from tests.replay import goldens
from tests.replay.goldens import MOST_ACTIONS, MOST_EVENTS

RESULTS = Path(__file__).parent / "results"
NOT_REACHED, DOWN, WRONG = 1, 3, 4
BARE = "bare signal-with-start"
LIBRARIES = ("temporalio", "aiokafka", "sqlalchemy", "asyncpg")
console = Console(width=None if os.isatty(1) else 120)


def main(
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of each pair.")] = 5,
    loans: Annotated[int, typer.Option(min=20, help="Loans a round against bare calls.")] = 400,
    naive: Annotated[int, typer.Option(min=10, help="Loans a round against one at a time.")] = 150,
    workers: Annotated[int, typer.Option(min=1, help="Worker processes, of each kind.")] = 1,
    out: Annotated[Path, typer.Option(help="Folder for the result.")] = RESULTS,
) -> None:
    """Recourse against bare Temporal calls and against a naive consumer, on the same servers."""
    size = Size(rounds, loans, naive, workers, latency_loans=loans, per_second=25.0)
    try:
        measured = asyncio.run(_measure(size))
    except StackError as error:
        console.print(f"[red]error[/] {error}", highlight=False)
        raise typer.Exit(DOWN) from None
    except Failed as error:
        console.print(f"[red]no figures[/]: a check failed: {error}", highlight=False, soft_wrap=True)
        raise typer.Exit(WRONG) from None
    figures = _figures(measured)
    console.print(_table(figures, size))
    console.print(f"kept in {_keep(out, figures, measured, size).name}")
    raise typer.Exit(NOT_REACHED if any(figure.reached is False for figure in figures) else 0)


async def _measure(size: Size) -> Measured:
    def say(text: str) -> None:
        console.print(text, highlight=False)

    with tempfile.TemporaryDirectory(prefix="recourse-bench-") as folder:
        home = Path(folder)
        async with running(home / "stack") as addresses, bed(addresses, home, size.workers) as made:
            return await Rounds(made, size, say).run()


def _figures(measured: Measured) -> list[Figure]:
    latency = measured.latency
    reference = bill_of_chain(run.events for run in goldens.read("reference").runs)
    p50, p99 = percentile(latency, 0.5), percentile(latency, 0.99)
    return [
        *paired("produce to decision ÷ bare", measured.decided, target=0.8, theirs=BARE),
        *paired("produce to run told ÷ bare", measured.told, theirs=BARE),
        *paired(f"bursts of {BURST} told ÷ bare", measured.burst, target=1.0, theirs=BARE),
        *paired("told ÷ one at a time", measured.naive, target=5.0, theirs="one event at a time"),
        Figure("reference case, actions", "count", Spread.of([reference.actions]), at_most=MOST_ACTIONS),
        Figure("reference case, events", "count", Spread.of([reference.events]), at_most=MOST_EVENTS),
        Figure("produce to decision, p50", "ms", Spread(p50, latency[0], latency[-1])),
        Figure("produce to decision, p99", "ms", Spread(p99, latency[0], latency[-1])),
    ]


def _table(figures: list[Figure], size: Size) -> Table:
    title = f"{size.rounds} rounds, {size.loans} loans each, {size.workers} worker; median (least … most)"
    table = Table("figure", "unit", "median", "spread", "target", title=title)
    for figure in figures:
        mark = {True: "[green]✓[/] ", False: "[red]✗[/] ", None: ""}[figure.reached]
        bound = f"≥ {figure.at_least}" if figure.at_least is not None else f"≤ {figure.at_most}"
        target = mark + bound if mark else ""
        spread = figure.spread
        digits = 2 if figure.unit == "ratio" else 0
        table.add_row(
            figure.name,
            figure.unit,
            f"{spread.median:.{digits}f}",
            f"{spread.least:.{digits}f} … {spread.most:.{digits}f}",
            target,
        )
    return table


def _keep(folder: Path, figures: list[Figure], measured: Measured, size: Size) -> Path:
    now = datetime.now(UTC)
    result: dict[str, Any] = {
        "at": now.isoformat(timespec="seconds"),
        "machine": {
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "system": platform.system(),
        },
        "versions": {name: version(name) for name in LIBRARIES},
        "size": asdict(size),
        "figures": [asdict(figure) | {"reached": figure.reached} for figure in figures],
        "pairs": {
            name: [asdict(pair) for pair in getattr(measured, name)]
            for name in ("decided", "told", "burst", "naive")
        },
        "latency_ms": [round(one, 2) for one in measured.latency],
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{now:%Y-%m-%d-%H%M}.json"
    path.write_text(json.dumps(result, indent=1) + "\n")
    return path


if __name__ == "__main__":
    typer.run(main)
