"""`recourse privacy scan`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recourse.cli.common import FINDINGS, USAGE, Json, err, fail, listing, out, print_json, run

if TYPE_CHECKING:
    from recourse.app.scan_report import Report
    from recourse.domain.privacy.traces import Known

_SHOWN = 100


def scan(
    book: Annotated[
        Path, typer.Argument(help="The loan book: bank events as NDJSON, from which the values are taken.")
    ],
    files: Annotated[
        list[Path] | None, typer.Option("--in", help="A file or a folder with logs and other output.")
    ] = None,
    urls: Annotated[list[str] | None, typer.Option("--url", help="What answers there: metrics, say.")] = None,
    as_json: Json = False,
) -> None:
    """Whether logs, metrics, topics, Temporal or the database hold a name, a number or a plate of the book.

    Each value is looked for in every shape a program may have left it in. What is found is named by its place
    and never shown. Exit 1 when something is found."""
    from recourse.app.privacy_scan import Look, scanned
    from recourse.app.settings import load_settings

    known = _known(book)
    report = run(scanned(load_settings(), known, Look(files or (), urls or ())))
    print_json(report.to_json()) if as_json else _show(report)
    if report.found:
        raise typer.Exit(FINDINGS)


def _known(book: Path) -> list[Known]:
    from recourse.app.privacy_scan import book_of
    from recourse.contracts.events import Refused, parse_line

    try:
        with book.open(encoding="utf-8") as lines:
            known = book_of(parse_line(line) for line in lines if line.strip())
    except OSError as error:
        fail(f"{book}: {error.strerror}", USAGE)
    except (Refused, UnicodeDecodeError):
        fail(f"{book}: not a file of the bank's events; see `recourse events validate`", USAGE)
    if not known:
        fail(f"{book}: no snapshot in it names anybody, so nothing could be found", USAGE)
    return known


def _show(report: Report) -> None:
    from recourse.app.scan_report import BY_DESIGN, NOT_LOOKED_AT

    looked = listing("place", "pieces", "KiB", "found")
    for place, one in report.looked.items():
        looked.add_row(place, str(one.pieces), str(one.size // 1024), str(one.found))
    out.print(f"{report.values} values, {report.left_out} of them too short to be told from other text")
    out.print(looked)
    allowed = listing("by design", "found", "why")
    for name, why in BY_DESIGN.items():
        allowed.add_row(name, str(report.allowed[name]), why)
    for name, why in NOT_LOOKED_AT.items():
        allowed.add_row(name, "·", why)
    out.print(allowed)
    if report.unopened:
        err.print(f"{report.unopened} payloads of Temporal were not opened: no key of the ring does it")
    if not report.found:
        out.print("nothing was found")
        return
    table = listing("place", "where", "kind", "whose", "shape", whole=("where",))
    for each in report.found[:_SHOWN]:
        table.add_row(each.place, each.where, each.kind, each.whose, each.shape)
    out.print(table)
    if len(report.found) > _SHOWN:
        out.print(f"and {len(report.found) - _SHOWN} more; --json has all")
