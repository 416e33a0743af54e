"""`recourse documents CASE`: the letters that were sent, and the very files, which leave by two persons."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recourse.cli.common import (
    USAGE,
    Json,
    acting,
    fail,
    listing,
    opaque_or_none,
    out,
    print_json,
    run,
    short,
)
from recourse.cli.exports import Export

if TYPE_CHECKING:
    from recourse.domain.ids import CaseId
    from recourse.service.context import Services
    from recourse.storage.cases import CaseRow
    from recourse.storage.documents import DocumentLine, DocumentRow

PURPOSE = "letters"
"""Of the reading that is kept."""


def documents(
    case: Annotated[str, typer.Argument(help="The case, as `recourse cases list` shows it.")],
    folder: Annotated[
        Path | None, typer.Option("--out", help="Write them into this folder; personal data.")
    ] = None,
    actor: Annotated[
        str | None,
        typer.Option(
            "--as", callback=opaque_or_none, help="Opaque id of who takes them; else the user's number."
        ),
    ] = None,
    export: Export = None,
    as_json: Json = False,
) -> None:
    """The letters of a case, with what proves that they arrived; with --out the files as they were sent.

    The files take two persons: see `recourse exports ask --letters LOAN`."""
    if folder is not None and not folder.is_dir():
        fail(f"--out: {folder} is no folder; make it, where only those may read who are concerned", USAGE)
    if folder is None and export is not None:
        fail("--export: it is for files; name their folder with --out", USAGE)
    lines, rows = run(_kept(case, acting(actor), export, contents=folder is not None))
    for row in rows:
        _write((folder or Path()) / f"{row.id}.pdf", row.content)
    if as_json:
        print_json([asdict(line) for line in lines])
        return
    table = listing("letter", "kind", "at (UTC)", "by", "state", "proofs", "sha256", whole=("letter",))
    for line in lines:
        proved = ", ".join(f"{one.kind} {one.at:%Y-%m-%d} ({one.evidence})" for one in line.proofs)
        table.add_row(line.id, line.kind, short(line.at), line.channel, line.state, proved, line.sha256[:16])
    out.print(table if lines else "no letters")


async def _kept(
    case: str, actor: str, export: str | None, *, contents: bool
) -> tuple[list[DocumentLine], list[DocumentRow]]:
    from recourse.app.compose import services
    from recourse.app.settings import load_settings
    from recourse.domain.ids import CaseId
    from recourse.service.exporting import Scope, begin, give
    from recourse.storage import documents as stored

    settings = load_settings()
    async with services(settings) as running:
        known = await _case(running, CaseId(case))
        async with running.database.reading() as tx:
            lines = await stored.of_case(tx, known.id)
        if not contents or not lines:
            return lines, []
        scope = Scope.of_letters(known.loan_id)
        approved = await running.run(lambda unit: begin(unit, scope, export, actor, settings.export_approval))
        async with running.database.reading() as tx:
            rows = [await stored.get(tx, line.id) for line in lines]
        await running.run(lambda unit: give(unit, approved, scope.loans, actor, PURPOSE))
    return lines, [row for row in rows if row is not None]


async def _case(running: Services, key: CaseId) -> CaseRow:
    """Raises LookupError."""
    from recourse.storage import cases

    async with running.database.reading() as tx:
        known = await cases.get(tx, key)
    if known is None:
        raise LookupError(f"case {key}: there is none; list them with `recourse cases list`")
    return known


def _write(target: Path, content: bytes) -> None:
    from recourse.gateways.whole_file import put

    try:
        put(target, content, private=True)
    except OSError as error:
        fail(f"--out: {target}: {error.strerror}; give a folder that can be written", USAGE)
