"""`recourse events`: files of the bank's events, and the contract's schemas."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import track
from rich.table import Table

from recourse.cli.common import DOWN, FINDINGS, USAGE, Json, err, fail, out, print_json, run

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

    if not file.is_file():
        fail(f"{file}: no such file", USAGE)
    events: list[BankEvent] = []
    findings: list[Finding] = []
    lines = file.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    for number, line in enumerate(track(lines, "reading", console=err, transient=True), 1):
        if not line.strip():
            continue
        try:
            events.append(parse_line(line))
        except Refused as refused:
            findings.append(Finding(number, refused.code.value, refused.field, refused.message))
    return events, findings


def show(findings: list[Finding]) -> None:
    table = Table("line", "code", "field", "what to do")
    for finding in findings[:100]:
        table.add_row(str(finding.line), finding.code, finding.field, finding.message)
    out.print(table)


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
    skip_invalid: Annotated[bool, typer.Option(help="Publish the valid lines all the same.")] = False,
) -> None:
    """Publish a file of events, in file order, to the topic of each one's type."""
    from aiokafka.errors import KafkaError

    from recourse.app.publishing import publish_events
    from recourse.app.settings import adopt_stack, load_topics

    events, findings = read(file)
    if findings and not skip_invalid:
        show(findings)
        fail("nothing was published; mend these lines or pass --skip-invalid", FINDINGS)
    adopt_stack()
    address = brokers or os.environ.get("RECOURSE_KAFKA_BROKERS", "localhost:9092")
    try:
        run(
            publish_events(
                address, load_topics(), events, lambda items: track(items, "publishing", console=err)
            )
        )
    except KafkaError:
        fail(f"Kafka at {address} does not answer; start it or set RECOURSE_KAFKA_BROKERS", DOWN)
    out.print(f"{len(events)} events published, {len(findings)} lines skipped")


@app.command()
def schema(
    check: Annotated[bool, typer.Option(help="Only compare the committed files; exit 1 on drift.")] = False,
    directory: Annotated[Path | None, typer.Option("--out", help="Where to write.")] = None,
) -> None:
    """Export JSON Schema and the AsyncAPI 3 document from the models."""
    from recourse.contracts.events import schema as schemas

    target = directory or schemas.COMMITTED
    if check:
        drift = schemas.drift(target)
        for name in drift:
            out.print(f"differs from the models: {name}; run `recourse events schema`")
        raise typer.Exit(FINDINGS if drift else 0)
    for path in schemas.export(target):
        out.print(path.name)
