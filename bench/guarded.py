"""`python -m bench.guarded`: what the guards cost together: the codec of Temporal's payloads, the evidence
ledger with its sealer at work, and row-level security, against the same without them.

Two deployments on the same servers take turns, and who goes first changes from round to round. Personal data
is sealed in both: there is no Recourse without it. Exit codes: 0 every target is reached, 1 one is not, 3 a
server is missing, 4 a correctness check failed, and then no figure is printed or kept.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import asyncpg
import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy.engine import make_url

from bench import events, ours
from bench.bed import Bed, Failed, StackError, bed, plain
from bench.figures import Figure, Pair, Spread, paired
from recourse.gateways.signing import Ed25519Signer
from recourse.stack import StackAddresses, running
from recourse.storage.tables.access import SEALER
from recourse.temporal.codec import ENCODING

RESULTS = Path(__file__).parent / "results"
NOT_REACHED, DOWN, WRONG = 1, 3, 4
TARGET = 0.8
BARE = "without guards"
_TICKS = os.sysconf("SC_CLK_TCK")
console = Console(width=None if os.isatty(1) else 120)


@dataclass
class Measured:
    """cpu: milliseconds of the processes' own processor time an event, guarded and not."""

    decided: list[Pair] = field(default_factory=list)
    told: list[Pair] = field(default_factory=list)
    cpu: list[Pair] = field(default_factory=list)


def main(
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of the pair.")] = 5,
    loans: Annotated[int, typer.Option(min=20, help="Loans a round.")] = 300,
    out: Annotated[Path, typer.Option(help="Folder for the result.")] = RESULTS,
) -> None:
    """Throughput with codec, chain and row-level security ÷ the same without them."""
    try:
        measured = asyncio.run(_measure(rounds, loans))
    except StackError as error:
        console.print(f"[red]error[/] {error}", highlight=False)
        raise typer.Exit(DOWN) from None
    except Failed as error:
        console.print(f"[red]no figures[/]: a check failed: {error}", highlight=False, soft_wrap=True)
        raise typer.Exit(WRONG) from None
    figures = _figures(measured)
    _show(figures, rounds, loans)
    _keep(out, figures, measured, {"rounds": rounds, "loans": loans})
    raise typer.Exit(NOT_REACHED if any(figure.reached is False for figure in figures) else 0)


def _figures(measured: Measured) -> list[Figure]:
    cpu = [pair.ratio for pair in measured.cpu]
    return [
        *paired("produce to decision, guarded ÷ not", measured.decided, target=TARGET, theirs=BARE),
        *paired("produce to run told, guarded ÷ not", measured.told, theirs=BARE),
        Figure("processor time an event, guarded ÷ not", "ratio", Spread.of(cpu)),
    ]


async def _measure(rounds: int, loans: int) -> Measured:
    measured = Measured()
    with tempfile.TemporaryDirectory(prefix="recourse-bench-") as folder:
        home = Path(folder)
        async with running(home / "stack") as addresses, AsyncExitStack() as beds:
            guarded = await beds.enter_async_context(_guarded(addresses, home))
            bare = await beds.enter_async_context(bed(addresses, home, 1, guarded=False))
            for one in (guarded, bare):
                await _round(one, "warm", 60)
            await _check(guarded, bare)
            for number in range(rounds):
                order = (guarded, bare) if number % 2 == 0 else (bare, guarded)
                found = {one.prefix: await _round(one, f"r{number}", loans) for one in order}
                (mine, cpu), (theirs, their_cpu) = found[guarded.prefix], found[bare.prefix]
                measured.decided.append(Pair(mine.decided, theirs.decided))
                measured.told.append(Pair(mine.told, theirs.told))
                measured.cpu.append(Pair(cpu, their_cpu))
                console.print(
                    f"round {number + 1}: {mine.decided:.0f} events/s decided, {theirs.decided:.0f} without "
                    f"guards; {cpu:.1f} and {their_cpu:.1f} ms of processor time an event"
                )
            await _check(guarded, bare)
    return measured


