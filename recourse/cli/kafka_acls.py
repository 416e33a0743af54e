"""`recourse kafka acls`: what each process needs at the brokers, and no more."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from recourse.cli.common import Json, listing, opaque, out, print_json

app = typer.Typer(help="Kafka: who may do what there.", no_args_is_help=True)


@app.callback()
def group_of_commands() -> None:
    """Keeps `acls` a subcommand although it is the only one."""


@app.command()
def acls(
    group: Annotated[
        str, typer.Option(callback=opaque, envvar="RECOURSE_CONSUMER_GROUP", help="Of `recourse consume`.")
    ] = "recourse",
    positions_group: Annotated[
        str,
        typer.Option(callback=opaque, envvar="RECOURSE_POSITIONS_GROUP", help="Of `recourse positions`."),
    ] = "recourse-positions",
    prefix: Annotated[
        str, typer.Option(callback=opaque, help="Before a process's name, in the name of its principal.")
    ] = "recourse-",
    as_json: Json = False,
) -> None:
    """The least each process needs, and the commands of Kafka's own tool that grant it."""
    from consumers import acls as needed
    from recourse.app.settings import load_kafka

    settings = load_kafka()
    wanted = needed.acls(settings.topics.topics(), group, positions_group)
    lines = needed.commands(wanted, settings.kafka_brokers, prefix)
    if as_json:
        said = [asdict(one) | {"principal": f"User:{prefix}{one.process}"} for one in wanted]
        print_json({"acls": said, "commands": lines})
        return
    table = listing("process", "may", "kind", "name", whole=("name",))
    for one in wanted:
        table.add_row(one.process, one.operation, one.resource, one.name)
    out.print(table)
    for name, who in needed.PROCESSES.items():
        out.print(f"  {name}: {who}", highlight=False, soft_wrap=True)
    out.print()
    for line in lines:
        out.print(line, highlight=False, soft_wrap=True)
