"""`recourse temporal`: what a namespace needs once."""

from __future__ import annotations

from datetime import timedelta

import typer

from recourse.cli.common import Json, run, say

app = typer.Typer(help="The Temporal namespace.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Keeps `setup` a subcommand although it is the only one."""


@app.command()
def setup(as_json: Json = False) -> None:
    """Register the search attributes and the sweep's schedule. Safe to repeat."""
    from recourse.app.settings import load_settings
    from recourse.temporal.client import connect
    from recourse.temporal.setup import register_search_attributes, schedule_sweep

    async def work() -> list[str]:
        settings = load_settings()
        client = await connect()
        added = await register_search_attributes(client)
        await schedule_sweep(client, settings.queue_prefix, timedelta(seconds=settings.sweep_every_seconds))
        return added

    added = run(work())
    text = f"search attributes added: {', '.join(added) or 'none, all were there'}; sweep scheduled"
    say({"search_attributes_added": added, "sweep": "scheduled"}, text, as_json)
