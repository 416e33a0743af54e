"""`recourse cease`: somebody asks to be contacted no more. Effective before the command returns."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from recourse.cli.common import USAGE, Json, fail, one_of, opaque, opaque_or_none, run, say

if TYPE_CHECKING:
    from recourse.service.ceasing import Ceased


def cease(
    source: Annotated[
        str, typer.Option(callback=opaque, help="Id of the letter, recording or text that says so.")
    ],
    actor: Annotated[
        str, typer.Option("--as", callback=opaque, help="Opaque id of the person who heard or read it.")
    ],
    person: Annotated[str | None, typer.Option(help="Of a person, for all his loans.")] = None,
    loan: Annotated[str | None, typer.Option(help="Of who is on a loan as --party.")] = None,
    party: Annotated[
        str, typer.Option(help="With --loan: borrower, joint, guarantor, reference or attorney.")
    ] = "borrower",
    contact_point: Annotated[
        str | None, typer.Option(help="Of everybody on a contact point (`recourse dossier --json`).")
    ] = None,
    channel: Annotated[
        list[str] | None,
        typer.Option(help="email, sms, call, visit or letter; several times; all when left out."),
    ] = None,
    request_id: Annotated[
        str | None,
        typer.Option("--request-id", callback=opaque_or_none, help="Repeat a call safely with the same id."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Stop contacts that a person does not want any more. No command lifts it; a consent that he gives anew
    (`recourse consents give`) frees its channel on its contact point."""
    from recourse.app.compose import core
    from recourse.app.settings import load_settings
    from recourse.domain.ids import ContactPointId, LoanId, PersonId
    from recourse.domain.situation import Channel, PartyRole
    from recourse.service.ceasing import CeaseRequest, cease

    if [person, loan, contact_point].count(None) != 2:
        fail("--person, --loan or --contact-point: name exactly one", USAGE)
    one_of("--party", party, PartyRole)
    for name in channel or ():
        one_of("--channel", name, Channel)
    request = CeaseRequest(
        channels=frozenset(map(Channel, channel or Channel)),
        actor=actor,
        source=source,
        person_id=PersonId(person) if person else None,
        loan_id=LoanId(loan) if loan else None,
        party=PartyRole(party),
        contact_point_id=ContactPointId(contact_point) if contact_point else None,
        request_id=f"{actor}-{request_id}" if request_id else "",
    )

    async def work() -> tuple[Ceased, bool]:
        async with core(load_settings()) as parts:
            return await parts.delivery.note(partial(cease, request=request))

    ceased, told = run(work())
    names = sorted(request.channels)
    text = f"{', '.join(names)}: ceased for {', '.join(ceased.people)}"
    text += "" if told else "; Temporal is down, the diaries follow later"
    facts = {"cease": ceased.key, "people": ceased.people, "channels": names, "state": "in force"}
    say(facts | {"case_told": told}, text, as_json)
