"""`recourse legal`: where legal actions stand, what may follow, what runs out, what they cost and brought."""

from __future__ import annotations

import re
from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

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
    from collections.abc import Awaitable, Callable

    from recourse.contracts.messages import Nudge
    from recourse.domain.legal.action import NotMade
    from recourse.domain.legal.terms import SaleTerms
    from recourse.reading.legal import Listed, Shown
    from recourse.service.context import Unit
    from recourse.storage.legal_actions import DeadlineRow

app = typer.Typer(help="Legal actions: moves, papers, deadlines, costs.", no_args_is_help=True)
Case = Annotated[str, typer.Argument(help="As `recourse cases list` shows it.")]
Actor = Annotated[str, typer.Option("--as", callback=opaque, help="Your opaque id; it stays on record.")]
Request = Annotated[
    str | None,
    typer.Option("--request-id", callback=opaque_or_none, help="Repeat a call safely with the same id."),
]
Day = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The day, at the lender's place.")]
LIMIT = 1000


@app.command("list")
def list_actions(as_json: Json = False) -> None:
    """Cases with a legal action, the one that moved last first."""
    from recourse.app.compose import services
    from recourse.app.settings import load_settings
    from recourse.reading import legal

    async def work() -> list[Listed]:
        async with services(load_settings()) as running, running.database.reading() as tx:
            return await legal.listing(tx, LIMIT)

    rows = run(work())
    if as_json:
        print_json([asdict(row) for row in rows])
        return
    table = listing("case", "stands", "last move", "next deadline", "until", whole=("case", "until"))
    for row in rows:
        ends = str(row.ends_on or "")
        table.add_row(row.case_id, _states(row.states), str(row.last_on), row.next_deadline or "", ends)
    out.print(table if rows else "no legal action")


@app.command()
def show(case_id: Case, as_json: Json = False) -> None:
    """Where a legal action stands, what may follow and what that takes, what runs out, what it cost and
    brought."""
    from recourse.app.compose import services
    from recourse.app.settings import load_settings
    from recourse.reading import legal

    async def work() -> Shown:
        async with services(load_settings()) as running, running.database.reading() as tx:
            return await legal.shown(running.database, tx, running.book, case_id)

    action = run(work())
    if as_json:
        print_json(action.plain())
    else:
        from recourse.cli.legal_view import render

        out.print(render(action))


@app.command()
def move(
    case_id: Case,
    code: Annotated[str, typer.Argument(help="As `recourse legal show CASE` names it.")],
    on: Day,
    actor: Actor,
    document: Annotated[
        list[str] | None, typer.Option("--document", help="kind=id of a paper; once for each.")
    ] = None,
    terms: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="What the move takes besides: kind=public, day=2026-12-20, at=10:00, place=…, owed_minor=…",
        ),
    ] = None,
    despite: Annotated[
        str | None,
        typer.Option(
            callback=opaque_or_none,
            help="Of what happened although the gate or a permit says no: the id of what explains it.",
        ),
    ] = None,
    request_id: Request = None,
    as_json: Json = False,
) -> None:
    """Record a move with its papers. Exit 1 where it cannot be made: what is missing, or from when, and which
    rule."""
    from recourse.domain.legal.action import NotMade
    from recourse.service.legal_moves import NewMove
    from recourse.service.pursuing import make_move

    papers = _papers(document or [])
    request = f"{actor}-{request_id}" if request_id else ""
    sale = _sale(terms) if terms else None
    new = NewMove(case_id, code, on.date(), papers, actor, request, despite, terms=sale)
    made, told = _note(partial(make_move, new=new))
    if isinstance(made, NotMade):
        _refused(made, as_json)
    text = f"{made.code} on {made.on}: {made.track} is {made.state} ({made.source}, {made.mark})"
    say(asdict(made) | {"made": True, "case_told": told}, text + _later(told), as_json)


def _papers(given: list[str]) -> dict[str, str]:
    papers = dict[str, str]()
    for one in given:
        kind, sign, key = one.partition("=")
        if not sign or re.fullmatch("[a-z_]{1,40}", kind) is None or kind in papers:
            fail("--document: kind=id, each kind once, as judgment=sha256-4f1c", USAGE)
        try:
            papers[kind] = opaque(key)
        except typer.BadParameter as error:
            fail(f"--document: {kind}: {error}", USAGE)
    return papers


