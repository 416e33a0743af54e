"""`recourse privacy`: keys of personal data, what is held about a person, and erasing him."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recourse.cli.common import (
    FINDINGS,
    USAGE,
    Json,
    acting,
    err,
    fail,
    listing,
    one_of,
    opaque,
    opaque_or_none,
    out,
    print_json,
    run,
    say,
)
from recourse.cli.erasing import erase, retention_report
from recourse.cli.exports import Export
from recourse.cli.scanning import scan
from recourse.gateways.whole_file import put

if TYPE_CHECKING:
    from collections.abc import Sequence

    from recourse.app.findings import Finding
    from recourse.service.context import Unit
    from recourse.service.keeping_keys import Pass
    from recourse.storage.exports import ExportRow

app = typer.Typer(help="Personal data: its keys, its export, its end.", no_args_is_help=True)
app.command()(erase)
app.command(name="retention-report")(retention_report)
app.command()(scan)
PersonArgument = Annotated[str, typer.Argument(help="The bank's id of the person.")]


@app.command()
def keygen(
    file: Annotated[Path, typer.Argument(help="The key ring; it is never written over, only added to.")],
    id: Annotated[str, typer.Option("--id", callback=opaque, help="The key's name, such as 2026-11.")],
    add: Annotated[
        str | None, typer.Option(help="Add to a ring that is there: wrap, or index; in two moves.")
    ] = None,
    in_use: Annotated[
        bool, typer.Option("--in-use", help="With --add: use it at once, where one process has the ring.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make a key ring, or add a key to one.

    A key that is added is read with first; move its line to the end when every process has it."""
    from recourse.domain.privacy.key_ring import INDEX, WRAP, KeyRing, KeyRingError
    from recourse.storage import key_files

    one_of("--add", add, (WRAP, INDEX))
    try:
        if add is None:
            key_files.write_new(file, KeyRing.new(id))
        else:
            ring = KeyRing.parse(file.read_text(encoding="utf-8"))
            key_files.replace(file, ring.with_new(id, add, in_use=in_use))
    except KeyRingError as error:
        fail(f"{file}: {error}", USAGE)
    except FileExistsError:
        fail(f"{file}: is there already; --add a key to it, for what it sealed must be opened", USAGE)
    except OSError as error:
        fail(f"{file}: {error.strerror}", USAGE)
    text = f"{file} written; keep a copy where no backup of the database lies"
    say({"file": str(file), "id": id}, text, as_json)


@app.command()
def seal(as_json: Json = False) -> None:
    """Seal what was stored before there were keys, while everything runs. Again and again is harmless."""
    from recourse.service import keeping_keys

    _pass(keeping_keys.sealing(), "sealed", as_json)


@app.command()
def rotate(as_json: Json = False) -> None:
    """Wrap every data key by the newest key of the ring and make blind indexes by the newest, while all runs.

    Again and again is harmless; it goes on where it was stopped."""
    from recourse.service import keeping_keys

    _pass(keeping_keys.rotating(), "made anew", as_json)


def _pass(passes: Sequence[Pass], done: str, as_json: bool) -> None:
    counted, left = run(_passed(passes))
    text = ", ".join(f"{number} {name}" for name, number in counted.items())
    say({"done": counted, "left": left}, f"{done}: {text}", as_json)
    if any(left.values()):
        names = ", ".join(f"{number} {name}" for name, number in left.items() if number)
        err.print(f"left, somebody else held them: {names}; run it again", highlight=False, soft_wrap=True)
        raise typer.Exit(FINDINGS)


async def _passed(passes: Sequence[Pass]) -> tuple[dict[str, int], dict[str, int]]:
    from rich.progress import Progress

    from recourse.app.compose import services
    from recourse.app.settings import load_settings
    from recourse.service import keeping_keys

    async with services(load_settings()) as running:
        wanted = await keeping_keys.left(running, passes)
        counted = dict.fromkeys(wanted, 0)
        with Progress(console=err, transient=True, disable=not err.is_terminal) as progress:
            bars = {name: progress.add_task(name, total=total) for name, total in wanted.items()}
            async for name, number in keeping_keys.run(running, passes):
                counted[name] += number
                progress.update(bars[name], advance=number)
        return counted, await keeping_keys.left(running, passes)


@app.command()
def export(
    person_id: PersonArgument,
    language: Annotated[str, typer.Option(help="Of the text: zh or en.")] = "en",
    to: Annotated[Path | None, typer.Option("--out", help="A file for it; default standard output.")] = None,
    actor: Annotated[
        str | None, typer.Option(callback=opaque_or_none, help="Who reads it; stays on record.")
    ] = None,
    approved: Export = None,
    as_json: Json = False,
) -> None:
    """What is held about a person: as a text, or by --json for a program. The reading is recorded.

    It takes two persons: see `recourse exports ask`."""
    one_of("--language", language, ("zh", "en"))
    from recourse.reading.person_export import readable

    document = run(_exported(person_id, acting(actor), approved))
    text = (
        json.dumps(document, ensure_ascii=False, indent=2, default=str)
        if as_json
        else readable(document, language)
    )
    if to is None:
        print_json(document) if as_json else out.print(text, highlight=False, soft_wrap=True)
        return
    try:
        put(to, f"{text}\n".encode(), private=True)
    except OSError as error:
        fail(f"--out: {to}: {error.strerror}", USAGE)
    out.print(f"{to} written; it is personal data", highlight=False, soft_wrap=True)


async def _exported(person_id: str, actor: str, approved: str | None) -> dict[str, Any]:
    from recourse.app.compose import services
    from recourse.app.settings import load_settings
    from recourse.domain.ids import PersonId
    from recourse.reading import person_export
    from recourse.service import exporting
    from recourse.service.exporting import OF_PERSON, Scope

    settings, person = load_settings(), PersonId(person_id)

    async def begun(unit: Unit) -> ExportRow:
        scope = await Scope.of_person(unit, person)
        return await exporting.begin(unit, scope, approved, actor, settings.export_approval)

    async with services(settings) as running:
        export = await running.run(begun)
        async with running.database.reading() as tx:
            document = await person_export.exported(tx, person)
        await running.run(lambda unit: exporting.give(unit, export, export.loans, actor, OF_PERSON))
        return document


@app.command()
def check(
    apply: Annotated[
        bool, typer.Option("--apply", help="Destroy again what an old backup brought back.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Whether every erasure holds, every key opens, and nothing is plain. Exit 1 when something is found.

    After a backup was restored, before any process starts: --apply."""
    found = run(_checked(apply))
    if as_json:
        print_json([{"what": one.what, "says": one.says, "remedy": one.remedy} for one in found])
    elif found:
        table = listing("what", "says", "remedy")
        for one in found:
            table.add_row(one.what, one.says, one.remedy)
        out.print(table)
    else:
        out.print("every erasure holds, every key opens, nothing is plain")
    if found:
        raise typer.Exit(FINDINGS)


async def _checked(apply: bool) -> list[Finding]:
    from recourse.app.erased_list import ErasedList
    from recourse.app.privacy_check import checked
    from recourse.app.settings import load_settings

    settings = load_settings()
    return await checked(settings, ErasedList.of(settings), apply=apply)
