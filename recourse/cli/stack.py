"""`recourse stack up|down|status`: the embedded servers and the outside world's ends."""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from recourse.cli.screen import Listing, Screen, styled, visible

if TYPE_CHECKING:
    from recourse.stack.addresses import StackAddresses
    from recourse.stack.control import Status
    from recourse.stack.state import Home
    from recourse.stack.supervisor import Plan

DEPENDENCY_DOWN = 3
USAGE = 2

app = typer.Typer(help="Run PostgreSQL, Kafka, Temporal and the outside world's ends on this machine.")
out = Screen(soft_wrap=True)
complaints = Screen(stderr=True, soft_wrap=True)


@app.command()
def up(
    foreground: Annotated[
        bool, typer.Option("--foreground", help="Stay attached; Ctrl-C stops the stack.")
    ] = False,
    only: Annotated[str, typer.Option("--with", help="Members, by comma; everything when left out.")] = "",
    persistent: Annotated[
        bool, typer.Option("--persistent", help="Keep data from one `up` to the next.")
    ] = False,
) -> None:
    """Start the stack and return when all of it answers; one that runs already is left alone."""
    from recourse.stack.errors import StackError
    from recourse.stack.members import EVERYTHING, chosen
    from recourse.stack.state import Home
    from recourse.stack.supervisor import Plan

    home = Home.default()
    try:
        members = chosen(name.strip() for name in only.split(",") if name.strip()) or EVERYTHING
    except StackError as failure:
        complaints.print(str(failure), style="red")
        raise typer.Exit(USAGE) from None
    plan = Plan(str(home.path), members, persistent=persistent)
    try:
        asyncio.run(_foreground(plan) if foreground else _background(plan, home))
    except StackError as failure:
        complaints.print(str(failure), style="red")
        raise typer.Exit(DEPENDENCY_DOWN) from None


@app.command()
def down() -> None:
    """Stop the stack and make sure nothing of it is left."""
    from recourse.stack.control import down as stop
    from recourse.stack.errors import StackError
    from recourse.stack.state import Home

    try:
        ended = asyncio.run(stop(Home.default()))
    except StackError as failure:
        complaints.print(str(failure), style="red")
        raise typer.Exit(DEPENDENCY_DOWN) from None
    out.print(f"stopped, {ended} processes ended" if ended else "nothing was running")


@app.command()
def status(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """Ask every member whether it answers, and print every address. Exit code 3 when one does not.

    With --json the logins of what runs here are in it too.
    """
    from recourse.stack.addresses import StackAddresses
    from recourse.stack.control import Status
    from recourse.stack.control import status as ask
    from recourse.stack.errors import StackError
    from recourse.stack.state import Home

    try:
        found = asyncio.run(ask(Home.default()))
    except StackError as failure:
        complaints.print(str(failure), style="red")
        raise typer.Exit(DEPENDENCY_DOWN) from None
    found = found and replace(found, addresses=replace(found.addresses, api_url=_api_url()))
    if as_json:
        typer.echo(json.dumps((found or Status(StackAddresses(), {})).to_json(), indent=2))
    elif found is None:
        out.print("no stack is running; start one: recourse stack up")
    else:
        _print_status(found)
    if found is None or not found.healthy:
        raise typer.Exit(DEPENDENCY_DOWN)


def _api_url() -> str:
    """Where `recourse web` answers, or will when it is started in this folder."""
    host, port = os.environ.get("RECOURSE_API_HOST", "127.0.0.1"), os.environ.get("RECOURSE_API_PORT", "8080")
    return f"http://{host}:{port}/api"


async def _foreground(plan: Plan) -> None:
    from recourse.stack.members import configured, to_show
    from recourse.stack.supervisor import serve

    def ready(addresses: StackAddresses) -> None:
        of_others = [name for name in plan.members if configured(name) is not None]
        _print_addresses(to_show(addresses, of_others))
        out.print("Ctrl-C stops the stack")

    await serve(plan, _print_started, ready)
    out.print("stopped")


async def _background(plan: Plan, home: Home) -> None:
    from recourse.stack.control import absent, shown
    from recourse.stack.control import up as start

    state, started = await start(plan, home, _print_started)
    if not started:
        out.print(f"already running in {home.path}")
    _print_addresses(shown(state))
    if missing := absent(state, plan.members):
        complaints.print(
            f"not part of the running stack: {', '.join(missing)}; to add them: recourse stack down, then up"
        )
        raise typer.Exit(DEPENDENCY_DOWN)


def _print_started(member: str, source: str, seconds: float) -> None:
    told = f" {member:<11} {seconds:5.1f} s  "
    out.print(Text.assemble(("✓", "green"), told, (visible(source), "dim")))


def _print_addresses(addresses: StackAddresses) -> None:
    """Without what lets somebody in: a terminal is looked at, copied and kept."""
    from recourse.stack.addresses import without_logins
    from recourse.stack.state import Home

    table = Listing("address", "value", box=None, pad_edge=False)
    for name, value in without_logins(addresses).to_json().items():
        if value and name != "end_logs":
            table.add_row(name, str(value))
    for name, path in addresses.end_logs.items():
        table.add_row(f"log of {name}", path)
    table.add_row("logins and tokens", f"in {Home.default().state_file}, for its owner alone")
    out.print(table)


def _print_status(found: Status) -> None:
    table = Listing("member", "health", "pid", "source", "detail", box=None, pad_edge=False)
    for name, health in found.members.items():
        mark = styled("up", "green") if health.healthy else styled("down", "red")
        table.add_row(name, mark, str(health.pid or "-"), health.source, health.detail)
    out.print(table)
    _print_addresses(found.addresses)
