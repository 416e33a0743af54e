"""`recourse dossier`: masked, in clear for a purpose, who has read it, and as a bundle."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recourse.cli.common import (
    USAGE,
    Json,
    ReadBy,
    WhatFor,
    acting,
    err,
    fail,
    listing,
    out,
    print_json,
    run,
    short,
)
from recourse.cli.exports import Export
from recourse.cli.revealing import Justification, Reference, Reveal, Revealed, revealed

if TYPE_CHECKING:
    from recourse.domain.ids import LoanId
    from recourse.reading.dossier_reads import ReadLine

UNNAMED = "admin"
"""The mask of who has shown no token: that of operations, who need nobody's name."""


def dossier(
    loan_id: str,
    actor: ReadBy = None,
    purpose: WhatFor = None,
    reveal: Reveal = None,
    reference: Reference = None,
    justification: Justification = None,
    readers: Annotated[bool, typer.Option("--readers", help="Who has read it, instead of it.")] = False,
    target: Annotated[
        Path | None, typer.Option("--bundle", help="Write it as a PDF for a court, with letters and proofs.")
    ] = None,
    language: Annotated[str, typer.Option("--lang", help="Of the bundle: zh or en.")] = "zh",
    for_: Annotated[
        str, typer.Option("--for", help="For whom the bundle is; see `recourse recipients`.")
    ] = "court",
    export: Export = None,
    as_json: Json = False,
) -> None:
    """The collection dossier (车贷催收简历) of a loan: six parts, personal data masked. Each reading is kept.

    In clear by --reveal, with the token of a lead, a lawyer or an auditor: RECOURSE_TOKEN, else asked for.
    """
    from recourse.cli.dossier_view import render
    from recourse.domain.ids import LoanId

    loan = LoanId(loan_id)
    if readers:
        _readers(loan, as_json)
        return
    if target is not None:
        from recourse.cli.bundling import bundle

        who = {"actor": actor, "purpose": purpose, "export": export}
        bundle(loan, target, language=language, for_=for_, as_json=as_json, **who)
        return
    wanted = revealed(reveal, reference, justification)
    if wanted is not None and (actor or purpose):
        fail("--as, --purpose: of a --reveal the token and its purpose say so; leave them out", USAGE)
    document = run(_read(loan, wanted, acting(actor), purpose))
    if as_json:
        print_json(document)
        return
    out.print(render(document))
    if document.get("masked"):
        err.print("personal data is masked; --reveal PURPOSE shows it, on record", highlight=False)


async def _read(loan: LoanId, wanted: Revealed | None, actor: str, purpose: str | None) -> dict[str, Any]:
    from recourse.app.compose import services
    from recourse.app.settings import load_settings
    from recourse.service.dossier_reading import in_clear, masked, note_reading

    settings = load_settings()
    async with services(settings) as running:
        if wanted is not None:
            return await in_clear(await wanted.read(running, settings, loan), loan)
        await running.run(partial(note_reading, loan_id=loan, actor=actor, via="cli", purpose=purpose))
        return await masked(running, loan, UNNAMED)


def _readers(loan: LoanId, as_json: bool) -> None:
    from recourse.app.compose import services
    from recourse.app.settings import load_settings
    from recourse.reading.dossier_reads import readers

    async def work() -> list[ReadLine]:
        async with services(load_settings()) as running, running.database.reading() as tx:
            return await readers(tx, loan)

    lines = run(work())
    if as_json:
        print_json([asdict(line) for line in lines])
        return
    table = listing("at (UTC)", "who", "through", "purpose", whole=("at (UTC)", "who"))
    for line in lines:
        why = f"{line.purpose or ''} {line.justification or ''}".strip()
        table.add_row(short(line.at), line.actor, line.via, why)
    out.print(table if lines else "nobody has read it")
