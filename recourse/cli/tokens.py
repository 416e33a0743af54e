"""`recourse tokens`: who may call the API."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import Annotated

import typer

from recourse.cli.common import (
    Json,
    err,
    listing,
    one_of,
    opaque_or_none,
    out,
    print_json,
    run,
    say,
    short,
    told,
)

app = typer.Typer(help="Bearer tokens of the API.", no_args_is_help=True)


@app.command()
def issue(
    role: Annotated[
        str, typer.Option(help="agent, lead, vehicle, legal, desk, dialler, recovery, auditor or admin")
    ],
    name: Annotated[str, typer.Option(callback=told, help="Whose token it is, for people to recognise it.")],
    person: Annotated[
        str | None,
        typer.Option(
            callback=opaque_or_none,
            help="Opaque id of that person, the same for each of his tokens; a new one when left out.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Issue a token. It is printed once, alone on standard output, and stored only as a hash."""
    from recourse.app.compose import services
    from recourse.app.settings import load_settings
    from recourse.service import tokens

    one_of("--role", role, tokens.ROLES)

    async def work() -> tokens.Issued:
        async with services(load_settings()) as running:
            return await running.run(partial(tokens.issue, role=role, name=name, person=person))

    issued = run(work())
    if as_json:
        print_json(asdict(issued) | {"role": role, "name": name})
    else:
        out.print(issued.token, highlight=False, soft_wrap=True)
        err.print(f"of {issued.actor}; to end it: recourse tokens revoke {issued.actor}", highlight=False)
        err.print(f"whose it is: {issued.person}; --person {issued.person} for his next one", highlight=False)


@app.command("list")
def list_tokens(as_json: Json = False) -> None:
    """Who holds a token, oldest first; never the tokens themselves."""
    from recourse.app.compose import services
    from recourse.app.settings import load_settings
    from recourse.reading import tokens

    async def work() -> list[tokens.TokenLine]:
        async with services(load_settings()) as running, running.database.reading() as tx:
            return await tokens.listing(tx)

    lines = run(work())
    if as_json:
        print_json([asdict(line) for line in lines])
        return
    whole = ("actor", "person", "since (UTC)")
    table = listing("actor", "person", "role", "name", "since (UTC)", "state", whole=whole)
    for line in lines:
        state = f"revoked {short(line.revoked_at)}" if line.revoked_at else "valid"
        table.add_row(line.actor, line.person, line.role, line.name, short(line.recorded_at), state)
    out.print(table if lines else "no tokens; issue one: recourse tokens issue --role agent --name NAME")


@app.command()
def revoke(
    actor: Annotated[str, typer.Argument(help="As `recourse tokens list` shows it.")], as_json: Json = False
) -> None:
    """Revoke a person's token; it stops working at once."""
    from recourse.app.compose import services
    from recourse.app.settings import load_settings
    from recourse.service import tokens

    async def work() -> None:
        async with services(load_settings()) as running:
            await running.run(partial(tokens.revoke, actor=actor))

    run(work())
    say({"actor": actor, "state": "revoked"}, f"{actor}: revoked", as_json)
