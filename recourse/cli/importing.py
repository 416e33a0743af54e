"""`recourse import`: books of other systems, told as the bank's events."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from recourse.cli.common import FINDINGS, USAGE, Json, err, fail, out, print_json, run, tracked
from recourse.cli.kafka import answering, connection, kafka
from recourse.cli.screen import Listing

if TYPE_CHECKING:
    from recourse.importers.metro2 import Book, Finding, Origin

app = typer.Typer(help="Books of other systems, told as the bank's events.", no_args_is_help=True)
SHOWN = 20
AGAIN = "import again: events that were taken already count once"

Target = Annotated[
    Path | None, typer.Option("--out", help="Write the events to this NDJSON file; publish nothing.")
]
_SOURCE = "ce_source of the events. Name it in RECOURSE_LENDERS: an overdue event may overtake its snapshot."
Source = Annotated[str, typer.Option(help=_SOURCE)]
_AS_OF = "Move all dates so that the newest account is stated for this day."
AsOf = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help=_AS_OF)]
_PACE = "Publish each event when the calendar (RECOURSE_CALENDAR__*) is there."
Pace = Annotated[bool, typer.Option("--pace", help=_PACE)]


@app.callback()
def group() -> None:
    """Books of other systems, told as the bank's events."""


@app.command()
def metro2(
    file: Annotated[Path, typer.Argument(help="A Metro 2 file (character format), or a .zip that holds it.")],
    target: Target = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only account for the records.")] = False,
    as_json: Json = False,
    source: Source = "/demo/us",
    lender: Annotated[str, typer.Option(help="The lender that the snapshots name.")] = "demo-motor-credit",
    as_of: AsOf = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Import that many loans only.")] = None,
    pace: Pace = False,
    brokers: Annotated[str | None, typer.Option(help="Default: RECOURSE_KAFKA_BROKERS.")] = None,
) -> None:
    """Tell a credit bureau file of car loans as the bank's events, and account for every record.

    Names, phones and e-mail addresses are invented; ids are hashes of the account number under
    RECOURSE_IMPORT_KEY. Exit 1 when a record could not be read; the others are imported all the same.
    """
    if pace and (target or dry_run):
        fail("--pace publishes; leave out --out and --dry-run", USAGE)
    book = _read(file, _origin(source, lender), as_of, limit)
    done = "checked"
    if target and not dry_run:
        _write(target, book)
        done = "written"
    elif book.events and not dry_run:
        run(_play(book, brokers) if pace else _publish(book, brokers))
        done = "published"
    _report(book, done, as_json)
    if book.accounting.records == book.accounting.unparseable:
        fail(f"{file}: no record could be read; is it a Metro 2 file in the character format?", FINDINGS)
    raise typer.Exit(FINDINGS if book.accounting.rejected else 0)


def _origin(source: str, lender: str) -> Origin:
    from recourse.importers.metro2 import Origin

    for option, text in (("--source", source), ("--lender", lender)):
        if not text or len(text) > 128 or not text.isprintable():
            fail(f"{option}: 1 to 128 printable characters", USAGE)
    return Origin(source=source, lender=lender, key=os.environ.get("RECOURSE_IMPORT_KEY", "").encode())


def _read(file: Path, origin: Origin, as_of: datetime | None, limit: int | None) -> Book:
    from recourse.importers.metro2 import EARLIEST, read, read_book
    from recourse.importers.metro2.opening import NotReadable, opened

    if as_of and not EARLIEST.year <= as_of.year < 2200:
        fail(f"--as-of: a year from {EARLIEST.year} to 2199", USAGE)
    try:
        with opened(file) as (stream, size), _progress() as progress:
            task = progress.add_task("reading", total=size)

            def records() -> Iterator[Any]:
                for record in read(stream):
                    progress.update(task, completed=stream.tell())
                    yield record

            return read_book(records(), origin, as_of=as_of.date() if as_of else None, limit=limit)
    except NotReadable as error:
        fail(f"{file}: {error}", USAGE)


@contextmanager
def _progress() -> Iterator[Progress]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        yield progress


def _write(target: Path, book: Book) -> None:
    """The whole file or none: what stops half-way leaves the old one."""
    from recourse.contracts.events import to_line

    part = target.with_name(target.name + ".part")
    try:
        with part.open("w", encoding="utf-8") as lines:
            for event in tracked(book.events, "writing"):
                lines.write(to_line(event) + "\n")
        part.replace(target)
    except OSError as error:
        part.unlink(missing_ok=True)
        fail(f"--out {target}: {error.strerror}; give a path that can be written", USAGE)


async def _publish(book: Book, brokers: str | None) -> None:
    from recourse.app.publishing import publish_events

    target, topics = kafka(brokers)
    async with answering(target, AGAIN):
        await publish_events(target, topics, book.events, lambda events: tracked(events, "publishing"))


async def _play(book: Book, brokers: str | None) -> None:
    from recourse.app.publishing import publish_as_due
    from recourse.app.settings import load_settings

    settings = load_settings()
    target = connection(settings, brokers)
    async with answering(target, AGAIN):
        with _progress() as progress:
            task = progress.add_task("playing", total=len(book.events))
            await publish_as_due(
                target,
                settings.topics.topics(),
                book.events,
                settings.calendar.calendar(),
                lambda count: progress.advance(task, count),
            )


def _report(book: Book, done: str, as_json: bool) -> None:
    accounting, events = book.accounting, book.events
    facts: dict[str, Any] = {
        "records": accounting.records,
        "imported": accounting.imported,
        "ignored": {reason.value: count for reason, count in sorted(accounting.ignored.items())},
        "unparseable": accounting.unparseable,
        "events": dict(sorted(accounting.events.items())),
        "first_event": events[0].occurred_at if events else None,
        "last_event": events[-1].occurred_at if events else None,
        "done": done,
    }
    if as_json:
        print_json(facts | {"findings": _rows(accounting.rejected), "notes": _rows(accounting.notes)})
        return
    _show(accounting.rejected, "unparseable")
    _show(accounting.notes, "odd, imported or counted all the same")
    table = Listing("records", str(accounting.records), title="every record accounted for")
    table.add_row("imported", str(accounting.imported))
    for reason, count in facts["ignored"].items():
        table.add_row(f"ignored: {reason}", str(count))
    table.add_row("unparseable", str(accounting.unparseable))
    for type_, count in facts["events"].items():
        table.add_row(type_, str(count))
    out.print(table)
    out.print(f"{len(events)} events {done}")


def _rows(findings: list[Finding]) -> list[dict[str, Any]]:
    return [{"line": f.line, "field": f.field, "reason": f.reason} for f in findings]


def _show(findings: list[Finding], title: str) -> None:
    if not findings:
        return
    table = Listing("line", "field", "reason", title=title)
    for finding in findings[:SHOWN]:
        table.add_row(str(finding.line), finding.field, finding.reason)
    err.print(table)
    if len(findings) > SHOWN:
        err.print(f"and {len(findings) - SHOWN} more; --json lists them all")
