"""`recourse tokens`: who may call the API."""

from __future__ import annotations

from typing import Annotated

import typer

from recourse.cli.common import Json, out, print_json, run

app = typer.Typer(help="Bearer tokens of the API.", no_args_is_help=True)


@app.command()
def issue(
    role: Annotated[str, typer.Option(help="agent, lead, vehicle, legal, auditor or admin")],
    name: Annotated[str, typer.Option(help="Whose token it is, for people to recognise it.")],
    as_json: Json = False,
) -> None:
    """Issue a token. It is printed once and stored only as a hash."""
    from functools import partial

    from recourse.app.compose import services
    from recourse.app.settings import load_settings
    from recourse.cli.common import USAGE, fail
    from recourse.service import tokens

    if role not in tokens.ROLES:
        fail(f"--role: one of {', '.join(tokens.ROLES)}", USAGE)

    async def work() -> tokens.Issued:
        async with services(load_settings()) as running:
            return await running.run(partial(tokens.issue, role=role, name=name))

    issued = run(work())
    if as_json:
        print_json({"token": issued.token, "actor": issued.actor, "role": role, "name": name})
    else:
        out.print(issued.token, highlight=False, soft_wrap=True)


@app.command()
def revoke(actor: str) -> None:
    """Revoke a person's token; it stops working at once."""
    from functools import partial

    from recourse.app.compose import services
    from recourse.app.settings import load_settings
    from recourse.service import tokens

    async def work() -> None:
        async with services(load_settings()) as running:
            await running.run(partial(tokens.revoke, actor=actor))

    run(work())
    out.print(f"{actor}: revoked")
