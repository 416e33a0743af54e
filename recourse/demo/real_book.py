"""`python -m recourse.demo.real_book FILE`: a Metro 2 book through Kafka and Temporal, end to end.

The same deployment as the demo's, with the years of the file's history played at a compressed calendar. Every
record of the file is accounted for, and every published event must be found as a fact. `docs/real-book.md`
tells what the book of the tests showed.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from consumers.quarantine import Quarantine
from recourse.app.compose import services
from recourse.app.publishing import publish_as_due
from recourse.contracts.events import BankEvent
from recourse.demo.agents import Agents
from recourse.demo.processes import Deployment
from recourse.demo.sealing import Ledger, prepare, verified
from recourse.demo.tasks import Task, usual
from recourse.importers.metro2 import Book, Origin, read, read_book
from recourse.importers.metro2.opening import opened
from recourse.reading.figures import Figures, figures
from recourse.service.context import Services
from recourse.stack import StackError, running
from recourse.stack.state import Home

FINDINGS, DOWN = 1, 3
console = Console()
_KINDS = {
    "bank.loan.snapshot.v1": "snapshot",
    "bank.installment.overdue.v1": "overdue",
    "bank.payment.received.v1": "payment",
    "bank.payment.reversed.v1": "reversal",
    "bank.loan.adjusted.v1": "adjustment",
    "bank.loan.charged_off.v1": "charge_off",
    "bank.loan.closed.v1": "loan_end",
}
SETTLE_DAYS = 30
"""After the last event: the ladder's tail, and whatever the sweep has to find."""
SETTLE_SECONDS = 30
"""Real time: the desk reports on until the end, and what it said last is on its way."""


def main(
    file: Annotated[Path, typer.Argument(exists=True, help="A Metro 2 file or its .zip.")],
    seconds_a_day: Annotated[float, typer.Option(min=0.2, help="How long a business day lasts.")] = 1.0,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures here too.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Import that many loans only.")] = None,
) -> None:
    """Play a real book from its first event to its last, with scripted agents."""
    with opened(file) as (stream, _):
        book = read_book(read(stream), Origin(source="/demo/us", lender="demo-motor-credit"), limit=limit)
    try:
        result = asyncio.run(_play(book, seconds_a_day))
    except StackError as error:
        console.print(f"[red]error[/] {error}", highlight=False)
        raise typer.Exit(DOWN) from None
    text = json.dumps(result, indent=2, default=str)
    console.print_json(text)
    if json_file is not None:
        json_file.write_text(text + "\n")
    raise typer.Exit(FINDINGS if result["problems"] else 0)


class CallCentre:
    """A mix that a call centre would know, drawn by the task's id so that a run can be repeated."""

    def says(self, task: Task, now: datetime) -> dict[str, Any]:
        draw = hashlib.sha256(task["id"].encode()).digest()[0]
        if task["kind"] != "call" or draw >= 90:
            return usual(task)
        return {"outcome": "refuses" if draw < 70 else "hardship"}

    def heard(self, task: Task, said: dict[str, Any], now: datetime) -> None:
        """Nothing follows: the book's own payments are all there is."""

    def disputes_to_answer(self, now: datetime) -> Sequence[str]:
        return ()


async def _play(book: Book, seconds_a_day: float) -> dict[str, Any]:
    home = Home.default().path / "real-book"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    async with running(home, usual_ports=True) as addresses:
        first_day = book.events[0].occurred_at - timedelta(hours=1)
        deployment = Deployment(home, addresses, seconds_a_day, first_day, more=prepare(home))
        try:
            await deployment.start()
            began = time.monotonic()
            found, letters = await _live(deployment, book.events)
            seconds = time.monotonic() - began
            return _result(book, found, letters, await verified(deployment), seconds)
        finally:
            await deployment.stop()


async def _live(deployment: Deployment, events: Sequence[BankEvent]) -> tuple[Figures, int]:
    """Until some days after the last event; a line every hundred days."""
    agents = Agents(deployment.api_url, deployment.tokens, deployment.calendar, CallCentre())
    calendar = deployment.calendar
    bank = asyncio.create_task(publish_as_due(deployment.kafka, deployment.topics, events, calendar))
    people = asyncio.create_task(agents.work())
    end = events[-1].occurred_at + timedelta(days=SETTLE_DAYS)
    try:
        async with services(deployment.settings()) as looking:
            told = deployment.first_day
            while (now := calendar.business(datetime.now(UTC))) < end:
                deployment.alive()
                if bank.done():
                    bank.result()
                if now - told >= timedelta(days=100):
                    told = now
                    async with looking.database.reading() as tx:
                        _tell(now, await figures(tx, now))
                await asyncio.sleep(1)
            people.cancel()
            found = await _settled(looking)
    finally:
        bank.cancel()
        people.cancel()
        await asyncio.gather(bank, people, return_exceptions=True)
    return found, len(await Quarantine(deployment.kafka, deployment.topics).letters())


async def _settled(looking: Services) -> Figures:
    """The figures once everything under way has arrived, or as they are at the bound."""
    for _ in range(SETTLE_SECONDS):
        async with looking.database.reading() as tx:
            found = await figures(tx, await looking.database.now(tx))
        if not found.undelivered and not found.unpublished:
            break
        await asyncio.sleep(1)
    return found


def _tell(now: datetime, found: Figures) -> None:
    counts = {
        "facts": sum(found.facts.values()),
        "cases": found.cases,
        "open": sum(found.open_by_stage.values()),
        "contacts": sum(found.contacts.values()),
    }
    told = "  ".join(f"{name} {number}" for name, number in counts.items())
    console.print(f"{now:%Y-%m-%d}  {told}", highlight=False)


def _result(book: Book, found: Figures, letters: int, ledger: Ledger, seconds: float) -> dict[str, Any]:
    accounting, problems = book.accounting, list(ledger.problems)
    accounted = accounting.imported + sum(accounting.ignored.values()) + accounting.unparseable
    if accounted != accounting.records:
        problems.append(f"{accounting.records} records, {accounted} accounted for")
    for type_, kind in _KINDS.items():
        published, known = accounting.events[type_], found.facts.get(kind, 0)
        if published != known:
            problems.append(f"{published} {type_} published, {known} facts")
    if found.loans != accounting.imported:
        problems.append(f"{accounting.imported} loans imported, {found.loans} known")
    if letters:
        problems.append(f"{letters} dead letters")
    if found.undelivered:
        problems.append(f"{found.undelivered} cases were not told")
    return {
        "problems": problems,
        "records": accounting.records,
        "imported": accounting.imported,
        "ignored": {reason.value: n for reason, n in accounting.ignored.items()},
        "unparseable": accounting.unparseable,
        "events": dict(accounting.events),
        "from": book.events[0].occurred_at,
        "to": book.events[-1].occurred_at,
        "wall_seconds": round(seconds, 1),
        "figures": asdict(found),
        "sealed": ledger.entries,
    }


if __name__ == "__main__":
    typer.run(main)
