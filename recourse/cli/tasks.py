"""`recourse tasks`: what people are asked to do, and their answers."""

from __future__ import annotations

import uuid
from dataclasses import asdict
from typing import Annotated

import typer
from rich.text import Text

from recourse.cli.common import (
    FINDINGS,
    USAGE,
    Json,
    err,
    fail,
    listing,
    one_of,
    opaque,
    out,
    print_json,
    run,
    say,
    short,
)
from recourse.cli.screen import styled, visible
from recourse.contracts.messages import TaskAnswer, TaskReceipt

app = typer.Typer(help="Tasks for people.", no_args_is_help=True)

ROLES = ("agent", "lead", "vehicle", "legal", "admin")
Task = Annotated[str, typer.Argument(help="As `recourse tasks list` shows it.")]
_ACTOR = "Opaque id of the person (`recourse tokens list`)."
Actor = Annotated[str, typer.Option("--as", callback=opaque, help=_ACTOR)]
Role = Annotated[str, typer.Option(help=", ".join(ROLES))]
RequestId = Annotated[str | None, typer.Option("--request-id", help="Repeat a call safely with the same id.")]
_ANSWER = "the answer itself: recourse disputes answer"
REMEDIES = {
    "role_not_permitted": "the task's team stands in `recourse tasks list`; --role says as what you answer",
    "claim_first": "recourse tasks claim TASK --as YOU",
    "claimed_by_another": "wait until that claim ends, or ask its holder",
    "answer_the_dispute": "its answer ends it: recourse disputes answer DISPUTE (`recourse disputes list`)",
    "acknowledge_the_dispute": "recourse disputes acknowledge DISPUTE --evidence LETTER --as YOU",
    "task_expired": "a hold, a cease request or a dead number may still be told by who held it",
    "task_cancelled": "a hold, a cease request or a dead number may still be told by who held it",
    "task_done": "it was answered before; see `recourse tasks list`",
    "promise_needs_amount_and_date": "--promise-minor AMOUNT --promise-on YYYY-MM-DD",
    "promise_date_invalid": "--promise-on YYYY-MM-DD",
    "promise_date_out_of_range": "--promise-on: today to 30 days from now",
    "request_id_reused": "that id stands for another answer; choose a new one",
    "case_not_running": "it is closed, or the sweep will start it again; see `recourse cases show CASE`",
}


@app.command("list")
def list_tasks(
    team: Annotated[str | None, typer.Option(help="agents, lead, field or legal; all when left out")] = None,
    limit: Annotated[int, typer.Option(min=1, help="That many at most.")] = 200,
    as_json: Json = False,
) -> None:
    """Open tasks, oldest first, then those somebody has claimed, with the outcomes that each one accepts."""
    from recourse.app.compose import services
    from recourse.app.settings import load_settings
    from recourse.domain.dispositions import allowed_outcomes
    from recourse.domain.disputes import ACKNOWLEDGED_BY_PAPER
    from recourse.service.permitting import ROLES as TEAMS
    from recourse.storage import tasks

    one_of("--team", team, TEAMS)

    async def work() -> tuple[list[tasks.TaskRow], tasks.Place | None]:
        async with services(load_settings()) as running, running.database.reading() as tx:
            now = await running.database.now(tx)
            return await tasks.listing(tx, [team] if team else list(TEAMS), now, limit=limit)

    rows, more = run(work())
    if more is not None:
        err.print(f"the first {limit}; --limit shows more", highlight=False)
    if as_json:
        print_json([asdict(row) | {"outcomes": allowed_outcomes(row.kind)} for row in rows])
        return
    table = listing(
        "task", "what", "team", "case", "state", "due (UTC)", "expires (UTC)", whole=("task", "case")
    )
    for row in rows:
        state = f"claimed by {row.claimed_by}" if row.state == "claimed" else row.state
        expires = short(row.expires_at)
        table.add_row(row.id, row.kind, row.team, row.case_id, state, short(row.due_at), expires)
    out.print(table if rows else "no open tasks")
    for kind in sorted({row.kind for row in rows}):
        itself = REMEDIES["acknowledge_the_dispute"] if kind in ACKNOWLEDGED_BY_PAPER else _ANSWER
        takes = ", ".join(allowed_outcomes(kind)) or itself
        out.print(styled(kind, "bold"), f"takes: {takes}", highlight=False)


@app.command()
def claim(
    task_id: Task, actor: Actor, role: Role = "agent", request_id: RequestId = None, as_json: Json = False
) -> None:
    """Take a task. For a call this takes a slot of the caps: the gate answers whether it may be made now."""
    answer = TaskAnswer(task_id, "claim", actor, request_id or uuid.uuid4().hex, (role,))
    _answer(answer, as_json)


@app.command()
def complete(
    task_id: Task,
    outcome: Annotated[str, typer.Argument(help="One that the task takes: see `recourse tasks list`.")],
    actor: Actor,
    role: Role = "agent",
    promise_minor: Annotated[int | None, typer.Option(help="Promised amount in minor units.")] = None,
    promise_on: Annotated[str | None, typer.Option(help="Promised date, YYYY-MM-DD.")] = None,
    request_id: RequestId = None,
    as_json: Json = False,
) -> None:
    """Say what came of a task."""
    answer = TaskAnswer(
        task_id,
        "complete",
        actor,
        request_id or uuid.uuid4().hex,
        (role,),
        outcome=outcome,
        promise_minor=promise_minor,
        promise_on=promise_on,
    )
    _answer(answer, as_json)


def _answer(answer: TaskAnswer, as_json: bool) -> None:
    from recourse.app.compose import core
    from recourse.app.settings import load_settings

    one_of("--role", answer.roles[0], ROLES)

    async def work() -> TaskReceipt | None:
        async with core(load_settings()) as parts:
            return await parts.delivery.answer(parts.runs, answer)

    receipt = run(work())
    if receipt is None:
        fail(f"{answer.task_id}: no such task; see `recourse tasks list`", USAGE)
    say(asdict(receipt), _told(receipt, answer.action), as_json)
    raise typer.Exit(0 if receipt.accepted else FINDINGS)


def _told(receipt: TaskReceipt, action: str) -> Text:
    """A refusal has its code, the rule or what would be allowed, the next opening and the remedy."""
    if receipt.accepted and action == "claim":
        until = short(receipt.next_at)
        begin = f"; begin by {short(receipt.begin_by)} UTC, or claim it again" if receipt.begin_by else ""
        return Text(f"claimed until {until} UTC{begin}; then say what came of it: recourse tasks complete")
    if receipt.accepted:
        return Text(f"accepted; next: {visible(receipt.next_step or '')} at {short(receipt.next_at)} UTC")
    remedy = REMEDIES.get(receipt.code, "")
    source = f" ({receipt.source})" if receipt.source and not remedy else ""
    opens = f"; opens {short(receipt.opens_at)} UTC" if receipt.opens_at else ""
    why = f" {receipt.code}{source}{opens}" + (f": {remedy}" if remedy else "")
    return Text.assemble(("refused", "red"), visible(why))
