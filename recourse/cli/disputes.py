"""`recourse disputes`: what somebody says is wrong with the debt. In force before the command returns."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recourse.cli.common import (
    FINDINGS,
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
)

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
    kind: Annotated[
        str, typer.Option(help="What is asked of us: debt, complaint, automated_decision or bureau.")
    ] = "debt",
    about: Annotated[
        str | None,
        typer.Option(
            callback=opaque_or_none,
            help="Id of what is disputed: an installment, a payment, the number of a decision.",
        ),
    ] = None,
    evidence: Annotated[
        str | None, typer.Option(callback=opaque_or_none, help="Id of the letter, recording or file.")
    ] = None,
    request_id: RequestId = None,
    as_json: Json = False,
) -> None:
    """Open a dispute: what the law pack names stops until it is answered, or the pack's days are over.

    Says by when it is to be answered, and which rule says so."""
    from recourse.domain.disputes import DisputeKind, DisputeReason
    from recourse.domain.ids import LoanId
    from recourse.service.disputing import NewDispute, open_dispute

    one_of("--reason", reason, DisputeReason)
    one_of("--kind", kind, DisputeKind)
    request = f"{actor}-{request_id}" if request_id else ""
    new = NewDispute(LoanId(loan), DisputeReason(reason), actor, about, evidence, request, DisputeKind(kind))
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
    """Answer a dispute: its tasks end and its hold is lifted, unless a law pack keeps it after such an
    answer."""
    from recourse.domain.disputes import DisputeAnswer
    from recourse.service.disputing import DisputeRuling, answer_dispute

    one_of("--answer", answer, DisputeAnswer)
    request = f"{actor}-{request_id}" if request_id else ""
    ruling = DisputeRuling(dispute_id, DisputeAnswer(answer), evidence, actor, request)
    _note(partial(answer_dispute, ruling=ruling), as_json)


@app.command()
def acknowledge(
    dispute_id: Annotated[str, typer.Argument(help="As `open` printed it.")],
    evidence: Annotated[str, typer.Option(callback=opaque, help="Id of the letter that says it came in.")],
    actor: Actor,
    request_id: RequestId = None,
    as_json: Json = False,
) -> None:
    """Say that a dispute was acknowledged in writing: that task ends, and the answer is still to come."""
    from recourse.service import acknowledging

    request = f"{actor}-{request_id}" if request_id else ""
    said = acknowledging.Acknowledgement(dispute_id, evidence, actor, request)
    _note(partial(acknowledging.acknowledge, said=said), as_json)


@app.command("list")
def list_disputes(
    due: Annotated[
        bool, typer.Option("--due", help="Only what waits, the first to be answered first.")
    ] = False,
    without_case: Annotated[
        bool, typer.Option("--without-case", help="Only of loans that never had a case: nobody has a task.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, help="That many at most.")] = 200,
    as_json: Json = False,
) -> None:
    """Disputes, the newest first, and by when each is to be acknowledged and answered. Exit 1 where either is
    overdue."""
    from recourse.app.compose import services
    from recourse.app.settings import load_settings
    from recourse.reading.disputes import listed

    async def work() -> list[dict[str, Any]]:
        async with services(load_settings()) as running, running.database.reading() as tx:
            now = await running.database.now(tx)
            return await listed(tx, now, waiting=due, limit=limit, without_case=without_case)

    rows = run(work())
    if as_json:
        print_json(rows)
    else:
        heads = ("dispute", "loan", "kind", "about", "state", "answer by", "rule", "acknowledge by")
        table = listing(*heads, whole=("dispute",))
        for row in rows:
            rule = f"{row['rule'] or ''} ({row['rule_mark']})" if row["rule_mark"] else ""
            by = str(row["answer_by"] or "")
            about = row["about"] or row["reason"]
            told = f"{row['told_by'] or ''} {row['told']}".strip()
            table.add_row(row["id"], row["loan_id"], row["kind"], about, row["state"], by, rule, told)
        out.print(table if rows else "no disputes")
    raise typer.Exit(FINDINGS if any("overdue" in (row["state"], row["told"]) for row in rows) else 0)


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
    by = f" until {row.answer_by} ({row.rule}, {row.rule_mark})" if row.answer_by else ""
    state = f"answered: {row.answer}" if row.answer else f"open, to be answered{by}"
    if row.told_by is not None and row.told_at is None and row.answer is None:
        state += f", to be acknowledged until {row.told_by} ({row.told_rule}, {row.told_mark})"
    text = f"{row.id} is {state}" + ("" if told else "; Temporal is down, the case's diary follows later")
    say(asdict(row) | {"case_told": told}, text, as_json)
