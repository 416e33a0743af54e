"""`recourse temporal`: what a namespace needs once, and the keys of what it keeps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from recourse.cli.common import USAGE, Json, fail, opaque_or_none, run, say

app = typer.Typer(help="The Temporal namespace and its keys.", no_args_is_help=True)


@app.command()
def setup(as_json: Json = False) -> None:
    """Register the search attributes and the sweep's schedule. Safe to repeat."""
    from recourse.app.compose import temporal
    from recourse.app.settings import load_settings
    from recourse.temporal.setup import register_search_attributes, schedule_sweep

    async def work() -> list[str]:
        settings = load_settings()
        client = await temporal(settings)
        added = await register_search_attributes(client)
        await schedule_sweep(client, settings.queue_prefix, timedelta(seconds=settings.sweep_every_seconds))
        return added

    added = run(work())
    text = f"search attributes added: {', '.join(added) or 'none, all were there'}; sweep scheduled"
    say({"search_attributes_added": added, "sweep": "scheduled"}, text, as_json)


@app.command()
def keygen(
    file: Annotated[Path, typer.Argument(help="The key ring: the new key is put before those it has.")],
    name: Annotated[
        str | None,
        typer.Option("--id", callback=opaque_or_none, help="Of the key; today's date if left out."),
    ] = None,
    behind: Annotated[
        bool, typer.Option("--behind", help="Put it last: every process can decrypt before one encrypts.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Add a key for the payloads that Temporal keeps. It is never shown; keep a copy of the file."""
    from recourse.app.keyring_file import add_key
    from recourse.temporal.codec import KeyRingError

    key_id = name or f"k{datetime.now(UTC):%Y%m%d}"
    try:
        ids = add_key(file, key_id, behind=behind)
    except KeyRingError as error:
        fail(f"{file}: {error}", USAGE)
    except OSError as error:
        fail(f"{file}: {error.strerror}", USAGE)
    said = f"{file}: {len(ids)} keys, {ids[0]} encrypts; restart every process to have it used"
    say({"file": str(file), "keys": ids}, said, as_json)
