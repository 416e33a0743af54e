"""`recourse users`: who may sign in with a browser."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

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

    from recourse.service.accounts import Opened
    from recourse.service.context import Unit

app = typer.Typer(help="Accounts of people who sign in with a browser.", no_args_is_help=True)
T = TypeVar("T")
Login = Annotated[str, typer.Argument(help="As it is typed at the sign-in.")]


@app.command()
def add(
    login: Login,
    role: Annotated[str, typer.Option(help="agent, lead, vehicle, legal, auditor or admin")],
    name: Annotated[str, typer.Option(callback=told, help="Who it is, for people to recognise.")],
    person: Annotated[
        str | None,
        typer.Option(
            callback=opaque_or_none,
            help="Opaque id of that person, as `recourse tokens list` shows it, where he has one already.",
        ),
    ] = None,
    lender: Annotated[
        list[str] | None, typer.Option("--lender", help="The loans of this lender only; several times.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make an account. Its first password is printed once, alone on standard output: it is good for 72 hours
    and lets its person choose one of his own and set up his authenticator."""
    from recourse.service import accounts, binding
    from recourse.storage.token_scopes import Bound

    one_of("--role", role, accounts.ROLES)

    async def work(unit: Unit) -> Opened:
        opened = await accounts.add(unit, login, role, name, person, confined=bool(lender))
        if lender:
            await binding.bind(unit, opened.actor, Bound(tuple(dict.fromkeys(lender))))
        return opened

    opened = _run(work)
    if as_json:
        print_json(asdict(opened) | {"role": role, "name": name})
        return
    out.print(opened.password, highlight=False, soft_wrap=True)
    err.print(f"first password of {opened.login} ({opened.actor}), for 72 hours", highlight=False)
    err.print(f"whose it is: {opened.person}; --person {opened.person} for a token of his", highlight=False)


@app.command("list")
def list_users(as_json: Json = False) -> None:
    """Who has an account, oldest first."""
    from recourse.app.compose import services
    from recourse.app.settings import load_settings
    from recourse.storage import accounts

    async def work() -> list[dict[str, Any]]:
        async with services(load_settings()) as running, running.database.reading() as tx:
            return await accounts.listing(tx)

    lines = run(work())
    if as_json:
        print_json(lines)
        return
    table = listing("login", "actor", "person", "role", "name", "state", whole=("login", "actor", "person"))
    for line in lines:
        who = (line["login"], line["actor"], line["person"], line["role"], line["name"])
        table.add_row(*who, _state(line))
    out.print(table if lines else "no accounts; make one: recourse users add LOGIN --role agent --name NAME")


def _state(line: dict[str, Any]) -> str:
    from recourse.service.second_factor import MOST_REFUSED

    if line["revoked_at"]:
        return f"disabled {short(line['revoked_at'])}"
    if line["refused_codes"] >= MOST_REFUSED:
        return "locked: too many codes refused; recourse users reset"
    return "valid" if line["totp_confirmed"] else "never signed in with a second factor"


@app.command()
def disable(login: Login, as_json: Json = False) -> None:
    """For good, at once, with every session. Who comes back gets a new account (`add --person`)."""
    from recourse.service import accounts

    actor = _run(partial(accounts.disable, login=login))
    say({"login": login, "actor": actor, "state": "disabled"}, f"{login}: disabled", as_json)


@app.command()
def reset(login: Login, as_json: Json = False) -> None:
    """A first password again, printed once, and a second factor to be set up again; every session ends."""
    from recourse.service import accounts

    opened = _run(partial(accounts.reset, login=login))
    if as_json:
        print_json({"login": opened.login, "actor": opened.actor, "password": opened.password})
        return
    out.print(opened.password, highlight=False, soft_wrap=True)
    err.print(f"first password of {opened.login}, for 72 hours", highlight=False)


@app.command("sign-out")
def sign_out(login: Login, as_json: Json = False) -> None:
    """End every session of an account, at once. It stays valid."""
    from recourse.service import accounts

    ended = _run(partial(accounts.end_sessions, login=login))
    say({"login": login, "sessions": ended}, f"{login}: {ended} sessions ended", as_json)


def _run(work: Callable[[Unit], Awaitable[T]]) -> T:
    from recourse.app.compose import services
    from recourse.app.settings import load_settings
    from recourse.service.noting import Pointless

    async def inside() -> T:
        async with services(load_settings()) as running:
            return await running.run(work)

    try:
        return run(inside())
    except Pointless as error:
        fail(str(error), USAGE)
