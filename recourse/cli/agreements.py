"""`recourse agreements`: payment plans, settlements, extensions, restructures and waivers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

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
    opaque_or_none,
    out,
    print_json,
    run,
    say,
    short,
)

if TYPE_CHECKING:
    from recourse.domain.agreements import Terms
    from recourse.service.agreeing import Answer
    from recourse.service.context import Unit
    from recourse.storage.money_agreements import AgreementRow

app = typer.Typer(help="Agreements about money.", no_args_is_help=True)

Actor = Annotated[
    str, typer.Option("--as", callback=opaque, help="Opaque id of the person (`recourse tokens list`).")
]
Role = Annotated[str, typer.Option(help="As what: agent, lead or legal.")]
RequestId = Annotated[
    str | None,
    typer.Option("--request-id", callback=opaque_or_none, help="Repeat a call safely with the same id."),
]
Agreement = Annotated[str, typer.Argument(help="As `recourse agreements list` shows it.")]
NEEDS = {
    "payment_plan": ("part",),
    "settlement": ("amount_minor", "on", "waived_minor"),
    "extension": ("installments",),
    "restructure": ("installments", "amount_minor", "on"),
    "waiver": ("of", "amount_minor"),
}
"""The options that each kind takes, all of them."""


@app.command()
def propose(
    case_id: str,
    kind: Annotated[str, typer.Option(help=", ".join(NEEDS))],
    actor: Actor,
    role: Role = "agent",
    part: Annotated[
        list[str] | None, typer.Option(help="DAY=AMOUNT, 2026-12-05=50000; several times (payment_plan).")
    ] = None,
    amount_minor: Annotated[
        int | None, typer.Option(help="To be paid (settlement), waived, or put into the new schedule.")
    ] = None,
    waived_minor: Annotated[int | None, typer.Option(help="What a settlement waives.")] = None,
    on: Annotated[
        str | None, typer.Option(help="Until when (settlement), or the first due date (restructure).")
    ] = None,
    of: Annotated[str | None, typer.Option(help="What is waived: fees, interest or amount.")] = None,
    installments: Annotated[
        int | None, typer.Option(help="How many move to the end, or the new schedule has.")
    ] = None,
    request_id: RequestId = None,
    as_json: Json = False,
) -> None:
    """Propose an agreement. Within the limits of your role it is in force when this returns; beyond them
    somebody else has to approve it. Amounts are in minor units."""
    from recourse.service.agreeing import Proposal, propose

    one_of("--kind", kind, NEEDS)
    given = {"part": part, "amount_minor": amount_minor, "waived_minor": waived_minor, "on": on, "of": of}
    terms = _terms(kind, given | {"installments": installments})
    request = f"{actor}-{request_id}" if request_id else ""
    proposal = Proposal(case_id, terms, actor, role, request)
    _note(partial(propose, proposal=proposal), role, as_json)


@app.command()
def approve(
    agreement_id: Agreement,
    actor: Actor,
    role: Role = "lead",
    request_id: RequestId = None,
    as_json: Json = False,
) -> None:
    """Approve what another person proposed. The limits of authority are asked again."""
    from recourse.service import agreeing

    _rule(agreeing.approve, agreement_id, actor, role, request_id, "", as_json)


Code = Annotated[str, typer.Option("--code", callback=opaque, help="Why, as a code; it stays on record.")]


@app.command()
def decline(
    agreement_id: Agreement,
    actor: Actor,
    code: Code,
    role: Role = "lead",
    request_id: RequestId = None,
    as_json: Json = False,
) -> None:
    """Say no to a proposal."""
    from recourse.service import agreeing

    _rule(agreeing.decline, agreement_id, actor, role, request_id, code, as_json)


@app.command()
def cancel(
    agreement_id: Agreement,
    actor: Actor,
    code: Code,
    role: Role = "lead",
    request_id: RequestId = None,
    as_json: Json = False,
) -> None:
    """End a proposal, or an agreement in force: the ladder goes on from the debt's own dates. A settlement
    that was paid and that the bank does not book is ended by two persons, one after the other."""
    from recourse.service import agreeing

    _rule(agreeing.cancel, agreement_id, actor, role, request_id, code, as_json)


@app.command("list")
def list_agreements(
    case_id: Annotated[str | None, typer.Option("--case", help="Of one case.")] = None,
    state: Annotated[str | None, typer.Option(help="proposed, active, kept, broken, ...")] = None,
    limit: Annotated[int, typer.Option(min=1, help="That many at most.")] = 1000,
    as_json: Json = False,
) -> None:
    """Agreements, the oldest first."""
    from recourse.app.compose import services
    from recourse.app.settings import load_settings
    from recourse.domain.agreements import AgreementState
    from recourse.domain.ids import CaseId
    from recourse.storage import money_agreements

    one_of("--state", state, AgreementState)
    states = [AgreementState(state)] if state else []
    case = CaseId(case_id) if case_id else None

    async def work() -> list[AgreementRow]:
        async with services(load_settings()) as running, running.database.reading() as tx:
            return await money_agreements.listing(tx, case_id=case, states=states, limit=limit)

    rows = run(work())
    if len(rows) == limit:
        err.print(f"the first {limit}; --limit shows more", highlight=False)
    if as_json:
        print_json([_json(row) for row in rows])
        return
    table = listing(
        "agreement", "kind", "state", "case", "proposed (UTC)", "by", "decided by", whole=("agreement",)
    )
    for row in rows:
        table.add_row(
            row.id,
            row.kind.value,
            row.state.value + (f" ({row.code})" if row.code else ""),
            row.case_id,
            short(row.proposed_at),
            row.proposed_by,
            row.decided_by or "—",
        )
    out.print(table if rows else "no agreements")


def _terms(kind: str, given: dict[str, Any]) -> Terms:
    """Exactly the options of the kind: one too many is a mistake that nobody would notice otherwise."""
    from recourse.domain.agreements import Extension, PaymentPlan, Restructure, Settlement, Waived, Waiver

    wanted = NEEDS[kind]
    for name, value in given.items():
        option = f"--{name.replace('_', '-')}"
        if name in wanted and value is None:
            fail(f"{option}: a {kind} needs it", USAGE)
        if name not in wanted and value is not None:
            fail(f"{option}: not for a {kind}; it takes {', '.join(wanted)}", USAGE)
    if kind == "payment_plan":
        return PaymentPlan(tuple(map(_part, given["part"])))
    if kind == "settlement":
        return Settlement(given["amount_minor"], _day("--on", given["on"]), given["waived_minor"])
    if kind == "extension":
        return Extension(given["installments"])
    if kind == "restructure":
        return Restructure(given["installments"], given["amount_minor"], _day("--on", given["on"]))
    one_of("--of", given["of"], Waived)
    return Waiver(Waived(given["of"]), given["amount_minor"])


def _part(text: str) -> Any:
    from recourse.domain.agreements import Part

    day, _, amount = text.partition("=")
    if not amount.isdecimal():
        fail("--part: a day and an amount in minor units, like 2026-12-05=50000", USAGE)
    return Part(_day("--part", day), int(amount))


def _day(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        fail(f"{option}: a day like 2026-12-05", USAGE)


def _rule(
    what: Callable[..., Awaitable[Answer]],
    agreement_id: str,
    actor: str,
    role: str,
    request_id: str | None,
    code: str,
    as_json: bool,
) -> None:
    from recourse.service.agreeing import Ruling

    request = f"{actor}-{request_id}" if request_id else ""
    _note(partial(what, ruling=Ruling(agreement_id, actor, role, request, code)), role, as_json)


def _note(work: Callable[[Unit], Awaitable[Answer]], role: str, as_json: bool) -> None:
    from recourse.app.compose import core
    from recourse.app.settings import load_settings
    from recourse.service.agreeing import PROPOSERS
    from recourse.service.authorising import NotAuthorised
    from recourse.service.noting import Pointless

    one_of("--role", role, PROPOSERS)

    async def noted() -> tuple[AgreementRow, bool]:
        async with core(load_settings()) as parts:
            return await parts.delivery.note(work)

    try:
        row, told = run(noted())
    except NotAuthorised as error:
        fail(str(error), FINDINGS)
    except Pointless as error:
        fail(str(error), USAGE)
    say(_json(row) | {"case_told": told}, _text(row, told), as_json)


def _json(row: AgreementRow) -> dict[str, Any]:
    return asdict(row) | {"kind": row.kind.value, "state": row.state.value}


def _text(row: AgreementRow, told: bool) -> str:
    text = f"{row.id} is {row.state}"
    if row.state.value == "proposed":
        text += f": beyond your own authority in {', '.join(row.beyond)}; another person has to approve it"
    if row.state.value == "kept" and row.cancel_asked_by is not None:
        asked = f"{row.cancel_asked_by} asks to cancel it ({row.cancel_code})"
        text += f": {asked}; another person has to confirm it with that code"
    return text + ("" if told else "; Temporal is down, the case's diary follows later")
