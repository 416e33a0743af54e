"""`recourse access`: where somebody read what was not for him, and the second person who looks at it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from recourse.cli.common import FINDINGS, Json, listing, one_of, out, print_json, run, say, short
from recourse.cli.persons import as_person

if TYPE_CHECKING:
    from recourse.service.context import Unit
    from recourse.storage.reveals import RevealRow

app = typer.Typer(help="Broken glass: dossiers read outside one's role or lenders.", no_args_is_help=True)


@app.command()
def breaks(
    every: Annotated[bool, typer.Option("--all", help="Those too that were reviewed.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="That many at most.")] = 200,
    as_json: Json = False,
) -> None:
    """Where the glass was broken and nobody has reviewed it yet, the oldest first. Exit 1 for any."""
    from recourse.app.compose import services
    from recourse.app.settings import load_settings
    from recourse.storage import reveals

    async def work() -> list[RevealRow]:
        async with services(load_settings()) as running, running.database.reading() as tx:
            return await reveals.broken(tx, reviewed=every, limit=limit)

    rows = run(work())
    if as_json:
        print_json([asdict(row) for row in rows])
    else:
        table = listing(
            "reveal", "at (UTC)", "who", "loan", "why", "reference", "found", whole=("reveal", "at (UTC)")
        )
        for row in rows:
            why = f"{row.justification}, not of his {row.outside}, to {row.purpose}"
            table.add_row(
                row.id, short(row.at), row.actor, row.loan_id, why, row.reference or "", row.finding or ""
            )
        out.print(table if rows else "no broken glass" + ("" if every else " waits for a review"))
    if any(row.reviewed_at is None for row in rows):
        raise typer.Exit(FINDINGS)


@app.command()
def review(
    reveal_id: Annotated[str, typer.Argument(help="As `recourse access breaks` shows it.")],
    finding: Annotated[str, typer.Option(help="justified or not_justified; it stays on record.")],
    as_json: Json = False,
) -> None:
    """Say, as another person, whether a broken glass was justified; the case's diary keeps it.

    With the token of a lead or an auditor: RECOURSE_TOKEN, else it is asked for."""
    from recourse.domain.disclosure import REVIEWERS, Finding
    from recourse.service import revealing

    one_of("--finding", finding, Finding)

    async def work(unit: Unit, actor: str) -> RevealRow:
        return await revealing.review(unit, reveal_id, Finding(finding), actor)

    row = as_person(work, REVIEWERS)
    say(asdict(row), f"{row.id}: {row.finding}, found by {row.reviewed_by}", as_json)
