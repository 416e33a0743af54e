"""`recourse db`: the schema, and who may do what in it."""

from __future__ import annotations

import typer

from recourse.cli.common import FINDINGS, Json, out, print_json, run, say

app = typer.Typer(help="The database: its schema, roles and row-level security.", no_args_is_help=True)


@app.command()
def upgrade(as_json: Json = False) -> None:
    """Bring the schema to the newest revision, then roles, grants and row-level security to what it needs."""
    from recourse.app.settings import load_settings
    from recourse.storage import access, migrate

    async def work() -> tuple[str | None, list[str]]:
        url = load_settings().owner_url()
        mended = await access.upgrade(url)
        return await migrate.current(url), mended

    revision, mended = run(work())
    text = f"schema at revision {revision}; access: {len(mended)} changes"
    say({"revision": revision, "mended": mended}, text, as_json)


@app.command()
def roles(as_json: Json = False) -> None:
    """Create the roles recourse_app, _system, _sealer and _reader, their grants and policies. Safe to repeat.

    As the owner of the tables; the first time as one who may create roles. The logins have no password yet.
    """
    from recourse.app.settings import load_settings
    from recourse.storage import access

    async def work() -> list[str]:
        return await access.apply(load_settings().owner_url())

    mended = run(work())
    if as_json:
        print_json({"mended": mended})
        return
    for line in mended:
        out.print(f"  mended: {line}", highlight=False, soft_wrap=True)
    out.print(
        f"roles, grants and policies are as the code wants them; {len(mended)} were not", highlight=False
    )


@app.command()
def check(as_json: Json = False) -> None:
    """Compare the database with the code: revision, every table, roles, grants and policies; and what the
    login may that it should not. Exit 1 when they differ."""
    from recourse.app.settings import load_settings
    from recourse.storage import access, migrate

    async def work() -> tuple[str | None, list[str], list[str]]:
        url = load_settings().database_url
        current = await migrate.current(url)
        if not current:
            return None, ["no schema at all"], []
        login = [f"the login {found}" for found in await access.powers(url)]
        return current, await migrate.drift(url), await access.problems(url) + login

    current, drift, wrong = run(work())
    wanted = migrate.head()
    same = current == wanted and not drift
    if as_json:
        print_json({"revision": current, "wanted": wanted, "drift": drift, "access": wrong})
    else:
        _show(current, wanted, drift, wrong)
    raise typer.Exit(0 if same and not wrong else FINDINGS)


def _show(current: str | None, wanted: str, drift: list[str], wrong: list[str]) -> None:
    if current == wanted and not drift:
        out.print(f"schema at revision {current}, as the code wants it")
    else:
        out.print(f"schema at {current or 'no revision'}, the code wants {wanted}; run `recourse db upgrade`")
    for line in drift:
        out.print(f"  {line}", highlight=False, soft_wrap=True)
    if current and wrong:
        out.print("access is not as the code wants it; run `recourse db roles`, see docs/access.md")
    elif current:
        out.print("roles, grants and row-level security as the code wants them")
    for line in wrong:
        out.print(f"  {line}", highlight=False, soft_wrap=True)
