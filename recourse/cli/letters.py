"""`recourse letter`: the kinds there are, and one before it is sent."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recourse.cli.common import (
    DOWN,
    FINDINGS,
    USAGE,
    Json,
    ReadBy,
    acting,
    fail,
    listing,
    one_of,
    out,
    print_json,
    run,
    say,
)
from recourse.cli.revealing import Justification, Reference, Reveal, Revealed, revealed
from recourse.gateways.whole_file import put

if TYPE_CHECKING:
    from recourse.service.lettering import Draft

PURPOSE = "letters"
"""Of the reading that is kept."""
app = typer.Typer(help="Letters: what one would look like.", no_args_is_help=True)


@app.command()
def preview(
    kind: Annotated[str, typer.Argument(help="The template, as `recourse letter kinds` lists it.")],
    loan: Annotated[str, typer.Option(help="The loan, as `recourse cases list` shows it.")],
    target: Annotated[Path, typer.Option("--out", help="The PDF to write.")],
    language: Annotated[str, typer.Option("--lang", help="zh or en.")] = "en",
    given: Annotated[
        list[str] | None,
        typer.Option("--set", help="NAME=VALUE: what the dossier does not know; several times."),
    ] = None,
    actor: ReadBy = None,
    reveal: Reveal = None,
    reference: Reference = None,
    justification: Justification = None,
    as_json: Json = False,
) -> None:
    """A letter to the borrower as it would be today, as a draft. Nothing is sent; who saw it is kept.

    Name, address and vehicle are covered; by --reveal, with your token, they are as in the letter.
    """
    from recourse.domain.ids import LoanId
    from recourse.domain.letter import LetterError
    from recourse.packs.letters import letter_kinds
    from recourse.ports import NotHandedOver
    from recourse.service.lettering import Draft

    one_of("KIND", kind, letter_kinds())
    one_of("--lang", language, ("zh", "en"))
    wanted = revealed(reveal, reference, justification)
    if wanted is not None and actor:
        fail("--as: of a --reveal the token says who; leave it out", USAGE)
    draft = Draft(LoanId(loan), kind, language, dict(map(_pair, given or [])), clear=wanted is not None)
    try:
        number, pdf = run(_pressed(draft, actor, wanted))
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


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        fail(f"--set: {text.partition('=')[0]}: give NAME=VALUE", USAGE)
    return name, value


async def _pressed(draft: Draft, actor: str | None, wanted: Revealed | None) -> tuple[str, bytes]:
    """Its number and the PDF. A draft is never signed."""
    from recourse.app.compose import services
    from recourse.app.settings import load_settings
    from recourse.gateways.letter_press import TypstPress
    from recourse.service.archiving import number_of
    from recourse.service.dossier_reading import note_reading
    from recourse.service.lettering import drafted

    settings = load_settings()
    async with services(settings) as running:
        seen = running
        if wanted is not None:
            seen = await wanted.read(running, settings, draft.loan_id)
        async with seen.database.reading() as tx:
            now = await seen.database.now(tx)
            letter = await drafted(tx, seen.book, seen.lenders, draft, now)
        if wanted is None:
            read = partial(note_reading, loan_id=draft.loan_id, actor=acting(actor), via="cli")
            await running.run(partial(read, purpose=PURPOSE))
    return number_of(letter), await TypstPress().press(letter)


def _write(target: Path, content: bytes) -> None:
    try:
        put(target, content, private=True)
    except OSError as error:
        fail(f"--out: {target}: {error.strerror}; give a path that can be written", USAGE)
