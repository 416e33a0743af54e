"""`recourse holds`: stop what must not go on. Effective before the command returns, Temporal up or not."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from recourse.cli.common import USAGE, Json, fail, instant, one_of, opaque, opaque_or_none, run, say, short

if TYPE_CHECKING:
    from recourse.service.noting import Placed

app = typer.Typer(help="Holds on loans and people.", no_args_is_help=True)


@app.command()
def place(
    reason: Annotated[str, typer.Option(help="dispute, hardship, bankruptcy, death, complaint, ...")],
    actor: Annotated[
        str, typer.Option("--as", callback=opaque, help="Opaque id of the person who asks for it.")
    ],
    source: Annotated[
        str, typer.Option(callback=opaque, help="Id of the letter, recording or task that it rests on.")
    ],
    loan: Annotated[str | None, typer.Option(help="On one loan.")] = None,
    person: Annotated[str | None, typer.Option(help="On a person and every loan of his.")] = None,
    until: Annotated[
        str | None, typer.Option(help="Instant with offset; when left out, as the law says.")
    ] = None,
    asked_by: Annotated[
        str | None,
        typer.Option(help="At whose wish: borrower, other_party, representative, court, authority, lender."),
    ] = None,
    stops: Annotated[
        list[str] | None,
        typer.Option(help="What it shall stop besides what the law says; several times: message, call, ..."),
    ] = None,
    request_id: Annotated[
        str | None,
        typer.Option("--request-id", callback=opaque_or_none, help="Repeat a call safely with the same id."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Place a hold. What it stops, and until when, follows from the law pack; --stops widens it."""
    from recourse.app.compose import core
    from recourse.app.settings import load_settings
    from recourse.domain.ids import LoanId, PersonId
    from recourse.domain.situation import Action, AskedBy, HoldReason
    from recourse.service.noting import HoldRequest, Pointless, place_hold

    if (loan is None) == (person is None):
        fail("--loan or --person: name exactly one", USAGE)
    one_of("--reason", reason, HoldReason)
    one_of("--asked-by", asked_by, AskedBy)
    for name in stops or ():
        one_of("--stops", name, Action)
    request = HoldRequest(
        reason=HoldReason(reason),
        actor=actor,
        source=source,
        until=instant("--until", until),
        stops=frozenset(map(Action, stops or ())),
        person_id=PersonId(person) if person else None,
        loan_id=LoanId(loan) if loan else None,
        request_id=f"{actor}-{request_id}" if request_id else "",
        asked_by=AskedBy(asked_by) if asked_by else None,
    )

    async def work() -> tuple[Placed, bool]:
        async with core(load_settings()) as parts:
            return await parts.delivery.note(partial(place_hold, request=request))

    try:
        placed, told = run(work())
    except Pointless as error:
        fail(str(error), USAGE)
    text = f"{placed.id} is in force {_told(placed)}; stops {', '.join(sorted(placed.stops))}"
    text += "" if told else "; Temporal is down, its diary follows later"
    ends = {"until": placed.until, "rule": placed.rule or None, "source": placed.source or None}
    facts = {"hold": placed.id, "state": "in force", "case_told": told, "again": placed.again}
    say(facts | ends | {"stops": sorted(placed.stops)}, text, as_json)


@app.command()
def lift(
    hold_id: Annotated[str, typer.Argument(help="As `place` printed it and `recourse cases show` shows it.")],
    actor: Annotated[
        str, typer.Option("--as", callback=opaque, help="Opaque id of the person who lifts it.")
    ],
    as_json: Json = False,
) -> None:
    """Lift a hold."""
    from recourse.app.compose import core
    from recourse.app.settings import load_settings
    from recourse.contracts.messages import Nudge
    from recourse.service import noting
    from recourse.service.context import Unit

    async def fact(unit: Unit) -> tuple[None, tuple[Nudge, ...]]:
        return None, await noting.lift_hold(unit, hold_id, actor)

    async def work() -> bool:
        async with core(load_settings()) as parts:
            return (await parts.delivery.note(fact))[1]

    try:
        told = run(work())
    except noting.Pointless as error:
        fail(str(error), USAGE)
    text = f"{hold_id} is lifted" + ("" if told else "; Temporal is down, the case goes on when it is back")
    say({"hold": hold_id, "state": "lifted", "case_told": told}, text, as_json)


def _told(placed: Placed) -> str:
    end = f"until {short(placed.until)} UTC" if placed.until else "until lifted"
    rule = f", by {placed.rule} ({placed.source})" if placed.rule else ""
    again = f"; one before it began on {short(placed.again)} UTC, which the law may not repeat so soon"
    return end + rule + (again if placed.again else "")
