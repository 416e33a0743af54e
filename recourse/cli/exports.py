"""`recourse exports`: personal data leaves by two persons, each by his token."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recourse.cli.common import (
    USAGE,
    Json,
    fail,
    listing,
    one_of,
    opaque,
    opaque_or_none,
    out,
    print_json,
    run,
    say,
    short,
)
from recourse.cli.persons import as_person

if TYPE_CHECKING:
    from recourse.service.context import Unit
    from recourse.storage.exports import ExportRow

app = typer.Typer(help="Exports of personal data, by two persons.", no_args_is_help=True)
ExportId = Annotated[str, typer.Argument(help="As `recourse exports list` shows it.")]
Export = Annotated[
    str | None,
    typer.Option(
        "--export", callback=opaque_or_none, help="The approved export; see `recourse exports ask`."
    ),
]
"""Of the commands that give something out."""


@app.command()
def ask(
    purpose: Annotated[str, typer.Option(help="What for: court_file, legal_advice, persons_request …")],
    person: Annotated[
        str | None, typer.Option(callback=opaque_or_none, help="All that is held about this person.")
    ] = None,
    loan: Annotated[list[str] | None, typer.Option("--loan", help="A bundle of it; several times.")] = None,
    loans: Annotated[
        Path | None, typer.Option("--loans", help="The same file as `recourse bundles` gets.")
    ] = None,
    letters: Annotated[
        str | None, typer.Option("--letters", help="The letters of this loan as they were sent.")
    ] = None,
    for_: Annotated[
        str | None, typer.Option("--for", help="Of bundles: for whom; see `recourse recipients`.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Ask to give out personal data; another person has to approve exactly that, within seven days.

    With the token of a lead, a lawyer or an auditor: RECOURSE_TOKEN, else it is asked for."""
    from recourse.cli.bundling import loans_in, recipient_of
    from recourse.domain.disclosure import EXPORT_ASKERS, ExportPurpose
    from recourse.domain.ids import LoanId, PersonId
    from recourse.service import exporting
    from recourse.service.exporting import Scope

    one_of("--purpose", purpose, ExportPurpose)
    named = [LoanId(one) for one in loan or ()] + (loans_in(loans) if loans else [])
    if sum((person is not None, letters is not None, bool(named))) != 1:
        fail("--person, --letters, or --loan and --loans: name one of the three", USAGE)
    if bool(named) is (for_ is None):
        fail("--for: of bundles it says for whom; of anything else it is left out", USAGE)

    bundles = Scope.of_bundles(named, recipient_of(for_).id) if for_ is not None else None
    of_letters = Scope.of_letters(LoanId(letters)) if letters is not None else None

    async def work(unit: Unit, actor: str) -> ExportRow:
        scope = bundles or of_letters or await Scope.of_person(unit, PersonId(person or ""))
        return await exporting.ask(unit, scope, ExportPurpose(purpose), actor)

    row = as_person(work, EXPORT_ASKERS)
    until = f"waits for another person until {short(row.lapses_at)} UTC"
    say(asdict(row), f"{row.id}: {until}; recourse exports approve {row.id}", as_json)


@app.command("list")
def list_exports(
    every: Annotated[
        bool, typer.Option("--all", help="Those too that were used, declined or lapsed.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, help="That many at most.")] = 200,
    as_json: Json = False,
) -> None:
    """Exports that wait for a second person or to be used, the newest first."""
    from recourse.app.compose import services
    from recourse.app.settings import load_settings
    from recourse.storage import exports

    async def work() -> list[ExportRow]:
        async with services(load_settings()) as running, running.database.reading() as tx:
            now = await running.database.now(tx)
            return await exports.listed(tx, now, every=every, limit=limit)

    rows = run(work())
    if as_json:
        print_json([asdict(row) for row in rows])
        return
    table = listing("export", "of", "for", "purpose", "state", "by", "until (UTC)", whole=("export",))
    for row in rows:
        what = row.person_id or (row.loans[0] if len(row.loans) == 1 else f"{len(row.loans)} loans")
        behind = f"{row.asked_by}, {row.decided_by or '—'}"
        table.add_row(row.id, what, row.recipient, row.purpose, row.state, behind, short(row.lapses_at))
    out.print(table if rows else "no exports")


@app.command()
def approve(export_id: ExportId, as_json: Json = False) -> None:
    """Approve an export, as another person than who asked for it.

    With the token of a lead: RECOURSE_TOKEN, else it is asked for."""
    from recourse.domain.disclosure import EXPORT_APPROVERS
    from recourse.service import exporting

    async def work(unit: Unit, actor: str) -> ExportRow:
        return await exporting.approve(unit, export_id, actor)

    row = as_person(work, EXPORT_APPROVERS)
    say(asdict(row), f"{row.id}: approved; it is given out once, with --export {row.id}", as_json)


@app.command()
def decline(
    export_id: ExportId,
    code: Annotated[str, typer.Option(callback=opaque, help="Why, in one word.")],
    as_json: Json = False,
) -> None:
    """Decline an export, or take back one's own.

    With the token of who may ask for one: RECOURSE_TOKEN, else it is asked for."""
    from recourse.domain.disclosure import EXPORT_ASKERS
    from recourse.service import exporting

    async def work(unit: Unit, actor: str) -> ExportRow:
        return await exporting.decline(unit, export_id, actor, code)

    row = as_person(work, EXPORT_ASKERS)
    say(asdict(row), f"{row.id}: declined ({row.code})", as_json)
