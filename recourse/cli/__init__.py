"""The command line. One file a group; heavy imports stand inside the commands, so that `--help` is quick."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from recourse.cli.leaving import run
from recourse.cli.parts import group_of

PARTS: Final = {
    "stack": "stack",
    "db": "database",
    "temporal": "temporal",
    "kafka": "kafka_acls",
    "events": "events",
    "dlq": "dead_letters",
    "import": "importing",
    "cases": "cases",
    "tasks": "tasks",
    "strategy": "strategies",
    "holds": "holds",
    "agreements": "agreements",
    "disputes": "disputes",
    "permits": "permits",
    "legal": "legal",
    "vehicle": "vehicle",
    "proofs": "proofs",
    "letter": "letters",
    "documents": "documents:documents",
    "tokens": "tokens",
    "users": "users",
    "inconvenient": "restrictions:inconvenient",
    "represented": "restrictions:represented",
    "consents": "consents",
    "experiments": "experiments",
    "evidence": "evidence",
    "privacy": "privacy",
    "access": "access",
    "exports": "exports",
    "cease": "ceasing:cease",
    "dossier": "dossiers:dossier",
    "bundles": "bundling:bundles",
    "borrowers-copy": "borrowers_copy:borrowers_copy",
    "recipients": "bundling:recipients",
    "explain": "explaining:explain",
    "simulate": "simulating:simulate",
    "doctor": "doctor:doctor",
    **{
        name: f"processes:{name}"
        for name in ("consume", "worker", "relay", "web", "seal", "positions", "codec")
    },
}
"""Name -> file, whose `app` it is, or file:member, a group or a command; in the order of `--help`."""

app = typer.Typer(
    name="recourse",
    cls=group_of(PARTS),
    help="Auto-loan collections: every contact lawful and explained, nothing lost or sent twice.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


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
