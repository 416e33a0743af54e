"""`recourse explain`: why something was done, or not done, from what was known then."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recourse.cli.common import FINDINGS, USAGE, Json, fail, listing, out, print_json, run, short
from recourse.cli.limitation import told
from recourse.cli.screen import styled

if TYPE_CHECKING:
    from recourse.reading.explaining import Explained
    from recourse.reading.legal_again import Again


def explain(
    case_id: str,
    step: Annotated[
        int | None, typer.Option(help="Number of the step in the diary; else the last decision.")
    ] = None,
    at: Annotated[
        datetime | None, typer.Option(help="The last decision at this instant of business time (UTC).")
    ] = None,
    as_json: Json = False,
) -> None:
    """Why: facts seen, what each rule says, what was not done, and the same answer made again.

    Exit 1 when the answer made again differs from the recorded one."""
    from recourse.app.compose import services
    from recourse.app.settings import load_settings
    from recourse.domain.ids import CaseId
    from recourse.reading.explaining import NothingToExplain, explained
    from recourse.reading.legal_again import made_again

    instant = at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else at

    async def work() -> tuple[Explained, list[Again]]:
        async with services(load_settings()) as running, running.database.reading() as tx:
            found = await explained(tx, CaseId(case_id), number=step, at=instant)
            until = None if step is None and instant is None else found.recorded["at"]
            return found, await made_again(tx, CaseId(case_id), until)

    try:
        found, moves = run(work())
    except NothingToExplain as error:
        fail(str(error), USAGE)
    found.differs.extend(f"legal move {difference}" for move in moves for difference in move.differs)
    if as_json:
        print_json(_json(found) | {"legal_moves": [asdict(move) for move in moves]})
    else:
        _show(found, moves)
    raise typer.Exit(FINDINGS if found.differs else 0)


def _json(found: Explained) -> dict[str, Any]:
    from recourse.packs.record import plain

    explanation = found.explanation
    return {
        "step": found.number,
        "recorded": found.recorded,
        "facts": plain(found.situation),
        "strategy": found.rules.strategy.name,
        "packs": [pack.name for pack in found.rules.packs],
        "decision": plain(explanation.decision),
        "asked_at": explanation.asked_at,
        "checks": plain(explanation.checks),
        "not_taken": dict(explanation.decision.skipped),
        "moved": dict(explanation.decision.moved),
        "limitation": _limitation(found),
        "differs": found.differs,
    }


def _limitation(found: Explained) -> list[dict[str, Any]]:
    """As it was at that decision, from what was known then."""
    from recourse.service.limiting import lines

    s = found.situation
    return [asdict(line) for line in lines(s.case.id, s, found.rules.packs, found.recorded["at"])]


def _show(found: Explained, moves: list[Again]) -> None:
    from recourse.domain.money import Money

    row, explanation, s = found.recorded, found.explanation, found.situation
    head = f" {row['event']} {row['step_id'] or ''} · {row['reason']}"
    out.print(styled(f"{row['case_id']} #{found.number} {short(row['at'])} UTC", "bold"), head)
    unpaid = Money(sum(i.unpaid_minor for i in s.account.arrears.installments), s.currency)
    out.print(
        f"facts up to {s.facts_seen}: {unpaid} unpaid, "
        f"{len(s.holds)} holds, {len(s.promises)} promises, {len(s.attempts)} contacts, {len(s.tasks)} tasks"
    )
    laws = ", ".join(pack.name for pack in found.rules.packs) or "none"
    out.print(f"rules: strategy {found.rules.strategy.name}, law {laws}, digest {row['rules_digest'][:16]}…")
    for hold in s.holds:
        wish = f", asked by {hold.asked_by}" if hold.asked_by else ""
        more = f", also stops {', '.join(sorted(hold.stops))}" if hold.stops else ""
        source = f", source {hold.source}" if hold.source else ""
        out.print(f"hold {hold.id}: {hold.reason}{wish}{source}{more}", highlight=False)
    for due in s.disputes_due:
        over = "overdue since" if due.ends_at <= row["at"] else "to be answered before"
        out.print(f"dispute {due.id}: {due.kind}, {over} {short(due.ends_at)} UTC", highlight=False)
    if explanation.checks:
        out.print(f"the gate, for {short(explanation.asked_at)} UTC:")
        table = listing("question", "rule", "says", "opens (UTC)", "mark", "source", whole=("rule", "mark"))
        for check in explanation.checks:
            no = check.refusal
            opens = short(no.opens_at) if no is not None and no.opens_at is not None else ""
            says = f"{no.code} {no.detail}".strip() if no else "yes"
            table.add_row(check.question, check.rule, says, opens, check.mark.value, check.source)
        out.print(table)
    for step_id, why in explanation.decision.moved:
        out.print(f"moved: {step_id}, {why}")
    for line in told(_limitation(found)):
        out.print(line, highlight=False)
    for made in moves:
        move = made.row
        rule = f"{move.procedure} {move.source} ({move.mark})"
        out.print(f"legal move {move.code} on {move.on}: {move.track} {move.state} · {rule}", highlight=False)
    for step_id, why in explanation.decision.skipped:
        out.print(f"not taken: {step_id}, {why}")
    for difference in found.differs:
        out.print(styled(f"DIFFERS {difference}", "red"))
    if not found.differs:
        out.print("made again from the stored inputs: the same")