def _sale(given: list[str]) -> SaleTerms:
    from pydantic import TypeAdapter, ValidationError

    from recourse.domain.legal.terms import SaleTerms

    told = dict(one.partition("=")[::2] for one in given)
    known = SaleTerms.__dataclass_fields__
    strange = sorted(told.keys() - known.keys())
    if strange or len(told) < len(given) or not all("=" in one for one in given):
        fail(f"--set: name=value, each name once; one of {', '.join(known)}", USAGE)
    try:
        return TypeAdapter(SaleTerms).validate_python(told)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        fail(f"--set: {where + ': ' if where else ''}{first['msg'].removeprefix('Value error, ')}", USAGE)


def _refused(why: NotMade, as_json: bool) -> NoReturn:
    missing = f" ({', '.join(why.missing)})" if why.missing else ""
    days = f"; open from {why.opens_on}" if why.opens_on else ""
    days += f"; the last day was {why.passed_on}" if why.passed_on else ""
    rule = f", {why.rule}: {why.source}" if why.rule else ""
    say({"made": False, **asdict(why)}, f"refused: {why.code}{missing}{days}{rule}", as_json)
    raise typer.Exit(FINDINGS)


@app.command()
def cost(
    case_id: Case,
    kind: Annotated[str, typer.Option(help="court_fee, lawyer_fee … or sale_proceeds, enforced …")],
    amount_minor: Annotated[int, typer.Option(min=1, help="In minor units of the loan's currency.")],
    on: Day,
    proof: Annotated[str, typer.Option(callback=opaque, help="Id of the invoice, receipt or statement.")],
    actor: Actor,
    reverses: Annotated[
        str | None, typer.Option(callback=opaque_or_none, help="The entry that was a mistake.")
    ] = None,
    request_id: Request = None,
    as_json: Json = False,
) -> None:
    """Record a cost of the legal action, or what it brought; a mistake is reversed by another entry."""
    from recourse.domain.legal.amounts import EntryKind
    from recourse.domain.money import Money
    from recourse.service.legal_amounts import NewEntry, note_amount

    one_of("--kind", kind, EntryKind)
    request = f"{actor}-{request_id}" if request_id else ""
    new = NewEntry(case_id, EntryKind(kind), amount_minor, on.date(), proof, actor, request, reverses)
    row, told = _note(partial(note_amount, new=new))
    text = f"{row.id}: {row.kind} {Money(row.amount_minor, row.currency)}"
    say(asdict(row) | {"case_told": told}, text + _later(told), as_json)


@app.command()
def deadlines(
    within: Annotated[int, typer.Option(min=0, max=3660, help="Days from now.")] = 30,
    as_json: Json = False,
) -> None:
    """Of open cases what runs out soon or was missed, the soonest first. Exit 1 when there is any."""
    from datetime import timedelta

    from recourse.app.compose import services
    from recourse.app.settings import load_settings
    from recourse.reading.legal import state_of
    from recourse.storage import legal_actions

    async def work() -> list[tuple[DeadlineRow, str]]:
        async with services(load_settings()) as running, running.database.reading() as tx:
            now = await running.database.now(tx)
            rows = await legal_actions.running(tx, now + timedelta(days=within), LIMIT)
            return [(row, state_of(row, now)) for row in rows]

    rows = run(work())
    if as_json:
        print_json([asdict(row) | {"state": state} for row, state in rows])
    else:
        table = listing("case", "deadline", "until", "whose", "state", "source", whole=("case", "until"))
        for row, state in rows:
            table.add_row(row.case_id, row.code, str(row.ends_on), row.whose, state, row.source)
        out.print(table if rows else f"nothing runs out within {within} days")
    raise typer.Exit(FINDINGS if rows else 0)


def _note(work: Callable[[Unit], Awaitable[tuple[Any, tuple[Nudge, ...]]]]) -> tuple[Any, bool]:
    from recourse.app.compose import core
    from recourse.app.settings import load_settings
    from recourse.service.noting import Pointless

    async def noted() -> tuple[Any, bool]:
        async with core(load_settings()) as parts:
            return await parts.delivery.note(work)

    try:
        return run(noted())
    except Pointless as error:
        fail(str(error), USAGE)


def _later(told: bool) -> str:
    return "" if told else "; Temporal is down, the diary follows later"


def _states(states: dict[str, str]) -> str:
    return ", ".join(f"{track} {state}" for track, state in states.items())
