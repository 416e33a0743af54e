"""`recourse proofs`: what only people see and the limitation clock counts; heeded at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from recourse.cli.common import (
    USAGE,
    Json,
    fail,
    listing,
    one_of,
    opaque,
    opaque_or_none,
    out,
    print_json,
    run,
    say,
    short,
)

if TYPE_CHECKING:
    from recourse.contracts.messages import Nudge
    from recourse.service.context import Unit
    from recourse.storage.proofs import ProofRow

app = typer.Typer(help="Proofs of letters and notices, for the limitation clock.", no_args_is_help=True)

Actor = Annotated[str, typer.Option("--as", callback=opaque, help="Opaque id of who saw the paper.")]


@app.command()
def add(
    loan: Annotated[str, typer.Argument(help="The loan, as `recourse cases list` shows it.")],
    kind: Annotated[
        str,
        typer.Option(
            help="demand_signed_for, demand_delivered, demand_returned, acknowledged or newspaper_notice"
        ),
    ],
    on: Annotated[
        datetime,
        typer.Option(formats=["%Y-%m-%d"], help="The day it happened, at the lender's place."),
    ],
    evidence: Annotated[str, typer.Option(callback=opaque, help="Id of the paper, where it is kept.")],
    actor: Actor,
    document: Annotated[
        str | None,
        typer.Option(callback=opaque_or_none, help="Number of the letter, as `recourse documents` shows it."),
    ] = None,
    request_id: Annotated[
        str | None,
        typer.Option("--request-id", callback=opaque_or_none, help="Repeat a call safely with the same id."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Record a proof: a letter that was signed for, arrived or came back, or a notice in a newspaper."""
    from recourse.domain.ids import LoanId
    from recourse.domain.proofs import BY_PEOPLE, ProofKind
    from recourse.service.proving import NewProof, prove

    one_of("--kind", kind, BY_PEOPLE)
    request = f"{actor}-{request_id}" if request_id else ""
    new = NewProof(LoanId(loan), ProofKind(kind), on.date(), evidence, actor, request, document)
    _note(partial(prove, new=new), as_json)


@app.command()
def withdraw(
    proof_id: Annotated[str, typer.Argument(help="As `recourse proofs list` shows it.")],
    source: Annotated[str, typer.Option(callback=opaque, help="Id of what shows that it proves nothing.")],
    actor: Actor,
    as_json: Json = False,
) -> None:
    """Take a proof back that was recorded wrongly: the clock runs as if it had never been there."""
    from recourse.service import proving

    _note(partial(proving.withdraw, key=proof_id, actor=actor, source=source), as_json)


@app.command("list")
def list_proofs(
    loan: Annotated[str, typer.Argument(help="The loan, as `recourse cases list` shows it.")],
    as_json: Json = False,
) -> None:
    """Of a loan, the oldest first, those that were withdrawn too; what else restarts the clock stands in its
    dossier."""
    from recourse.app.compose import services
    from recourse.app.settings import load_settings
    from recourse.domain.ids import LoanId
    from recourse.storage import proofs

    async def work() -> list[ProofRow]:
        async with services(load_settings()) as running, running.database.reading() as tx:
            return await proofs.of_loan(tx, LoanId(loan))

    rows = run(work())
    if as_json:
        print_json([asdict(row) for row in rows])
        return
    table = listing("proof", "kind", "on (UTC)", "paper", "by", "state", whole=("proof",))
    for row in rows:
        state = f"withdrawn by {row.withdrawn_by}" if row.withdrawn_by else ""
        table.add_row(row.id, row.kind, short(row.at), row.evidence, row.noted_by, state)
    out.print(table if rows else "no proofs")


def _note(work: Callable[[Unit], Awaitable[tuple[ProofRow, tuple[Nudge, ...]]]], as_json: bool) -> None:
    from recourse.app.compose import core
    from recourse.app.settings import load_settings
    from recourse.service.noting import Pointless

    async def noted() -> tuple[ProofRow, bool]:
        async with core(load_settings()) as parts:
            return await parts.delivery.note(work)

    try:
        row, told = run(noted())
    except Pointless as error:
        fail(str(error), USAGE)
    state = "withdrawn" if row.withdrawn_at is not None else "on record"
    text = f"{row.id} ({row.kind}) is {state}" + (
        "" if told else "; Temporal is down, the diary follows later"
    )
    say(asdict(row) | {"case_told": told}, text, as_json)
