"""`recourse disputes`: what somebody says is wrong with the debt. In force before the command returns."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from recourse.cli.common import USAGE, Json, fail, one_of, opaque, opaque_or_none, run, say

if TYPE_CHECKING:
    from recourse.contracts.messages import Nudge
    from recourse.service.context import Unit
    from recourse.storage.disputes import DisputeRow

app = typer.Typer(help="Disputes of the debt.", no_args_is_help=True)

Actor = Annotated[
    str, typer.Option("--as", callback=opaque, help="Opaque id of the person (`recourse tokens list`).")
]
RequestId = Annotated[
    str | None,
    typer.Option("--request-id", callback=opaque_or_none, help="Repeat a call safely with the same id."),
]


@app.command("open")
def open_(
    loan: Annotated[str, typer.Option(help="The loan that is disputed.")],
    reason: Annotated[str, typer.Option(help="not_mine, amount, paid, fees, vehicle or other")],
    actor: Actor,
    about: Annotated[
        str | None,
        typer.Option(callback=opaque_or_none, help="Id of what is disputed: an installment, a payment."),
    ] = None,
    evidence: Annotated[
        str | None, typer.Option(callback=opaque_or_none, help="Id of the letter, recording or file.")
    ] = None,
    request_id: RequestId = None,
    as_json: Json = False,
) -> None:
    """Open a dispute: what the law pack names stops until it is answered, or the pack's days are over."""
    from recourse.domain.ids import LoanId
    from recourse.service.disputing import DisputeReason, NewDispute, open_dispute

    one_of("--reason", reason, DisputeReason)
    request = f"{actor}-{request_id}" if request_id else ""
    new = NewDispute(LoanId(loan), DisputeReason(reason), actor, about, evidence, request)
    _note(partial(open_dispute, new=new), as_json)


@app.command()
def answer(
    dispute_id: Annotated[
        str, typer.Argument(help="As `open` printed it and `recourse cases show` shows it.")
    ],
    answer: Annotated[str, typer.Option(help="upheld, partly_upheld, rejected or withdrawn")],
    evidence: Annotated[str, typer.Option(callback=opaque, help="Id of the answer as it was given.")],
    actor: Actor,
    request_id: RequestId = None,
    as_json: Json = False,
) -> None:
    """Answer a dispute: its hold is lifted."""
    from recourse.service.disputing import DisputeAnswer, DisputeRuling, answer_dispute

    one_of("--answer", answer, DisputeAnswer)
    request = f"{actor}-{request_id}" if request_id else ""
    ruling = DisputeRuling(dispute_id, DisputeAnswer(answer), evidence, actor, request)
    _note(partial(answer_dispute, ruling=ruling), as_json)


def _note(work: Callable[[Unit], Awaitable[tuple[DisputeRow, tuple[Nudge, ...]]]], as_json: bool) -> None:
    from recourse.app.compose import core
    from recourse.app.settings import load_settings
    from recourse.service.noting import Pointless

    async def noted() -> tuple[DisputeRow, bool]:
        async with core(load_settings()) as parts:
            return await parts.delivery.note(work)

    try:
        row, told = run(noted())
    except Pointless as error:
        fail(str(error), USAGE)
    state = f"answered: {row.answer}" if row.answer else "open"
    text = f"{row.id} is {state}" + ("" if told else "; Temporal is down, the case's diary follows later")
    say(asdict(row) | {"case_told": told}, text, as_json)
