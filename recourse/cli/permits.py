"""`recourse permits`: for what cannot be taken back. Issued by the gate, and recalled until acknowledged. Who
stands behind a recovery: `recourse/cli/recoveries.py`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from recourse.cli.common import (
    USAGE,
    Json,
    err,
    fail,
    listing,
    opaque,
    out,
    print_json,
    run,
    say,
    short,
)
from recourse.cli.recoveries import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from recourse.contracts.messages import Nudge
    from recourse.reading.permits import PermitView
    from recourse.service.context import Unit
    from recourse.storage.permits import PermitRow

T = TypeVar("T")
app = typer.Typer(help="Permits for what cannot be taken back.", no_args_is_help=True)
for name, command in COMMANDS.items():
    app.command(name)(command)
PermitId = Annotated[str, typer.Argument(help="As `recourse permits list` shows it.")]


@app.command("list")
def list_permits(
    case: Annotated[str | None, typer.Option(help="Of one case.")] = None,
    owed: Annotated[bool, typer.Option("--owed", help="Recalled, and acknowledged by nobody yet.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="That many at most.")] = 100,
    as_json: Json = False,
) -> None:
    """Permits, newest first."""
    from recourse.app.compose import services
    from recourse.app.settings import load_settings
    from recourse.domain.ids import CaseId
    from recourse.reading import permits

    async def work() -> list[PermitRow]:
        async with services(load_settings()) as running, running.database.reading() as tx:
            case_id = CaseId(case) if case else None
            return await permits.listing(tx, case_id=case_id, owed=owed, limit=limit)

    rows = run(work())
    if as_json:
        print_json([asdict(row) | {"owed": row.owed} for row in rows])
        return
    table = listing("permit", "kind", "case", "state", "why", "issued (UTC)", whole=("permit", "case"))
    for row in rows:
        state = row.state + (", not acknowledged" if row.owed else "")
        table.add_row(row.id, row.kind, row.case_id, state, row.recall_code or "", short(row.issued_at))
    out.print(table if rows else "no permits")
    if len(rows) == limit:
        err.print(f"the newest {limit}; --limit shows more", highlight=False)


@app.command()
def show(permit_id: PermitId, as_json: Json = False) -> None:
    """One permit, and everybody who asked whether it holds."""
    from recourse.app.compose import services
    from recourse.app.settings import load_settings
    from recourse.reading import permits

    async def work() -> PermitView | None:
        async with services(load_settings()) as running, running.database.reading() as tx:
            return await permits.show(tx, permit_id)

    view = run(work())
    if view is None:
        fail(f"{permit_id}: no such permit; see `recourse permits list`", USAGE)
    if as_json:
        print_json(asdict(view) | {"owed": view.permit.owed})
        return
    _show(view)


def _show(view: PermitView) -> None:
    row = view.permit
    out.print(f"{row.id} · {row.kind} · {row.state}" + (", not acknowledged" if row.owed else ""))
    out.print(f"  of {row.case_id}, for {row.purpose}: {row.basis}", highlight=False)
    out.print(f"  issued {short(row.issued_at)}, expires {short(row.expires_at)} UTC", highlight=False)
    if row.recalled_at is not None:
        said = f", {row.recall_tries} tries, answer {row.recall_answer or '—'}"
        by = f" by {row.recalled_by}" if row.recalled_by else ""
        out.print(f"  recalled {short(row.recalled_at)} UTC{by}: {row.recall_code}{said}", highlight=False)
    table = listing("at (UTC)", "who", "answer", "why", "good until", "step", whole=("at (UTC)", "who"))
    for line in view.checks:
        number = "" if line.step_number is None else str(line.step_number)
        table.add_row(short(line.at), line.actor, line.answer, line.code, short(line.good_until), number)
    out.print(table if view.checks else "  nobody has asked for it")
    if any(line.step_number is not None for line in view.checks):
        out.print(f"why: recourse explain {row.case_id} --step NUMBER", highlight=False)


@app.command()
def recall(
    permit_id: PermitId,
    reason: Annotated[str, typer.Option(callback=opaque, help="Why, as a code.")],
    actor: Annotated[str, typer.Option("--as", callback=opaque, help="Opaque id of who recalls it.")],
    as_json: Json = False,
) -> None:
    """Recall a permit. In force when this returns; who has it outside is asked until he acknowledges."""
    from recourse.app.compose import core
    from recourse.app.settings import load_settings
    from recourse.service import recovering

    async def fact(unit: Unit) -> tuple[PermitRow, tuple[Nudge, ...]]:
        return await recovering.recall_by_hand(unit, permit_id, reason, actor)

    async def work() -> tuple[PermitRow, bool]:
        async with core(load_settings()) as parts:
            return await parts.delivery.note(fact)

    row, told = _run(work)
    owed = "; to be acknowledged, see `recourse permits show`" if row.owed else ""
    text = f"{row.id} is {row.state}{owed}" + ("" if told else "; Temporal is down, its diary follows later")
    say(asdict(row) | {"owed": row.owed, "case_told": told}, text, as_json)


def _run(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """What cannot be meant is a matter of usage."""
    from recourse.service.noting import Pointless

    try:
        return run(work())
    except Pointless as error:
        fail(str(error), USAGE)