@asynccontextmanager
async def _guarded(addresses: StackAddresses, home: Path) -> AsyncIterator[Bed]:
    """With a sealer at work."""
    async with bed(addresses, home, 1) as made:
        key = home / "evidence.key"
        Ed25519Signer.new("bench.example").write(key)
        sealer = make_url(made.database).set(username=SEALER).render_as_string(hide_password=False)
        made.env["RECOURSE_EVIDENCE_DATABASE_URL"] = sealer
        made.env["RECOURSE_EVIDENCE_KEY_FILE"] = str(key)
        await made.spawn("seal", "recourse.cli", "seal")
        yield made


async def _round(one: Bed, name: str, count: int) -> tuple[ours.Rates, float]:
    """Rates, and milliseconds of processor time an event; master data is taken before, unmeasured."""
    prefix = f"{one.prefix}{name}"
    loans = events.names(prefix, count)
    await ours.introduce(one, loans)
    before = _spent(one)
    rates = await ours.measure(one, prefix, loans, 1)
    return rates, (_spent(one) - before) / count * 1000


def _spent(one: Bed) -> float:
    """Seconds of processor time that its processes have used, as the kernel counts them."""
    ticks = 0
    for child in one.children:
        fields = Path(f"/proc/{child.process.pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / _TICKS


async def _check(guarded: Bed, bare: Bed) -> None:
    """Each guard is up in the one and down in the other. Raises Failed."""

    async def sealed() -> bool:
        return not await guarded.one("SELECT count(*) FROM unsealed")

    await guarded.until("every row sealed", sealed, 120, every=0.2)
    steps, entries = (
        await guarded.one("SELECT count(*) FROM step"),
        await guarded.one("SELECT count(*) FROM seal"),
    )
    if entries < steps or await bare.one("SELECT count(*) FROM unsealed") != 0:
        raise Failed(f"chain: {entries} entries for {steps} steps, or rows were noted without it")
    for one, encrypted in ((guarded, True), (bare, False)):
        if await _is_encrypted(one) is not encrypted:
            raise Failed(f"codec: what Temporal keeps is {'legible' if encrypted else 'encrypted'}")
        if await _rows_seen(one) is encrypted:
            raise Failed("row-level security: who names no lender sees what he should not, or nothing")


async def _is_encrypted(one: Bed) -> bool:
    run = await anext(aiter(one.client.list_workflows(f"TaskQueue STARTS_WITH '{one.prefix}'")))
    history = await one.client.get_workflow_handle(run.id, run_id=run.run_id).fetch_history()
    started = history.events[0].workflow_execution_started_event_attributes
    return bytes(started.input.payloads[0].metadata["encoding"]) == ENCODING


async def _rows_seen(one: Bed) -> bool:
    """Whether the login of its processes, naming no lender, sees any loan."""
    connection = await asyncpg.connect(plain(one.env["RECOURSE_DATABASE_URL"]))
    try:
        return bool(await connection.fetchval("SELECT count(*) FROM loan"))
    finally:
        await connection.close()


def _show(figures: list[Figure], rounds: int, loans: int) -> None:
    table = Table("figure", "unit", "median", "spread", "target", title=f"{rounds} rounds of {loans} loans")
    for figure in figures:
        mark = {True: "✓ ", False: "✗ ", None: ""}[figure.reached]
        spread, digits = figure.spread, 2 if figure.unit == "ratio" else 0
        target = "" if figure.at_least is None else f"{mark}≥ {figure.at_least}"
        table.add_row(
            figure.name,
            figure.unit,
            f"{spread.median:.{digits}f}",
            f"{spread.least:.{digits}f} … {spread.most:.{digits}f}",
            target,
        )
    console.print(table)


def _keep(folder: Path, figures: list[Figure], measured: Measured, size: dict[str, int]) -> None:
    now = datetime.now(UTC)
    machine = {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.system()}
    result: dict[str, Any] = {
        "at": now.isoformat(timespec="seconds"),
        "machine": machine | {"load": [round(load, 1) for load in os.getloadavg()]},
        "size": size,
        "figures": [asdict(figure) | {"reached": figure.reached} for figure in figures],
        "pairs": {
            name: [asdict(pair) for pair in getattr(measured, name)] for name in ("decided", "told", "cpu")
        },
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{now:%Y-%m-%d-%H%M}-guarded.json"
    path.write_text(json.dumps(result, indent=1) + "\n")
    console.print(f"kept in {path.name}")


if __name__ == "__main__":
    typer.run(main)
