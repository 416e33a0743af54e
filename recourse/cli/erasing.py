"""`recourse privacy erase|retention-report`: until when people are kept, and their end by two persons."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from recourse.cli.common import FINDINGS, USAGE, Json, err, fail, listing, opaque, out, print_json, run, say
from recourse.cli.persons import as_person

if TYPE_CHECKING:
    from recourse.domain.privacy.retention import Held, Standing
    from recourse.service.context import Unit
    from recourse.service.erasing import Reach
    from recourse.storage.erasures import ErasureRow

MAY = ("lead",)
"""Roles that may propose and decide; admin always."""
PersonArgument = Annotated[str, typer.Argument(help="The bank's id of the person.")]


def erase(
    person_id: PersonArgument,
    preview: Annotated[bool, typer.Option("--preview", help="Say what would go, or what holds it.")] = False,
    approve: Annotated[bool, typer.Option("--approve", help="As another person: destroy the keys.")] = False,
    decline: Annotated[bool, typer.Option("--decline", help="Decline a proposal, or take it back.")] = False,
    reason: Annotated[str, typer.Option(callback=opaque, help="Why, as a code.")] = "retention_over",
    as_json: Json = False,
) -> None:
    """Propose to erase a person by destroying his keys; with --approve another person does it, for ever.

    With the token of a lead: RECOURSE_TOKEN, else it is asked for. Exit 1 with the reasons while something
    holds him."""
    if preview + approve + decline > 1:
        fail("--preview, --approve, --decline: one of them", USAGE)
    if preview:
        _previewed(person_id, as_json)
        return
    row = _decided(person_id, reason, approve=approve, decline=decline, as_json=as_json)
    told = {
        "proposed": f"{row.id}: waits for another person; recourse privacy erase {person_id} --approve",
        "done": f"{row.id}: erased; {len(row.key_ids)} keys destroyed",
        "declined": f"{row.id}: declined",
    }
    say(asdict(row), told[row.state], as_json)


def _decided(person_id: str, reason: str, *, approve: bool, decline: bool, as_json: bool) -> ErasureRow:
    from recourse.app.compose import retention
    from recourse.app.erased_list import ErasedList
    from recourse.app.settings import load_settings
    from recourse.domain.ids import PersonId
    from recourse.domain.privacy.retention import Standing
    from recourse.service import erasing

    key = PersonId(person_id)

    async def work(unit: Unit, actor: str) -> ErasureRow | Standing:
        listed = ErasedList.of(load_settings()).add
        periods = retention(unit.book, unit.lenders)
        try:
            if decline:
                return await erasing.decline(unit, key, actor)
            if approve:
                return await erasing.approve(unit, periods, key, actor, listed)
            return await erasing.propose(unit, periods, key, reason, actor)
        except erasing.HeldBack as held:
            return held.found

    found = as_person(work, MAY)
    if isinstance(found, Standing):
        _refused(found, as_json)
    return found


def _refused(found: Standing, as_json: bool) -> NoReturn:
    if as_json:
        print_json({"refused": [_held(one) for one in found.holds]})
    else:
        out.print(_holds(found.holds))
    raise typer.Exit(FINDINGS)


def _held(one: Held) -> dict[str, Any]:
    return {name: value for name, value in asdict(one).items() if value not in (None, "")}


def _holds(holds: tuple[Held, ...]) -> Any:
    table = listing("held by", "loan", "until", "rule", "source", whole=("loan", "until"))
    for one in holds:
        what = f"{one.why.value} ({one.kept.value})" if one.kept else one.why.value
        until = one.until.isoformat() if one.until else "—"
        table.add_row(what, one.loan_id or "—", until, one.rule, one.source)
    return table


def _previewed(person_id: str, as_json: bool) -> None:
    found, reach = run(_preview(person_id))
    if as_json:
        print_json(
            {
                "person_id": person_id,
                "may_go": found.may_go,
                "due_on": found.due_on,
                "holds": [_held(one) for one in found.holds],
                "destroys": reach.subjects,
            }
        )
    elif found.may_go:
        keys = ", ".join(reach.subjects)
        out.print(f"nothing holds him; the keys of {keys} would be destroyed", highlight=False)
    else:
        out.print(_holds(found.holds))
    if not found.may_go:
        raise typer.Exit(FINDINGS)


async def _preview(person_id: str) -> tuple[Standing, Reach]:
    from recourse.app.compose import retention, services
    from recourse.app.settings import load_settings
    from recourse.domain.ids import PersonId
    from recourse.service import erasing

    async with services(load_settings()) as running, running.database.reading() as tx:
        now = await running.database.now(tx)
        periods = retention(running.book, running.lenders)
        found = await periods.of_person(tx, PersonId(person_id), now)
        return found, await erasing.reach_of(tx, PersonId(person_id))


def retention_report(
    within: Annotated[int, typer.Option("--within", min=0, help="Also who is due in so many days.")] = 0,
    as_json: Json = False,
) -> None:
    """Who is due to be erased, who would be and is held, and by what; then how much is kept, by class."""
    report = run(_reported(within))
    if as_json:
        print_json(report)
        return
    table = listing("person", "due on", "held by", whole=("person", "due on"))
    for one in report["people"]:
        table.add_row(one["person_id"], one["due_on"], ", ".join(one["held_by"]) or "nothing")
    out.print(table if report["people"] else "nobody is due")
    classes = listing("class", "due now", "due later", "not begun", "rules")
    for name, counts in report["classes"].items():
        numbers = [str(counts[key]) for key in ("due", "later", "not_begun")]
        classes.add_row(name, *numbers, ", ".join(counts["rules"]))
    out.print(classes)


async def _reported(within: int) -> dict[str, Any]:
    from rich.progress import Progress

    from recourse.app.compose import retention, services
    from recourse.app.settings import load_settings
    from recourse.service import retention_report as reading

    async with services(load_settings()) as running, running.database.reading() as tx:
        now = await running.database.now(tx)
        periods = retention(running.book, running.lenders)
        with Progress(console=err, transient=True, disable=not err.is_terminal) as progress:
            bar = progress.add_task("people", total=await reading.people_kept(tx))
            report = reading.Report(within)
            async for number in report.fill(tx, periods, now):
                progress.update(bar, advance=number)
        return report.to_json()
