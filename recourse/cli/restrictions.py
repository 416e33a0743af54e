"""`recourse inconvenient`, `recourse represented`: what a person told us about being contacted.

Effective before the command returns, Temporal up or not."""

from __future__ import annotations

from datetime import time
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
    from recourse.domain.restrictions import Restriction
    from recourse.storage.restrictions import RestrictionRow

inconvenient = typer.Typer(
    help="Times and places at which a person does not want to be contacted.", no_args_is_help=True
)
represented = typer.Typer(help="Attorneys who speak for a person.", no_args_is_help=True)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Person = Annotated[str, typer.Argument(callback=opaque, help="Opaque id of the person.")]
Source = Annotated[
    str, typer.Option(callback=opaque, help="Id of the letter, recording or text that says so.")
]
Actor = Annotated[
    str, typer.Option("--as", callback=opaque, help="Opaque id of the person who heard or read it.")
]
RequestId = Annotated[
    str | None,
    typer.Option("--request-id", callback=opaque_or_none, help="Repeat a call safely with the same id."),
]


@inconvenient.command("add")
def add_inconvenient(
    person: Person,
    source: Source,
    actor: Actor,
    begins: Annotated[str | None, typer.Option("--from", help="Local time of the person, as 09:00.")] = None,
    ends: Annotated[
        str | None, typer.Option("--to", help="As 17:00; on the next day where it is not after --from.")
    ] = None,
    day: Annotated[
        list[str] | None, typer.Option(help="mon … sun; several times; every day when left out.")
    ] = None,
    place: Annotated[str | None, typer.Option(help="home or work, instead of a time.")] = None,
    contact_point: Annotated[
        str | None, typer.Option(help="One contact point (`recourse dossier --json`), instead of a time.")
    ] = None,
    request_id: RequestId = None,
    as_json: Json = False,
) -> None:
    """Note a time or a place at which a person is not to be contacted."""
    from recourse.domain.ids import ContactPointId
    from recourse.domain.restrictions import InconvenientPlace, InconvenientTime, Whereabouts

    if [begins if ends else None, place, contact_point].count(None) != 2 or (begins is None) != (
        ends is None
    ):
        fail("--from and --to, --place or --contact-point: name exactly one", USAGE)
    for name in day or ():
        one_of("--day", name, DAYS)
    one_of("--place", place, Whereabouts)
    if begins is not None and ends is not None:
        weekdays = frozenset(DAYS.index(name) + 1 for name in day or DAYS)
        what: Restriction = InconvenientTime(weekdays, _clock("--from", begins), _clock("--to", ends))
    elif day:
        fail("--day: needs --from and --to; a place is inconvenient on every day", USAGE)
    else:
        point = ContactPointId(contact_point) if contact_point else None
        what = InconvenientPlace(point, Whereabouts(place) if place else None)
    _add(person, what, source, actor, request_id, as_json)


@represented.command("add")
def add_represented(
    person: Person,
    source: Source,
    actor: Actor,
    attorney: Annotated[
        str | None, typer.Option(callback=opaque_or_none, help="Opaque id of the attorney, where known.")
    ] = None,
    request_id: RequestId = None,
    as_json: Json = False,
) -> None:
    """Note that an attorney speaks for a person, who is contacted no more; the attorney may be."""
    from recourse.domain.ids import PersonId
    from recourse.domain.restrictions import Represented

    what = Represented(PersonId(attorney) if attorney else None)
    _add(person, what, source, actor, request_id, as_json)


def list_restrictions(person: Person, as_json: Json = False) -> None:
    """What a person told us, the oldest first, with what was taken back."""
    from recourse.app.compose import services
    from recourse.app.settings import load_settings
    from recourse.storage import restrictions

    async def work() -> list[RestrictionRow]:
        async with services(load_settings()) as running, running.database.reading() as tx:
            return await restrictions.of_people(tx, [person])

    found = [restrictions.told(row) for row in run(work())]
    if as_json:
        print_json(found)
        return
    table = listing("id", "kind", "what", "since (UTC)", "by", "source", "taken back", whole=("id", "kind"))
    for told in found:
        ended = f"{short(told['withdrawn_at'])} · {told['withdrawn_source']}" if told["withdrawn_at"] else ""
        since = short(told["since"])
        table.add_row(told["id"], told["kind"], _words(told), since, told["by"], told["source"], ended)
    out.print(table if found else "nothing was noted of this person")


def withdraw(
    person: Person,
    restriction: Annotated[str, typer.Argument(help="As `list` shows it.")],
    source: Source,
    actor: Actor,
    as_json: Json = False,
) -> None:
    """The person takes it back."""
    from recourse.app.compose import core
    from recourse.app.settings import load_settings
    from recourse.domain.ids import PersonId
    from recourse.service import restricting

    taken_back = partial(
        restricting.withdraw, person_id=PersonId(person), key=restriction, actor=actor, source=source
    )

    async def work() -> bool:
        async with core(load_settings()) as parts:
            return (await parts.delivery.note(taken_back))[1]

    told = run(work())
    text = f"{restriction} is withdrawn" + ("" if told else "; Temporal is down, the diaries follow later")
    say({"restriction": restriction, "state": "withdrawn", "case_told": told}, text, as_json)


for group in (inconvenient, represented):
    group.command("list")(list_restrictions)
    group.command("withdraw")(withdraw)


def _add(
    person: str, what: Restriction, source: str, actor: str, request_id: str | None, as_json: bool
) -> None:
    from recourse.app.compose import core
    from recourse.app.settings import load_settings
    from recourse.domain.ids import PersonId
    from recourse.service.noting import Pointless
    from recourse.service.restricting import RestrictionRequest, restrict
    from recourse.storage import restrictions

    key = f"{actor}-{request_id}" if request_id else ""
    request = RestrictionRequest(PersonId(person), what, actor, source, key)

    async def work() -> tuple[RestrictionRow, bool]:
        async with core(load_settings()) as parts:
            return await parts.delivery.note(partial(restrict, request=request))

    try:
        row, told = run(work())
    except Pointless as error:
        fail(str(error), USAGE)
    state = "in force" if row.withdrawn_at is None else "withdrawn"
    text = f"{row.id}: {row.kind.value} of {person} is {state}"
    text += "" if told else "; Temporal is down, the diaries follow later"
    say(restrictions.told(row) | {"state": state, "case_told": told}, text, as_json)


def _clock(option: str, text: str) -> time:
    try:
        at = time.fromisoformat(text)
        if len(text) == len("00:00") and at.tzinfo is None:
            return at
    except ValueError:
        pass
    fail(f"{option}: a local time like 08:30", USAGE)


def _words(told: dict[str, object]) -> str:
    match told["kind"]:
        case "inconvenient_time":
            days = told["weekdays"]
            named = " ".join(DAYS[n - 1] for n in days) if isinstance(days, list) else ""
            return f"{named} {told['from']}–{told['to']}"
        case "inconvenient_place":
            return str(told["whereabouts"] or told["contact_point_id"])
        case _:
            return str(told["attorney_id"] or "an attorney")
