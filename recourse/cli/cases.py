"""`recourse cases`: which there are, where each stands, and the whole book in counts."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recourse.cli.common import (
    USAGE,
    Json,
    err,
    fail,
    listing,
    one_of,
    out,
    print_json,
    run,
    short,
    shortened,
)
from recourse.cli.limitation import limitation, told
from recourse.cli.screen import Listing, styled

if TYPE_CHECKING:
    from recourse.reading.cases import CaseLine, CaseView

app = typer.Typer(help="Cases and their diaries.", no_args_is_help=True)
app.command("limitation")(limitation)
FIGURES = {
    "episodes_most": "most cases of one loan",
    "undelivered": "cases not told of all their facts",
    "unpublished": "messages not published",
    "recalls_owed": "recalls not acknowledged",
}


@app.command("list")
def list_cases(
    everything: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
    stage: Annotated[str | None, typer.Option(help="reminder, agent, field, legal or closed")] = None,
    limit: Annotated[int, typer.Option(min=1, help="That many at most.")] = 100,
    as_json: Json = False,
) -> None:
    """Cases, newest first."""
    from recourse.app.compose import services
    from recourse.app.settings import load_settings
    from recourse.domain.situation import Stage
    from recourse.reading import cases

    one_of("--stage", stage, Stage)
    open_only = not everything and stage != Stage.CLOSED

    async def work() -> list[cases.CaseLine]:
        async with services(load_settings()) as running, running.database.reading() as tx:
            now = await running.database.now(tx)
            return await cases.listing(tx, now, open_only=open_only, stage=stage, limit=limit)

    lines = run(work())
    if as_json:
        print_json([asdict(line) for line in lines])
    else:
        out.print(
            _table(lines) if lines else "no open cases; --all lists closed ones" if open_only else "no cases"
        )
    if len(lines) == limit:
        err.print(f"the newest {limit}; --limit shows more", highlight=False)


def _table(lines: list[CaseLine]) -> Listing:
    from recourse.domain.money import Money

    heads = ("case", "stage", "bucket", "DPD", "open amount", "next", "at (UTC)")
    table = listing(*heads, whole=("case", "open amount"))
    for line in lines:
        table.add_row(
            line.id,
            line.closed_reason or line.stage,
            line.bucket,
            str(line.dpd),
            str(Money(line.unpaid_minor, line.currency)),
            line.next_step or "—",
            shortened(line.next_at),
        )
    return table


@app.command("figures")
def show_figures(as_json: Json = False) -> None:
    """The whole book in counts: stages, contacts, refusals, tasks, promises."""
    from recourse.app.compose import services
    from recourse.app.settings import load_settings
    from recourse.reading.figures import Figures, figures

    async def work() -> Figures:
        async with services(load_settings()) as running, running.database.reading() as tx:
            return await figures(tx, await running.database.now(tx))

    found = asdict(run(work()))
    if as_json:
        print_json(found)
        return
    table = listing("what", "count")
    for name, value in found.items():
        counts = value.items() if isinstance(value, dict) else [("", value)]
        for code, number in counts:
            table.add_row(f"{FIGURES.get(name, name.replace('_', ' '))} {code}".strip(), str(number))
    out.print(table)


@app.command()
def show(case_id: str, as_json: Json = False) -> None:
    """One case: where it stands and its diary with every reason."""
    from recourse.app.compose import services
    from recourse.app.settings import load_settings
    from recourse.domain.ids import CaseId
    from recourse.reading import cases
    from recourse.service.limiting import Limits

    async def work() -> cases.CaseView | None:
        async with services(load_settings()) as running, running.database.reading() as tx:
            view = await cases.show(tx, CaseId(case_id))
            if view is None:
                return None
            limits = Limits(running.book, running.lenders)
            known = await limits.of_case(tx, view.case.id, await running.database.now(tx))
            return replace(view, limitation=[asdict(line) for line in known])

    view = run(work())
    if view is None:
        fail(f"{case_id}: no such case; list them with `recourse cases list --all`", USAGE)
    if as_json:
        print_json(asdict(view))
        return
    _show(view)


def _show(view: CaseView) -> None:
    case, plan = view.case, view.case.plan or {}
    head = f" {case.closed_reason or case.stage} · {case.bucket} · day {case.dpd} · {case.strategy}"
    out.print(styled(case.id, "bold"), head)
    if plan and not case.closed_at:
        named = plan.get("step_id") or plan.get("kind")
        out.print(f"  next: {named} at {shortened(plan.get('due_at'))} UTC · {plan.get('reason')}")
    for task in view.tasks:
        out.print(f"  open task {task}")
    for promise in view.promises:
        out.print(f"  promise until {promise['due_on']}: {promise['state']}")
    for hold in view.holds:
        words = f"{hold['reason']} until {short(hold['until'])}{_rests_on(hold)}"
        out.print(f"  hold {hold['id']}: {words}", highlight=False)
    for permit in view.permits:
        out.print(f"  permit {permit['id']}: {permit['kind']} {permit['state']}{_recall(permit)}")
    for agreement in view.agreements:
        why = f" ({agreement['code']})" if agreement["code"] else ""
        out.print(
            f"  {agreement['terms']['kind']} {agreement['id']}: {agreement['state']}{why}", highlight=False
        )
    for dispute in view.disputes:
        by = f", to be answered by {dispute['answer_by']} ({dispute['rule']})" if dispute["answer_by"] else ""
        state = dispute["answer"] or f"open{by}"
        said = dispute["reason"] if dispute["kind"] == "debt" else f"{dispute['kind']} {dispute['reason']}"
        out.print(f"  dispute {dispute['id']}: {said}, {state}", highlight=False)
    for limit in told(view.limitation):
        out.print(f"  {limit}", highlight=False)
    for cease in view.ceases:
        out.print(f"  ceased by {cease['person_id']}: {', '.join(cease['channels'])}", highlight=False)
    for anew in view.agreed_anew:
        since = f"{anew['channel']} on {anew['contact_point_id']}, {short(anew['given_at'])} UTC"
        out.print(f"  agreed anew by {anew['person_id']}: {since} ({anew['source']})", highlight=False)
    for named in view.restrictions:
        out.print(f"  {named['kind']} of {named['person_id']}: {named['id']}", highlight=False)
    table = listing("at (UTC)", "what", "step", "outcome", "why", "by", whole=("at (UTC)", "step"))
    for line in view.diary:
        why = line.reason + (f" · {line.source}" if line.source else "")
        what = line.outcome or line.code or ""
        table.add_row(short(line.at), line.event, line.step_id or "", what, why, line.actor or "")
    out.print(table)


def _rests_on(hold: dict[str, Any]) -> str:
    more = f"; also stops {', '.join(hold['stops'])}" if hold["stops"] else ""
    wish = f"; asked by {hold['asked_by']}" if hold["asked_by"] else ""
    return f"{wish}; source {hold['source']}{more}"


def _recall(permit: dict[str, Any]) -> str:
    if permit["recall_code"] is None:
        return ""
    return f" ({permit['recall_code']})" + (", not acknowledged yet" if permit["owed"] else "")
