"""`recourse letter` and `recourse documents`: a letter before it is sent, and those that were."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recourse.cli.common import (
    DOWN,
    FINDINGS,
    USAGE,
    Json,
    acting,
    fail,
    listing,
    one_of,
    opaque_or_none,
    out,
    print_json,
    run,
    say,
    short,
)

if TYPE_CHECKING:
    from recourse.service.lettering import Draft
    from recourse.storage.documents import DocumentLine, DocumentRow

Actor = Annotated[
    str | None,
    typer.Option("--as", callback=opaque_or_none, help="Opaque id of who reads; else the user's number."),
]
app = typer.Typer(help="Letters: what one would look like.", no_args_is_help=True)


@app.command()
def preview(
    kind: Annotated[str, typer.Argument(help="The template, as `recourse letter kinds` lists it.")],
    loan: Annotated[str, typer.Option(help="The loan, as `recourse cases list` shows it.")],
    target: Annotated[Path, typer.Option("--out", help="The PDF to write; personal data.")],
    language: Annotated[str, typer.Option("--lang", help="zh or en.")] = "en",
    given: Annotated[
        list[str] | None,
        typer.Option("--set", help="NAME=VALUE: what the dossier does not know; several times."),
    ] = None,
    actor: Actor = None,
    as_json: Json = False,
) -> None:
    """A letter to the borrower as it would be today, as a draft. Nothing is sent; who saw it is kept."""
    from recourse.domain.ids import LoanId
    from recourse.domain.letter import LetterError
    from recourse.packs.letters import letter_kinds
    from recourse.ports import NotHandedOver
    from recourse.service.lettering import Draft

    one_of("KIND", kind, letter_kinds())
    one_of("--lang", language, ("zh", "en"))
    draft = Draft(LoanId(loan), kind, language, dict(map(_pair, given or [])))
    try:
        number, pdf = run(_pressed(draft, actor))
    except LetterError as error:
        fail(str(error), FINDINGS)
    except NotHandedOver as error:
        fail(str(error), DOWN)
    _write(target, pdf)
    say({"id": number, "file": str(target), "bytes": len(pdf)}, f"{target}: a draft of {kind}", as_json)


@app.command()
def kinds(as_json: Json = False) -> None:
    """Every letter there is, its languages, and the passages that each of them has."""
    from recourse.packs.letters import letter_kinds
    from recourse.packs.render import passages

    found = {
        kind: {language: sorted(has) for language, has in passages(kind, "letter").items()}
        for kind in letter_kinds()
    }
    if as_json:
        print_json(found)
        return
    table = listing("letter", "languages", "passages", whole=("letter",))
    for kind, languages in found.items():
        common = set.intersection(*map(set, languages.values()))
        table.add_row(kind, ", ".join(languages), ", ".join(sorted(common)))
    out.print(table)


def documents(
    case: Annotated[str, typer.Argument(help="The case, as `recourse cases list` shows it.")],
    folder: Annotated[
        Path | None, typer.Option("--out", help="Write them into this folder; personal data.")
    ] = None,
    actor: Actor = None,
    as_json: Json = False,
) -> None:
    """The letters of a case as they were sent, with what proves that they arrived. Who takes them is kept."""
    if folder is not None and not folder.is_dir():
        fail(f"--out: {folder} is no folder; make it, where only those may read who are concerned", USAGE)
    lines, rows = run(_kept(case, actor, contents=folder is not None))
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


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        fail(f"--set: {text.partition('=')[0]}: give NAME=VALUE", USAGE)
    return name, value


async def _pressed(draft: Draft, actor: str | None) -> tuple[str, bytes]:
    """Its number and the PDF. A draft is never signed."""
    from recourse.app.compose import services
    from recourse.app.settings import load_settings
    from recourse.gateways.letter_press import TypstPress
    from recourse.service.archiving import number_of
    from recourse.service.dossier_reading import note_reading
    from recourse.service.lettering import drafted

    async with services(load_settings()) as running:
        async with running.database.reading() as tx:
            now = await running.database.now(tx)
            letter = await drafted(tx, running.book, running.lenders, draft, now)
        await running.run(partial(note_reading, loan_id=draft.loan_id, **_reader(actor)))
    return number_of(letter), await TypstPress().press(letter)


async def _kept(
    case: str, actor: str | None, *, contents: bool
) -> tuple[list[DocumentLine], list[DocumentRow]]:
    from recourse.app.compose import services
    from recourse.app.settings import load_settings
    from recourse.domain.ids import CaseId
    from recourse.service.dossier_reading import note_reading
    from recourse.storage import cases, documents

    async with services(load_settings()) as running:
        async with running.database.reading() as tx:
            known = await cases.get(tx, CaseId(case))
            if known is None:
                raise LookupError(f"case {case}: there is none; list them with `recourse cases list`")
            lines = await documents.of_case(tx, known.id)
            rows = [await documents.get(tx, line.id) for line in lines] if contents else []
        if rows:
            await running.run(partial(note_reading, loan_id=known.loan_id, **_reader(actor)))
    return lines, [row for row in rows if row is not None]


def _reader(actor: str | None) -> dict[str, Any]:
    return {"actor": acting(actor), "via": "cli", "purpose": "letters"}


def _write(target: Path, content: bytes) -> None:
    try:
        target.write_bytes(content)
    except OSError as error:
        fail(f"--out: {target}: {error.strerror}; give a path that can be written", USAGE)
