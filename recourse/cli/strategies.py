"""`recourse strategy`: the ladders."""

from __future__ import annotations

import typer

from recourse.cli import migrating

app = typer.Typer(help="Strategies: the ladders that cases are pinned to.", no_args_is_help=True)
app.command("migrate")(migrating.migrate)
