"""`recourse permits`: for what cannot be taken back. Issued by the gate, and recalled until acknowledged."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer

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

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from recourse.contracts.messages import Nudge
    from recourse.domain.law.verdict import Refused
    from recourse.reading.permits import PermitView
    from recourse.service.context import Unit
    from recourse.storage.permits import PermitRow

T = TypeVar("T")
app = typer.Typer(help="Permits for what cannot be taken back.", no_args_is_help=True)
PermitId = Annotated[str, typer.Argument(help="As `recourse permits list` shows it.")]


@app.command()
def issue(
    case_id: Annotated[str, typer.Argument(help="As `recourse cases list` shows it.")],
    agency: Annotated[str, typer.Option(callback=opaque, help="The actor of the agency's token.")],
    proposed_by: Annotated[str, typer.Option(callback=opaque, help="Opaque id of who proposes it.")],
    approved_by: Annotated[str, typer.Option(callback=opaque, help="Opaque id of who approves it: another.")],
    kind: Annotated[str, typer.Option(help="recovery; the others are issued by the ladder.")] = "recovery",
    purpose: Annotated[str, typer.Option(callback=opaque, help="What for, as a code.")] = "recover_vehicle",
    days: Annotated[int, typer.Option(help="How long the assignment lasts, at most 30.")] = 14,
    as_json: Json = False,
) -> None:
    """Send an agency for the vehicle, if the gate allows it; a refusal names its code, and exits with 1."""
    from recourse.app.compose import services
    from recourse.app.settings import load_settings
    from recourse.domain.law.verdict import Refused
    from recourse.service import recovering

    one_of("--kind", kind, ["recovery"])
    asked = recovering.Assignment(case_id, purpose, agency, proposed_by, approved_by, days)

    async def work() -> PermitRow | Refused:
        async with services(load_settings()) as running:
            return await running.run(partial(recovering.issue, asked=asked))

    issued = _run(work)
    if isinstance(issued, Refused):
        _refused(issued, as_json)
    text = f"{issued.id} for {issued.assigned_to} until {short(issued.expires_at)} UTC"
    say(asdict(issued), text, as_json)


def _refused(refusal: Refused, as_json: bool) -> NoReturn:
    opens = f"; opens {short(refusal.opens_at)} UTC" if refusal.opens_at else ""
    detail = f" ({refusal.detail})" if refusal.detail else ""
    text = f"refused: {refusal.code}{detail}, {refusal.source}{opens}"
    say({"refused": refusal.code.value, **asdict(refusal)}, text, as_json)
    raise typer.Exit(FINDINGS)


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
    table = listing("at (UTC)", "who", "answer", "why", "good until", whole=("at (UTC)", "who"))
    for line in view.checks:
        table.add_row(short(line.at), line.actor, line.answer, line.code, short(line.good_until))
    out.print(table if view.checks else "  nobody has asked for it")


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
