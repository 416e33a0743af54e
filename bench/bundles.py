"""`python -m bench.bundles`: bundles for a court, of many loans, as `recourse bundles` makes them.

Exit codes: 0 done, 3 a server or the compiler of the pages is missing, 4 a correctness check failed, and then
no figure is printed or kept.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from sqlalchemy import event

from bench.bed import Failed
from bench.evidence import Bed, database_bed
from bench.figures import Figure, Spread
from recourse.app.bundling import Bundler
from recourse.delivery import Delivery
from recourse.domain.disclosure import ExportPurpose
from recourse.domain.ids import LoanId
from recourse.packs.recipients import recipients
from recourse.ports import NotHandedOver
from recourse.service import exporting
from recourse.service.exporting import Scope
from recourse.stack import StackError, running
from recourse.storage.exports import ExportRow
from tests.events import overdue, snapshot
from tests.fakes import FakeRuns

RESULTS = Path(__file__).parent / "results"
DOWN, WRONG = 3, 4
AT_ONCE = 2
"""As the command has it."""
BATCH = 100
NOON = datetime(2026, 11, 6, 4, 0, tzinfo=UTC)
PARTS = ("dossier.json", "evidence.json", "verify_evidence.py")
console = Console(width=None if os.isatty(1) else 120)


def main(
    loans: Annotated[int, typer.Option(min=2, help="How many bundles.")] = 1000,
    out: Annotated[Path, typer.Option(help="Folder for the result.")] = RESULTS,
) -> None:
    """Bundles a second, and what one costs: processor time, statements, bytes."""
    try:
        figures = asyncio.run(_measure(loans))
    except (StackError, NotHandedOver) as error:
        console.print(f"[red]error[/] {error}", highlight=False)
        raise typer.Exit(DOWN) from None
    except Failed as error:
        console.print(f"[red]no figures[/]: a check failed: {error}", highlight=False, soft_wrap=True)
        raise typer.Exit(WRONG) from None
    table = Table("figure", "unit", "value", title=f"{loans:,} bundles for a court, {AT_ONCE} at once")
    for figure in figures:
        table.add_row(figure.name, figure.unit, f"{figure.spread.median:,.1f}")
    console.print(table)
    _keep(out, figures, loans)


async def _measure(loans: int) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="recourse-bench-") as folder:
        home = Path(folder)
        async with (
            running(home / "stack", servers=["postgres"], ends=[]) as addresses,
            database_bed(addresses.database_url, home) as bed,
        ):
            ids = await _filled(bed, loans)
            agreed = await _agreed(bed, ids)
            bundler = Bundler(bed.services, recipients()["court"], "zh", None, "bench", None, agreed)
            await _check(bundler, ids[0])
            return await _figures(bed, bundler, ids)


async def _filled(bed: Bed, loans: int) -> list[LoanId]:
    """Loans with a decision each, all of it sealed and signed."""
    ids = [LoanId(f"L-{n}") for n in range(loans)]
    delivery = Delivery(bed.services, FakeRuns())
    for first in range(0, loans, BATCH):
        some = ids[first : first + BATCH]
        await delivery.accept([one for loan in some for one in _events(loan)])
    await bed.seal()
    return ids


async def _agreed(bed: Bed, ids: Sequence[LoanId]) -> ExportRow:
    """What two persons agreed on: what leaves has to be."""
    scope, purpose = Scope.of_bundles(ids, "court"), ExportPurpose.COURT_FILE
    asked = await bed.services.run(partial(exporting.ask, scope=scope, purpose=purpose, actor="lead-1"))
    return await bed.services.run(partial(exporting.approve, key=asked.id, actor="lead-2"))


def _events(loan: LoanId) -> list[Any]:
    return [snapshot(loan, at=NOON, mobile=None, email=f"{loan}@example.com"), overdue(loan, at=NOON)]


async def _check(bundler: Bundler, loan: LoanId) -> None:
    """A bundle is a PDF with the record, its proofs and the program that checks them. Raises Failed."""
    made = await bundler.of(loan)
    names = tuple(file.name for file in made.files)
    if not made.pdf.startswith(b"%PDF-") or names != PARTS:
        raise Failed(f"a bundle has {', '.join(names)}, expected {', '.join(PARTS)}")
    missing = [name for name in PARTS if name.encode() not in made.pdf]
    if missing:
        raise Failed(f"a bundle's PDF does not name {', '.join(missing)}")


async def _figures(bed: Bed, bundler: Bundler, ids: Sequence[LoanId]) -> list[Figure]:
    statements, sizes, waiting = 0, [], iter(ids)

    def counted(*_: object) -> None:
        nonlocal statements
        statements += 1

    event.listen(bed.services.database.engine.sync_engine, "before_cursor_execute", counted)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("bundles", total=len(ids))

        async def some() -> None:
            for loan in waiting:
                sizes.append(len((await bundler.of(loan)).pdf))
                progress.advance(bar)

        began, spent = time.perf_counter(), time.process_time()
        await asyncio.gather(*(some() for _ in range(AT_ONCE)))
        took, spent = time.perf_counter() - began, time.process_time() - spent
    if len(sizes) != len(ids):
        raise Failed(f"{len(sizes)} bundles of {len(ids)}")
    return [
        Figure("bundles per second", "/s", _one(len(ids) / took)),
        Figure("processor time of a bundle", "ms", _one(spent / len(ids) * 1000)),
        Figure("statements of a bundle", "count", _one(statements / len(ids))),
        Figure("bytes of a bundle", "B", _one(sum(sizes) / len(ids))),
    ]


def _one(value: float) -> Spread:
    return Spread(value, value, value)


def _keep(folder: Path, figures: list[Figure], loans: int) -> None:
    now = datetime.now(UTC)
    machine = {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.system()}
    result: dict[str, Any] = {
        "at": now.isoformat(timespec="seconds"),
        "machine": machine | {"load": [round(load, 1) for load in os.getloadavg()]},
        "size": {"loans": loans},
        "figures": [asdict(figure) for figure in figures],
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{now:%Y-%m-%d-%H%M}-bundles.json"
    path.write_text(json.dumps(result, indent=1) + "\n")
    console.print(f"kept in {path.name}")


if __name__ == "__main__":
    typer.run(main)
