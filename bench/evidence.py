"""`python -m bench.evidence`: how fast rows are sealed, and the ledger verified by the program for strangers.

Exit codes: 0 every target is reached, 1 one is not, 3 a server is missing, 4 a correctness check failed, and
then no figure is printed or kept.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import asyncpg
import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from sqlalchemy import Table as SqlTable
from sqlalchemy.engine import make_url

from bench.figures import Figure, Spread
from recourse.app.seal import Sealer
from recourse.delivery import Delivery
from recourse.domain.calendar import BusinessCalendar
from recourse.domain.privacy.key_ring import KeyRing
from recourse.gateways.signing import Ed25519Signer
from recourse.packs.loader import load_packs
from recourse.reading import evidence_proof, verify_evidence
from recourse.service.context import Lender, Services
from recourse.stack import StackError, running
from recourse.storage import access
from recourse.storage.database import Database
from recourse.storage.sight import EVERY_LENDERS, LEDGERS
from recourse.storage.tables import collection_case, loan, step
from tests.events import overdue, snapshot
from tests.fakes import FakeRuns
from tests.keys import vault

RESULTS = Path(__file__).parent / "results"
NOT_REACHED, DOWN, WRONG = 1, 3, 4
TARGET_ENTRIES, TARGET_SECONDS = 1_000_000, 60
STEPS_OF_A_CASE, AT_ONCE, FEW = 20, 20_000, 400
NOON = datetime(2026, 11, 6, 4, 0, tzinfo=UTC)
LENDERS = {"/demo/cn": Lender("demo", "CN", "CNY", "Asia/Shanghai", "400-000-0000")}
console = Console(width=None if sys.stdout.isatty() else 120)


class Failed(Exception):
    """A correctness check did not hold: what was measured has no number."""


def main(
    entries: Annotated[
        int, typer.Option(min=1000, help="Rows that are sealed and verified.")
    ] = TARGET_ENTRIES,
    out: Annotated[Path, typer.Option(help="Folder for the result.")] = RESULTS,
) -> None:
    """Rows sealed a second, and entries verified a second without a database and without Recourse."""
    try:
        figures = asyncio.run(_measure(entries))
    except StackError as error:
        console.print(f"[red]error[/] {error}", highlight=False)
        raise typer.Exit(DOWN) from None
    except Failed as error:
        console.print(f"no figures: a check failed: {error}", style="red", highlight=False, soft_wrap=True)
        raise typer.Exit(WRONG) from None
    _show(figures, entries)
    _keep(out, figures, entries)
    raise typer.Exit(NOT_REACHED if any(figure.reached is False for figure in figures) else 0)


@dataclass(frozen=True, slots=True)
class Bed:
    """A database of its own. home: for files."""

    services: Services
    rows: asyncpg.Connection
    signer: Ed25519Signer
    home: Path

    async def seal(self) -> tuple[int, float]:
        """All that waits, as the sealer does it. Rows and seconds."""
        began = time.perf_counter()
        ledger = replace(self.services, database=self.services.database.seen(LEDGERS))
        sealed = await Sealer(ledger, self.signer, self.signer.key.name, []).seal()
        return sealed, time.perf_counter() - began

    async def hand_out(self) -> tuple[Path, float]:
        """All of the ledger as a file; seconds."""
        began, path = time.perf_counter(), self.home / "ledger.ndjson"
        with path.open("wb") as file:
            async with self.services.database.reading() as tx:
                async for lines in evidence_proof.ledger_lines(tx):
                    file.write(lines)
        return path, time.perf_counter() - began

    def verified(self, path: Path) -> tuple[int, str, float]:
        """By the program for strangers, as they run it. Exit code, its last line, seconds."""
        command = [sys.executable, "-I", "-S", verify_evidence.__file__, str(path), str(self.signer.key)]
        began = time.perf_counter()
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        return ran.returncode, (ran.stdout or ran.stderr).splitlines()[-1], time.perf_counter() - began


async def _measure(entries: int) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="recourse-bench-") as folder:
        home = Path(folder)
        async with running(home / "stack", servers=["postgres"], ends=[]) as addresses:
            async with database_bed(addresses.database_url, home) as bed:
                await _check(bed)
            async with database_bed(addresses.database_url, home) as bed:
                return await _figures(bed, entries)


@asynccontextmanager
async def database_bed(server: str, home: Path) -> AsyncIterator[Bed]:
    name = f"bench_{uuid.uuid4().hex[:8]}"
    url = make_url(server).set(database=name)
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    admin = await asyncpg.connect(make_url(server).set(drivername="postgresql").render_as_string(False))
    await admin.execute(f'CREATE DATABASE "{name}"')
    await access.upgrade(url.render_as_string(hide_password=False))
    keys = vault(KeyRing.new("bench"))
    address = url.render_as_string(hide_password=False)
    database = Database(address, BusinessCalendar(), sight=EVERY_LENDERS, vault=keys)
    rows = await asyncpg.connect(plain)
    try:
        services = Services(database, load_packs(), LENDERS)
        yield Bed(services, rows, Ed25519Signer.new("bench.example"), home)
    finally:
        await rows.close()
        await database.close()
        await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        await admin.close()


async def _filled(bed: Bed, entries: int) -> None:
    """One real decision, and copies of its step in cases of their own, until so many rows wait."""
    await Delivery(bed.services, FakeRuns()).accept([snapshot("L-1", at=NOON), overdue("L-1", at=NOON)])
    missing = entries - await bed.rows.fetchval("SELECT count(*) FROM unsealed")
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("writing rows", total=missing)
        for first in range(0, missing, AT_ONCE):
            await _copied(bed.rows, first, min(AT_ONCE, missing - first))
            progress.update(bar, completed=first)
    await bed.rows.execute("ANALYZE")


async def _copied(rows: asyncpg.Connection, first: int, count: int) -> None:
    last = first + count - 1
    cases = f"generate_series({first // STEPS_OF_A_CASE}, {last // STEPS_OF_A_CASE}) AS g"
    loans = _columns(loan, "id")
    opened = _columns(collection_case, "id", "loan_id")
    steps = _columns(step, "id", "loan_id", "case_id")
    case = f"n / {STEPS_OF_A_CASE}"
    for statement in (
        f"INSERT INTO loan (id, {loans}) SELECT 'B-' || g, {loans} FROM loan, {cases} "  # noqa: S608
        f"WHERE id = 'L-1' ON CONFLICT DO NOTHING",
        f"INSERT INTO collection_case (id, loan_id, {opened}) SELECT 'case-B-' || g, 'B-' || g, {opened} "  # noqa: S608
        f"FROM collection_case, {cases} WHERE loan_id = 'L-1' ON CONFLICT DO NOTHING",
        f"INSERT INTO step (loan_id, case_id, {steps}) SELECT 'B-' || {case}, 'case-B-' || {case}, {steps} "  # noqa: S608
        f"FROM step, generate_series({first}, {last}) AS n "
        f"WHERE id = (SELECT max(id) FROM step WHERE loan_id = 'L-1')",
    ):
        await rows.execute(statement)


def _columns(table: SqlTable, *but: str) -> str:
    return ", ".join(column.name for column in table.columns if column.name not in but)


async def _check(bed: Bed) -> None:
    """What is good is called good, and what was changed, cut off or put in another order is not."""
    await _filled(bed, FEW)
    await bed.seal()
    path, _ = await bed.hand_out()
    code, says, _ = bed.verified(path)
    if code or not says.startswith(f"GOOD  {FEW} entries"):
        raise Failed(f"a good ledger was called: {says}")
    lines = path.read_bytes().splitlines(keepends=True)
    middle = len(lines) // 2
    changed = lines[middle].replace(b'"ref":"', b'"ref":"1')
    bad = {
        "changed": [*lines[:middle], changed, *lines[middle + 1 :]],
        "cut off": lines[:-1],
        "put in another order": [*lines[:middle], lines[middle + 1], lines[middle], *lines[middle + 2 :]],
    }
    for what, content in bad.items():
        path.write_bytes(b"".join(content))
        if bed.verified(path)[0] != 1:
            raise Failed(f"a ledger that was {what} was called good")


async def _figures(bed: Bed, entries: int) -> list[Figure]:
    await _filled(bed, entries)
    sealed, sealing = await bed.seal()
    there, waiting, signed = [
        await bed.rows.fetchval(statement)
        for statement in (
            "SELECT count(*) FROM seal",
            "SELECT count(*) FROM unsealed",
            "SELECT max(size) FROM checkpoint",
        )
    ]
    if (sealed, there, waiting, signed) != (entries, entries, 0, entries):
        raise Failed(f"of {entries} rows {sealed} were sealed: {there=}, {waiting=}, {signed=}")
    path, handing = await bed.hand_out()
    code, says, verifying = bed.verified(path)
    if code or not says.startswith(f"GOOD  {entries} entries"):
        raise Failed(f"the ledger was called: {says}")
    wanted = TARGET_ENTRIES / TARGET_SECONDS
    return [
        Figure("rows sealed per second", "/s", _one(entries / sealing)),
        Figure("entries handed out per second", "/s", _one(entries / handing)),
        Figure("entries verified offline per second", "/s", _one(entries / verifying), at_least=wanted),
        Figure("seconds to verify them offline", "s", _one(verifying)),
        Figure("bytes of an entry, handed out", "B", _one(path.stat().st_size / entries)),
    ]


def _one(value: float) -> Spread:
    return Spread(value, value, value)


def _show(figures: list[Figure], entries: int) -> None:
    table = Table("figure", "unit", "value", "target", title=f"{entries:,} entries")
    for figure in figures:
        mark = {True: "✓", False: "✗", None: ""}[figure.reached]
        target = "" if figure.at_least is None else f"{mark} ≥ {figure.at_least:,.0f}"
        table.add_row(figure.name, figure.unit, f"{figure.spread.median:,.0f}", target)
    console.print(table)


def _keep(folder: Path, figures: list[Figure], entries: int) -> None:
    now = datetime.now(UTC)
    machine = {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.system()}
    result: dict[str, Any] = {
        "at": now.isoformat(timespec="seconds"),
        "machine": machine | {"load": [round(load, 1) for load in os.getloadavg()]},
        "size": {"entries": entries},
        "figures": [asdict(figure) | {"reached": figure.reached} for figure in figures],
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{now:%Y-%m-%d-%H%M}-evidence.json"
    path.write_text(json.dumps(result, indent=1) + "\n")
    console.print(f"kept in {path.name}")


if __name__ == "__main__":
    typer.run(main)
