"""`recourse vehicle`: where a vehicle is. Leave for a purpose first, then readings under it, each by a person
with his own token and each a line of the case's diary."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer

from recourse.cli.common import (
    FINDINGS,
    USAGE,
    Json,
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
from recourse.cli.persons import given_token, person_of

if TYPE_CHECKING:
    from recourse.domain.law.verdict import Refused
    from recourse.service.vehicle_desk import VehicleDesk
    from recourse.storage.location_requests import RequestRow
    from recourse.storage.positions import Shown

T = TypeVar("T")
ROLES = ("vehicle",)
app = typer.Typer(help="Where a vehicle is, for a purpose and no longer than it lasts.", no_args_is_help=True)
RequestId = Annotated[str, typer.Argument(help="As `recourse vehicle requests` shows it.")]


@app.command()
def ask(
    case_id: Annotated[str, typer.Argument(help="As `recourse cases list` shows it.")],
    purpose: Annotated[str, typer.Option(help="What for; a wrong one is answered with the list.")],
    days: Annotated[int | None, typer.Option(min=1, help="How long; else as the law packs allow.")] = None,
    request_id: Annotated[
        str | None, typer.Option("--request-id", help="Repeat a call safely with the same id.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Ask for leave to read where the vehicle is; the gate's no exits with 1.

    With the token of the vehicle desk: RECOURSE_TOKEN, else it is asked for."""
    from recourse.domain.law.verdict import Refused
    from recourse.domain.positions import LocationPurpose
    from recourse.service import position_reads
    from recourse.service.location_requests import NewRequest

    one_of("--purpose", purpose, LocationPurpose)
    key = _read_id(request_id)

    async def work(desk: VehicleDesk, actor: str) -> RequestRow | Refused:
        new = NewRequest(case_id, LocationPurpose(purpose), actor, key, days)
        return await desk.services.run(partial(position_reads.request, new=new))

    granted = _at_the_desk(work)
    if isinstance(granted, Refused):
        _refused(granted, as_json)
    text = f"{granted.id}: {granted.precision}, until {short(granted.granted_until)} UTC"
    say(asdict(granted), text, as_json)


@app.command()
def requests(
    case: Annotated[str | None, typer.Option(help="Of one case, those that ended too.")] = None,
    as_json: Json = False,
) -> None:
    """Who may read where which vehicle is, for what, and until when; the newest first."""
    from recourse.app.compose import services
    from recourse.app.settings import load_settings
    from recourse.domain.ids import CaseId
    from recourse.storage import location_requests

    async def work() -> list[RequestRow]:
        async with services(load_settings()) as running, running.database.reading() as tx:
            now = await running.database.now(tx)
            one = CaseId(case) if case else None
            return await location_requests.listed(tx, now, case_id=one, running=one is None)

    rows = run(work())
    if as_json:
        print_json([asdict(row) for row in rows])
        return
    table = listing("request", "case", "purpose", "precision", "by", "until (UTC)", whole=("request", "case"))
    for row in rows:
        until = row.ended_code or short(row.granted_until)
        table.add_row(row.id, row.case_id, row.purpose, row.precision, row.granted_by, until)
    out.print(table if rows else "no location requests")


@app.command()
def locate(
    request_id: RequestId,
    read_id: Annotated[
        str | None, typer.Option("--read-id", help="Repeat a reading safely with the same id.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Where the vehicle is now. The gate's no, and a tracker that knows nothing, exit with 1.

    With the token of the vehicle desk: RECOURSE_TOKEN, else it is asked for."""
    from recourse.domain.law.verdict import Refused
    from recourse.service.position_reads import NotLocated

    key = _read_id(read_id)
    found = _at_the_desk(lambda desk, actor: desk.locate(request_id, key, actor))
    if isinstance(found, Refused):
        _refused(found, as_json)
    if isinstance(found, NotLocated):
        say({"located": False, "code": found.code}, f"not located: {found.code}", as_json)
        raise typer.Exit(FINDINGS)
    say(_told(found), _line(found), as_json)


@app.command()
def positions(request_id: RequestId, as_json: Json = False) -> None:
    """What was read under a request, the newest first. Looking is kept like a reading.

    With the token of the vehicle desk: RECOURSE_TOKEN, else it is asked for."""
    from recourse.domain.law.verdict import Refused

    found = _at_the_desk(lambda desk, actor: desk.look(request_id, actor))
    if isinstance(found, Refused):
        _refused(found, as_json)
    if as_json:
        print_json([_told(one) for one in found])
        return
    for one in found:
        out.print(_line(one), highlight=False, soft_wrap=True)
    if not found:
        out.print("nothing was read under it")


@app.command()
def end(
    request_id: RequestId,
    reason: Annotated[str, typer.Option(callback=opaque, help="Why, as a code.")],
    as_json: Json = False,
) -> None:
    """End a request: nothing may be read under it any more.

    With the token of the vehicle desk: RECOURSE_TOKEN, else it is asked for."""
    from recourse.service import position_reads

    async def work(desk: VehicleDesk, actor: str) -> RequestRow:
        act = partial(position_reads.end, request_id=request_id, code=reason, actor=actor)
        return await desk.services.run(act)

    row = _at_the_desk(work)
    say(asdict(row), f"{row.id} ended: {row.ended_code}", as_json)


def _read_id(given: str | None) -> str:
    import uuid

    return opaque(given) if given is not None else uuid.uuid4().hex


def _at_the_desk(work: Callable[[VehicleDesk, str], Awaitable[T]]) -> T:
    """Do it as the actor of the token, if its role may."""
    from recourse.app.compose import services, vehicle_desk
    from recourse.app.settings import load_settings
    from recourse.service.noting import Pointless, RequestReused

    token = given_token()

    async def done() -> T:
        settings = load_settings()
        async with services(settings) as running, vehicle_desk(settings, running) as desk:
            return await work(desk, (await person_of(running, token, ROLES)).actor)

    try:
        return run(done())
    except (Pointless, RequestReused) as error:
        fail(str(error), USAGE)


def _told(shown: Shown) -> dict[str, Any]:
    return {"reading": asdict(shown.reading), "place": asdict(shown.place) if shown.place else None}


def _line(shown: Shown) -> str:
    reading, place = shown.reading, shown.place
    quality = f"{reading.quality}, fix of {short(reading.fix_time)} UTC"
    if place is None:
        return f"{short(reading.read_at)}  {quality}: the place was deleted, its time was over"
    near = f"within a cell of {place.cell_km} km" if place.cell_km else "exact"
    return f"{short(reading.read_at)}  {place.latitude:.6f}, {place.longitude:.6f} ({near}), {quality}"


def _refused(refusal: Refused, as_json: bool) -> NoReturn:
    opens = f"; opens {short(refusal.opens_at)} UTC" if refusal.opens_at else ""
    detail = f" ({refusal.detail})" if refusal.detail else ""
    text = f"refused: {refusal.code}{detail}, {refusal.source}{opens}"
    say({"refused": refusal.code.value, **asdict(refusal)}, text, as_json)
    raise typer.Exit(FINDINGS)
