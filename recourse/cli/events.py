"""`recourse events`: files of the bank's events, and the contract's schemas."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recourse.cli.common import FINDINGS, USAGE, Json, err, fail, out, print_json, run, say, tracked
from recourse.cli.kafka import answering, kafka
from recourse.cli.screen import Listing

if TYPE_CHECKING:
    from recourse.contracts.events import BankEvent

app = typer.Typer(help="The bank's events.", no_args_is_help=True)


@dataclass(frozen=True, slots=True)
class Finding:
    line: int
    code: str
    field: str
    message: str


def read(file: Path) -> tuple[list[BankEvent], list[Finding]]:
    """Every event of an NDJSON file, and what is wrong with the lines that are none."""
    from recourse.contracts.events import Refused, parse_line

    events: list[BankEvent] = []
    findings: list[Finding] = []
    for number, line in enumerate(tracked(_lines(file), "reading"), 1):
        if not line.strip():
            continue
        try:
            events.append(parse_line(line))
        except Refused as refused:
            findings.append(Finding(number, refused.code.value, refused.field, refused.message))
    return events, findings


def _lines(file: Path) -> list[str]:
    """A line may hold characters that `splitlines` takes for ends of lines."""
    try:
        text = file.read_bytes().decode("utf-8", errors="surrogateescape")
    except OSError as error:
        fail(f"{file}: {error.strerror}; give the path of an NDJSON file", USAGE)
    return text.split("\n")


def show(findings: list[Finding]) -> None:
    table = Listing("line", "code", "field", "what to do")
    for finding in findings[:100]:
        table.add_row(str(finding.line), finding.code, finding.field, finding.message)
    err.print(table)
    if len(findings) > 100:
        err.print(f"and {len(findings) - 100} more; `recourse events validate FILE --json` lists them all")


@app.command()
def validate(file: Path, as_json: Json = False) -> None:
    """Check a file of events, one structured CloudEvent a line. Exit 1 when a line is refused."""
    events, findings = read(file)
    if as_json:
        rows = [{"line": f.line, "code": f.code, "field": f.field, "message": f.message} for f in findings]
        print_json({"valid": len(events), "findings": rows})
    else:
        out.print(f"{len(events)} events are valid, {len(findings)} lines are refused")
        if findings:
            show(findings)
    raise typer.Exit(FINDINGS if findings else 0)


@app.command()
def publish(
    file: Path,
    brokers: Annotated[str | None, typer.Option(help="Default: RECOURSE_KAFKA_BROKERS.")] = None,
    skip_invalid: Annotated[
        bool, typer.Option("--skip-invalid", help="Publish the valid lines all the same.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Publish a file of events, in file order, to the topic of each one's type."""
    from recourse.app.publishing import publish_events

    events, findings = read(file)
    if findings and not skip_invalid:
        show(findings)
        fail("nothing was published; mend these lines or pass --skip-invalid", FINDINGS)

    async def work() -> None:
        connection, topics = kafka(brokers)
        async with answering(connection, "publish again: events that were taken already count once"):
            await publish_events(connection, topics, events, lambda items: tracked(items, "publishing"))

    run(work())
    facts = {"published": len(events), "skipped": len(findings)}
    say(facts, f"{len(events)} events published, {len(findings)} lines skipped", as_json)


@app.command()
def schema(
    check: Annotated[bool, typer.Option(help="Only compare the committed files; exit 1 on drift.")] = False,
    directory: Annotated[
        Path | None, typer.Option("--out", help="The folder; default: the package's.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Export JSON Schema and the AsyncAPI 3 document from the models."""
    from recourse.contracts.events import schema as schemas

    target = directory or schemas.COMMITTED
    if check:
        drift = schemas.drift(target)
        lines = [f"differs from the models: {name}; run `recourse events schema`" for name in drift]
        say({"differ": drift}, "\n".join(lines) or "the schemas are those of the models", as_json)
        raise typer.Exit(FINDINGS if drift else 0)
    try:
        written = [path.name for path in schemas.export(target)]
    except OSError as error:
        fail(f"--out {target}: {error.strerror}; give a folder that can be written", USAGE)
    say({"written": written}, "\n".join(written), as_json)
