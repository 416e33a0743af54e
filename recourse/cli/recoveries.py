"""`recourse permits propose|approve|decline|proposals`: two persons behind a recovery, each by his token."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from recourse.cli.common import (
    FINDINGS,
    Json,
    listing,
    opaque,
    opaque_or_none,
    out,
    print_json,
    run,
    say,
    short,
)
from recourse.cli.persons import as_person

if TYPE_CHECKING:
    from recourse.domain.law.verdict import Refused
    from recourse.service.context import Unit
    from recourse.storage.permits import PermitRow
    from recourse.storage.recoveries import ProposalRow

ProposalId = Annotated[str, typer.Argument(help="As `recourse permits proposals` shows it.")]


def propose(
    case_id: Annotated[str, typer.Argument(help="As `recourse cases list` shows it.")],
    agency: Annotated[str, typer.Option(callback=opaque, help="The actor of the agency's token.")],
    purpose: Annotated[str, typer.Option(callback=opaque, help="What for, as a code.")] = "recover_vehicle",
    days: Annotated[int, typer.Option(help="How long the assignment would last, at most 30.")] = 14,
    request_id: Annotated[
        str | None,
        typer.Option("--request-id", callback=opaque_or_none, help="Repeat a call safely with the same id."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Propose to send an agency for the vehicle; another person has to approve it.

    With the token of a lead or a lawyer: RECOURSE_TOKEN, else it is asked for."""
    from recourse.service import proposing
    from recourse.service.proposing import NewProposal

    async def work(unit: Unit, actor: str) -> ProposalRow:
        request = f"{actor}-{request_id}" if request_id else ""
        new = NewProposal(case_id, purpose, agency, actor, days, request)
        return await proposing.propose(unit, new)

    row = as_person(work, proposing.PROPOSE)
    text = f"{row.id} waits for another person until {short(row.lapses_at)} UTC"
    say(asdict(row), text, as_json)


def approve(proposal_id: ProposalId, as_json: Json = False) -> None:
    """Approve a recovery that another person proposed: the gate is asked, and its no exits with 1.

    With the token of a lead: RECOURSE_TOKEN, else it is asked for."""
    from recourse.domain.law.verdict import Refused
    from recourse.service import proposing

    async def work(unit: Unit, actor: str) -> PermitRow | Refused:
        return await proposing.approve(unit, proposal_id, actor)

    issued = as_person(work, proposing.APPROVE)
    if isinstance(issued, Refused):
        _refused(issued, as_json)
    text = f"{issued.id} for {issued.assigned_to} until {short(issued.expires_at)} UTC"
    say(asdict(issued), text, as_json)


def decline(
    proposal_id: ProposalId,
    reason: Annotated[str, typer.Option(callback=opaque, help="Why, as a code.")],
    as_json: Json = False,
) -> None:
    """Decline a proposal, or take it back.

    With the token of a lead or a lawyer: RECOURSE_TOKEN, else it is asked for."""
    from recourse.service import proposing

    row = as_person(partial(_decline, key=proposal_id, code=reason), proposing.PROPOSE)
    say(asdict(row), f"{row.id} is {row.state}", as_json)


async def _decline(unit: Unit, actor: str, *, key: str, code: str) -> ProposalRow:
    from recourse.service import proposing

    return await proposing.decline(unit, key, actor, code)


def proposals(as_json: Json = False) -> None:
    """Recoveries that wait for another person's decision, the oldest first."""
    from recourse.app.compose import services
    from recourse.app.settings import load_settings
    from recourse.storage import recoveries

    async def work() -> list[ProposalRow]:
        async with services(load_settings()) as running, running.database.reading() as tx:
            return await recoveries.undecided(tx, await running.database.now(tx))

    rows = run(work())
    if as_json:
        print_json([asdict(row) for row in rows])
        return
    table = listing("proposal", "case", "agency", "by", "until (UTC)", whole=("proposal", "case"))
    for row in rows:
        table.add_row(row.id, row.case_id, row.agency, row.proposed_by, short(row.lapses_at))
    out.print(table if rows else "no proposals")


def _refused(refusal: Refused, as_json: bool) -> NoReturn:
    opens = f"; opens {short(refusal.opens_at)} UTC" if refusal.opens_at else ""
    detail = f" ({refusal.detail})" if refusal.detail else ""
    text = f"refused: {refusal.code}{detail}, {refusal.source}{opens}"
    say({"refused": refusal.code.value, **asdict(refusal)}, text, as_json)
    raise typer.Exit(FINDINGS)


COMMANDS: Mapping[str, Callable[..., None]] = {
    "propose": propose,
    "approve": approve,
    "decline": decline,
    "proposals": proposals,
}
"""Of `recourse permits`."""
