"""`recourse borrowers-copy LOAN`: what was recorded about a borrower and why, in plain words, for him."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from recourse.cli.common import (
    DOWN,
    USAGE,
    Json,
    fail,
    one_of,
    out,
    print_json,
    run,
    say,
)
from recourse.cli.persons import given_token, person_of
from recourse.gateways.whole_file import put


def borrowers_copy(
    loan_id: str,
    target: Annotated[
        Path | None, typer.Option("--out", help="Write it as a PDF, to be handed to him.")
    ] = None,
    language: Annotated[str, typer.Option("--lang", help="zh or en.")] = "zh",
    as_json: Json = False,
) -> None:
    """The borrower's copy: every contact and why, what the system decided by itself, who saw the record.

    What concerns other persons on the loan is withheld. It holds his personal data. Each one is kept.
    With the token of a lead, a lawyer or an auditor: RECOURSE_TOKEN, else it is asked for.
    """
    from recourse.ports import NotHandedOver

    one_of("--lang", language, ("zh", "en"))
    try:
        layout, pdf = run(_made(loan_id, language, given_token(), pressed=target is not None))
    except NotHandedOver as error:
        fail(str(error), DOWN)
    if target is None:
        _show(layout, as_json)
        return
    try:
        put(target, pdf, private=True)
    except OSError as error:
        fail(f"--out: {target}: {error.strerror}; give a path that can be written", USAGE)
    say({"file": str(target), "bytes": len(pdf)}, f"{target} written; it holds personal data", as_json)


async def _made(loan_id: str, language: str, token: str, *, pressed: bool) -> tuple[dict[str, Any], bytes]:
    from recourse.app.compose import services
    from recourse.app.copying import borrowers_copy as copy_of
    from recourse.app.settings import load_settings
    from recourse.domain.disclosure import READERS
    from recourse.domain.ids import LoanId
    from recourse.gateways.bundle_press import press_bundle

    async with services(load_settings()) as running:
        who = await person_of(running, token, READERS)
        seen = running.for_lenders(who.lenders)
        layout = await copy_of(seen, LoanId(loan_id), language=language, actor=who.actor)
    return layout, await press_bundle(layout, ()) if pressed else b""


def _show(layout: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(layout)
        return
    for part in layout["parts"]:
        out.print(f"\n{part['title']}", style="bold", highlight=False, markup=False)
        for entry in part["entries"]:
            lines = [entry["title"], *(f"  {name}: {value}" for name, value in entry["rows"]), entry["text"]]
            out.print("\n".join(filter(None, lines)), highlight=False, markup=False)
