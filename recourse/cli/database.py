"""`recourse db`: the schema."""

from __future__ import annotations

import typer

from recourse.cli.common import FINDINGS, Json, out, print_json, run, say

app = typer.Typer(help="The database schema.", no_args_is_help=True)


@app.command()
def upgrade(as_json: Json = False) -> None:
    """Bring the schema to the newest revision."""
    from recourse.app.settings import load_settings
    from recourse.storage import migrate

    async def work() -> str | None:
        url = load_settings().database_url
        await migrate.upgrade(url)
        return await migrate.current(url)

    revision = run(work())
    say({"revision": revision}, f"schema at revision {revision}", as_json)


@app.command()
def check(as_json: Json = False) -> None:
    """Compare the schema with the code: revision and every table. Exit 1 when they differ."""
    from recourse.app.settings import load_settings
    from recourse.storage import migrate

    async def work() -> tuple[str | None, list[str]]:
        url = load_settings().database_url
        current = await migrate.current(url)
        return current, await migrate.drift(url) if current else ["no schema at all"]

    current, drift = run(work())
    wanted = migrate.head()
    if as_json:
        print_json({"revision": current, "wanted": wanted, "drift": drift})
    elif current == wanted and not drift:
        out.print(f"schema at revision {current}, as the code wants it")
    else:
        out.print(f"schema at {current or 'no revision'}, the code wants {wanted}; run `recourse db upgrade`")
        for line in drift:
            out.print(f"  {line}", highlight=False, soft_wrap=True)
    raise typer.Exit(FINDINGS if drift or current != wanted else 0)
