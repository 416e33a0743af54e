"""`recourse tokens`: who may call the API."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recourse.cli.common import (
    USAGE,
    Json,
    err,
    fail,
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

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from recourse.service.context import Unit
    from recourse.storage.token_scopes import Bound

app = typer.Typer(help="Bearer tokens of the API.", no_args_is_help=True)
Actor = Annotated[str, typer.Argument(help="As `recourse tokens list` shows it.")]
Lenders = Annotated[list[str] | None, typer.Option("--lender", help="Every loan of a lender; several times.")]
Loans = Annotated[list[str] | None, typer.Option("--loan", help="One loan; several times.")]
LoanList = Annotated[
    Path | None, typer.Option("--loans", help="A file with one loan id a line.", dir_okay=False, exists=True)
]


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
    lender: Lenders = None,
    loan: Loans = None,
    loans: LoanList = None,
    days: Annotated[int, typer.Option(min=1, max=3660, help="How long it is good.")] = 365,
    endless: Annotated[bool, typer.Option("--endless", help="Good until it is revoked.")] = False,
    as_json: Json = False,
) -> None:
    """Issue a token. It is printed once, alone on standard output, and stored only as a hash. With --lender
    it sees the loans of these lenders only, else those of every lender; a dialler's sees none until it is
    bound to some: here, or by `recourse tokens bind`."""
    from recourse.app.compose import services
    from recourse.app.settings import load_settings
    from recourse.service import binding, tokens

    one_of("--role", role, tokens.ROLES)
    bound = _named(lender, loan, loans)
    confined = role == binding.BOUND_ROLE or bool(bound.lenders)
    if role != binding.BOUND_ROLE and bound.loans:
        fail(f"--loan, --loans: bind a token of the role {binding.BOUND_ROLE} only", USAGE)

    async def issue_bound(unit: Unit) -> tokens.Issued:
        """In one transaction: a loan there is none of leaves no token behind that nobody has seen."""
        lasts = None if endless else timedelta(days=days)
        issued = await tokens.issue(unit, role, name, person, confined=confined, lasts=lasts)
        if confined:
            await binding.bind(unit, issued.actor, bound)
        return issued

    async def work() -> tokens.Issued:
        async with services(load_settings()) as running:
            return await running.run(issue_bound)

    issued = run(work())
    if as_json:
        print_json(asdict(issued) | {"role": role, "name": name})
    else:
        out.print(issued.token, highlight=False, soft_wrap=True)
        good = "good until it is revoked" if endless else f"good for {days} days"
        end = f"to end it: recourse tokens revoke {issued.actor}"
        err.print(f"of {issued.actor}; {good}; {end}", highlight=False, soft_wrap=True)
        err.print(f"whose it is: {issued.person}; --person {issued.person} for his next one", highlight=False)
        if confined:
            err.print(_words(issued.actor, bound), highlight=False)


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
    whole = ("actor", "person", "since (UTC)", "until (UTC)")
    table = listing("actor", "person", "role", "name", "since (UTC)", "until (UTC)", "state", whole=whole)
    for line in lines:
        state = f"revoked {short(line.revoked_at)}" if line.revoked_at else "ended" if line.ended else "valid"
        table.add_row(
            line.actor, line.person, line.role, line.name, short(line.recorded_at), short(line.ends_at), state
        )
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


@app.command()
def bind(
    actor: Actor, lender: Lenders = None, loan: Loans = None, loans: LoanList = None, as_json: Json = False
) -> None:
    """Let a confined token see more: a lender's loans, and for a dialler those of a list."""
    from recourse.service import binding

    more = _named(lender, loan, loans)
    if not (more.lenders or more.loans):
        fail("--lender, --loan, --loans: name at least one", USAGE)
    _changed(actor, partial(binding.bind, actor=actor, more=more), as_json)


@app.command()
def unbind(
    actor: Actor,
    lender: Lenders = None,
    loan: Loans = None,
    loans: LoanList = None,
    everything: Annotated[bool, typer.Option("--all", help="All that it is bound to.")] = False,
    as_json: Json = False,
) -> None:
    """Take lenders or loans from a confined token, at once. What a dialler has reserved it still tells of."""
    from recourse.service import binding

    less = _named(lender, loan, loans)
    if everything is bool(less.lenders or less.loans):
        fail("--all, or --lender, --loan and --loans: name one of the two", USAGE)
    _changed(actor, partial(binding.unbind, actor=actor, less=None if everything else less), as_json)


@app.command()
def scope(actor: Actor, as_json: Json = False) -> None:
    """Which lenders and loans a confined token is for."""
    from recourse.service import binding
    from recourse.storage.token_scopes import Bound

    _changed(actor, partial(binding.bind, actor=actor, more=Bound()), as_json)


def _changed(actor: str, change: Callable[[Unit], Awaitable[Bound]], as_json: bool) -> None:
    from recourse.app.compose import services
    from recourse.app.settings import load_settings
    from recourse.service.noting import Pointless

    async def work() -> Bound:
        async with services(load_settings()) as running:
            return await running.run(change)

    try:
        bound = run(work())
    except Pointless as error:
        fail(str(error), USAGE)
    say({"actor": actor} | asdict(bound), _words(actor, bound), as_json)


def _named(lenders: list[str] | None, loans: list[str] | None, listed: Path | None) -> Bound:
    from recourse.domain.ids import LoanId
    from recourse.storage.token_scopes import Bound

    keys = list(loans or ())
    if listed is not None:
        try:
            keys += [line.strip() for line in listed.read_text(encoding="utf-8").splitlines() if line.strip()]
        except (OSError, UnicodeDecodeError):
            fail("--loans: cannot be read as lines of text", USAGE)
    return Bound(tuple(dict.fromkeys(lenders or ())), tuple(LoanId(key) for key in dict.fromkeys(keys)))


def _words(actor: str, bound: Bound) -> str:
    if not (bound.lenders or bound.loans):
        return f"{actor} is for no loan; bind it: recourse tokens bind {actor} --lender NAME"
    parts = [f"every loan of {name}" for name in bound.lenders]
    parts += [f"{len(bound.loans)} loans by their ids"] if bound.loans else []
    return f"{actor} is for " + ", ".join(parts)
