"""`recourse tasks`: what people are asked to do, and their answers."""

from __future__ import annotations

import uuid
from dataclasses import asdict
from typing import Annotated

import typer

from recourse.cli.common import FINDINGS, USAGE, Json, fail, listing, out, print_json, run, short
from recourse.contracts.messages import TaskAnswer, TaskReceipt

app = typer.Typer(help="Tasks for people.", no_args_is_help=True)

Actor = Annotated[str, typer.Option("--as", help="Opaque id of the person (`recourse tokens issue`).")]
Role = Annotated[str, typer.Option(help="agent, lead, vehicle, legal or admin")]
RequestId = Annotated[str | None, typer.Option("--request-id", help="Repeat a call safely with the same id.")]


@app.command("list")
def list_tasks(
    team: Annotated[str | None, typer.Option(help="agents, lead, field or legal; all when left out")] = None,
    as_json: Json = False,
) -> None:
    """Open tasks, oldest first, with the outcomes that each one accepts."""
    from recourse.app.compose import services
    from recourse.app.settings import load_settings
    from recourse.service.answering import ROLES
    from recourse.service.dispositions import allowed_outcomes
    from recourse.storage import tasks

    async def work() -> list[tasks.TaskRow]:
        async with services(load_settings()) as running, running.database.reading() as tx:
            return await tasks.listing(tx, [team] if team else list(ROLES))

    rows = run(work())
    if as_json:
        print_json([asdict(row) | {"outcomes": allowed_outcomes(row.kind)} for row in rows])
        return
    table = listing("task", "what", "team", "case", "state", "expires (UTC)", whole=("task", "expires (UTC)"))
    for row in rows:
        state = f"claimed by {row.claimed_by}" if row.state == "claimed" else row.state
        table.add_row(row.id, row.kind, row.team, row.case_id, state, short(row.expires_at))
    out.print(table if rows else "no open tasks")
    for kind in sorted({row.kind for row in rows}):
        out.print(f"[bold]{kind}[/] takes: {', '.join(allowed_outcomes(kind))}", highlight=False)


@app.command()
def claim(
    task_id: str, actor: Actor, role: Role = "agent", request_id: RequestId = None, as_json: Json = False
) -> None:
    """Take a task. For a call this takes a slot of the caps: the gate answers whether it may be made now."""
    answer = TaskAnswer(task_id, "claim", actor, request_id or uuid.uuid4().hex, (role,))
    _answer(answer, as_json)


@app.command()
def complete(
    task_id: str,
    outcome: str,
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
    from recourse.domain.ids import TaskId
    from recourse.storage import tasks

    async def work() -> TaskReceipt | None:
        async with core(load_settings()) as parts:
            async with parts.services.database.reading() as tx:
                task = await tasks.get(tx, TaskId(answer.task_id))
            return await parts.runs.answer_task(task.case_id, answer) if task else None

    receipt = run(work())
    if receipt is None:
        fail(f"{answer.task_id}: no such task; see `recourse tasks list`", USAGE)
    if as_json:
        print_json(asdict(receipt))
    elif receipt.accepted:
        out.print(f"accepted; next: {receipt.next_step} at {short(receipt.next_at)} UTC")
    else:
        opens = f"; opens {short(receipt.opens_at)} UTC" if receipt.opens_at else ""
        source = f" ({receipt.source})" if receipt.source else ""
        out.print(f"[red]refused[/red] {receipt.code}{source}{opens}")
    raise typer.Exit(0 if receipt.accepted else FINDINGS)
