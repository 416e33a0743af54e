"""The command line. One file a group; heavy imports stand inside the commands, so that `--help` is quick."""

from __future__ import annotations

from typing import Annotated

import typer

from recourse.cli import (
    agreements,
    cases,
    ceasing,
    consents,
    database,
    dead_letters,
    disputes,
    events,
    evidence,
    experiments,
    explaining,
    holds,
    importing,
    limitation,
    permits,
    processes,
    proofs,
    recoveries,
    restrictions,
    simulating,
    stack,
    strategies,
    tasks,
    temporal,
    tokens,
)
from recourse.cli import doctor as doctor_command
from recourse.cli.leaving import run

app = typer.Typer(
    name="recourse",
    help="Auto-loan collections: every contact lawful and explained, nothing lost or sent twice.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(stack.app, name="stack")
app.add_typer(database.app, name="db")
app.add_typer(temporal.app, name="temporal")
app.add_typer(events.app, name="events")
app.add_typer(dead_letters.app, name="dlq")
app.add_typer(importing.app, name="import")
app.add_typer(cases.app, name="cases")
app.add_typer(tasks.app, name="tasks")
app.add_typer(strategies.app, name="strategy")
app.add_typer(holds.app, name="holds")
app.add_typer(agreements.app, name="agreements")
app.add_typer(disputes.app, name="disputes")
cases.app.command("limitation")(limitation.limitation)
app.add_typer(permits.app, name="permits")
for name, command in recoveries.COMMANDS.items():
    permits.app.command(name)(command)
app.add_typer(proofs.app, name="proofs")
app.add_typer(tokens.app, name="tokens")
app.add_typer(restrictions.inconvenient, name="inconvenient")
app.add_typer(restrictions.represented, name="represented")
app.add_typer(consents.app, name="consents")
app.add_typer(experiments.app, name="experiments")
app.add_typer(evidence.app, name="evidence")
app.command("cease")(ceasing.cease)
app.command("dossier")(cases.dossier)
app.command("explain")(explaining.explain)
app.command("simulate")(simulating.simulate)
app.command("doctor")(doctor_command.doctor)
for name, process in processes.COMMANDS.items():
    app.command(name)(process)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"recourse {version('recourse-collections')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which release this is.")
    ] = False,
) -> None:
    """Auto-loan collections: every contact lawful and explained, nothing lost or sent twice."""


def main() -> None:
    run(app)
