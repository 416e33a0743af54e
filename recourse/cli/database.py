"""`recourse db`: the schema."""

from __future__ import annotations

import typer

from recourse.cli.common import DOWN, FINDINGS, Json, fail, out, print_json, run

app = typer.Typer(help="The database schema.", no_args_is_help=True)


@app.command()
def upgrade() -> None:
    """Bring the schema to the newest revision."""
    from recourse.app.settings import load_settings
    from recourse.storage import migrate

    async def work() -> str | None:
        url = load_settings().database_url
        try:
            await migrate.upgrade(url)
        except OSError:
            fail("the database does not answer; check RECOURSE_DATABASE_URL or `recourse stack up`", DOWN)
        return await migrate.current(url)

    out.print(f"schema at revision [bold]{run(work())}[/bold]")


@app.command()
def check(as_json: Json = False) -> None:
    """Compare the schema with the code: revision and every table. Exit 1 when they differ."""
    from recourse.app.settings import load_settings
    from recourse.storage import migrate

    async def work() -> tuple[str | None, list[str]]:
        url = load_settings().database_url
        try:
            return await migrate.current(url), await migrate.drift(url)
        except OSError:
            fail("the database does not answer; check RECOURSE_DATABASE_URL or `recourse stack up`", DOWN)

    current, drift = run(work())
    wanted = migrate.head()
    if as_json:
        print_json({"revision": current, "wanted": wanted, "drift": drift})
    elif current == wanted and not drift:
        out.print(f"schema at revision [bold]{current}[/bold], as the code wants it")
    else:
        out.print(f"schema at {current}, the code wants {wanted}; run `recourse db upgrade`")
        for line in drift:
            out.print(f"  {line}", highlight=False)
    raise typer.Exit(FINDINGS if drift or current != wanted else 0)
