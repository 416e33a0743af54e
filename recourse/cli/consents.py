"""`recourse consents`: what people agreed to, with the proofs. Effective before the command returns."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from recourse.cli.common import (
    USAGE,
    Json,
    fail,
    instant,
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
    from recourse.service.consenting import Noted, Statement
    from recourse.service.context import Unit
    from recourse.storage.consents import ConsentRow

app = typer.Typer(help="What people agreed to, with the proofs.", no_args_is_help=True)

Person = Annotated[str, typer.Argument(callback=opaque, help="Opaque id of the person.")]
Point = Annotated[str, typer.Option("--contact-point", help="As `recourse dossier --json` shows it.")]
OnChannel = Annotated[str, typer.Option("--channel", help="email, sms, call, visit or letter.")]
How = Annotated[str, typer.Option("--way", help="contract, letter, form, app, call, message or in_person.")]
Source = Annotated[
    str, typer.Option(callback=opaque, help="Id of the paper or recording where it can be read or heard.")
]
Actor = Annotated[str, typer.Option("--as", callback=opaque, help="Opaque id of the person who notes it.")]
At = Annotated[str | None, typer.Option(help="When he said it, with offset; now when left out.")]
RequestId = Annotated[
    str | None,
    typer.Option("--request-id", callback=opaque_or_none, help="Repeat a call safely with the same id."),
]


@app.command()
def give(
    person: Person,
    contact_point: Point,
    channel: OnChannel,
    way: How,
    source: Source,
    actor: Actor,
    at: At = None,
    request_id: RequestId = None,
    as_json: Json = False,
) -> None:
    """Note that a person agrees to a channel on a contact point. Where he agreed later than he asked us to
    stop, it ends the request there; nothing else does."""
    from recourse.service import consenting

    said = _said(person, contact_point, channel, way, source, actor, at, request_id)
    _note(partial(consenting.give, said=said), as_json)


@app.command()
def withdraw(
    person: Person,
    contact_point: Point,
    channel: OnChannel,
    way: How,
    source: Source,
    actor: Actor,
    at: At = None,
    request_id: RequestId = None,
    as_json: Json = False,
) -> None:
    """Note that a person takes it back there; for every contact point see `recourse cease`."""
    from recourse.service import consenting

    said = _said(person, contact_point, channel, way, source, actor, at, request_id)
    _note(partial(consenting.withdraw, said=said), as_json)


@app.command("list")
def list_consents(person: Person, as_json: Json = False) -> None:
    """What a person agreed to and took back, in the order in which it was noted."""
    from recourse.app.compose import services
    from recourse.app.settings import load_settings
    from recourse.storage import consents

    async def work() -> list[ConsentRow]:
        async with services(load_settings()) as running, running.database.reading() as tx:
            return await consents.of_people(tx, [person])

    rows = run(work())
    if as_json:
        print_json([consents.told(row) for row in rows])
        return
    heads = ("contact point", "channel", "given (UTC)", "how", "source", "by", "ended (UTC)")
    table = listing(*heads, whole=("contact point",))
    for row in rows:
        ended = f"{short(row.withdrawn_at)} · {row.withdrawn_way}" if row.withdrawn_at else ""
        table.add_row(
            row.contact_point_id,
            row.channel.value,
            short(row.given_at),
            row.way or "listed",
            row.source or "",
            row.noted_by,
            ended + (f" · {row.withdrawn_source}" if row.withdrawn_source else ""),
        )
    out.print(table if rows else "no consent with a proof; what the bank lists stands in the dossier")


def _said(
    person: str,
    contact_point: str,
    channel: str,
    way: str,
    source: str,
    actor: str,
    at: str | None,
    request_id: str | None,
) -> Statement:
    from recourse.domain.consents import Way
    from recourse.domain.ids import ContactPointId, PersonId
    from recourse.domain.situation import Channel
    from recourse.service.consenting import Statement

    one_of("--channel", channel, Channel)
    one_of("--way", way, Way)
    when: datetime | None = instant("--at", at)
    request = f"{actor}-{request_id}" if request_id else ""
    point = ContactPointId(contact_point)
    return Statement(PersonId(person), point, Channel(channel), Way(way), source, actor, when, request)


def _note(work: Callable[[Unit], Awaitable[Noted]], as_json: bool) -> None:
    from recourse.app.compose import core
    from recourse.app.settings import load_settings
    from recourse.service.noting import Pointless
    from recourse.storage import consents

    async def noted() -> tuple[ConsentRow, bool]:
        async with core(load_settings()) as parts:
            return await parts.delivery.note(work)

    try:
        row, told = run(noted())
    except Pointless as error:
        fail(str(error), USAGE)
    state = "withdrawn" if row.withdrawn_at else f"agreed to since {short(row.given_at)} UTC"
    text = f"{row.channel} on {row.contact_point_id}: {state}"
    text += "" if told else "; Temporal is down, the diaries follow later"
    say(consents.told(row) | {"case_told": told}, text, as_json)
