"""`recourse strategy migrate`: show what another ladder would change for running cases, then move them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
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
    opaque_or_none,
    out,
    print_json,
    run,
    short,
    tracked,
)
from recourse.cli.screen import styled

if TYPE_CHECKING:
    from recourse.domain.decision import Plan
    from recourse.domain.ids import CaseId
    from recourse.domain.law.verdict import Verdict
    from recourse.domain.strategy.migration import Change, Move
    from recourse.packs.loader import PackBook
    from recourse.service.context import Services
    from recourse.service.migrating import Foreseen, Moved
    from recourse.storage.moves import ShownMove

PAGE = 200
"""Cases that are gathered at once."""
REMEDIES = {
    "other_law": "the new strategy is for another country's law; cases stay within theirs",
    "other_collector": "the new strategy is not for who collects there; see its `collectors`",
    "step_reused": "an id of the new ladder means another step in its diary; give that step an id of its own",
    "in_doubt": "nobody knows whether a message or file arrived; answer its task (check_delivery) first",
    "under_way": "something is being sent; run the command again in a while",
    "not_there": "closed, or on another strategy by now",
    "changed": "not as it was shown, a fact came in or a time passed; preview it again",
}


def migrate(
    source: Annotated[
        str, typer.Option("--from", help="The strategy that the cases are pinned to, ID@VERSION.")
    ],
    target: Annotated[str, typer.Option("--to", help="The strategy to move them to, ID@VERSION.")],
    case: Annotated[list[str] | None, typer.Option(help="Only these cases; all open ones else.")] = None,
    renamed: Annotated[
        list[str] | None, typer.Option("--map", help="OLD=NEW, a step that the new ladder calls otherwise.")
    ] = None,
    preview: Annotated[
        bool, typer.Option("--preview", help="Show what would change; no case is touched.")
    ] = False,
    confirm: Annotated[str | None, typer.Option(help="The digest that the preview printed.")] = None,
    actor: Annotated[
        str | None,
        typer.Option("--as", callback=opaque_or_none, help="Opaque id of the person who confirms."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Move running cases to another strategy: first --preview, then --confirm DIGEST --as YOU.

    Safe to repeat, and to go on with after an interruption. Exit 1 when a case was refused."""
    if preview == (confirm is not None):
        fail("--preview or --confirm DIGEST: one of them; the preview prints the digest", USAGE)
    if confirm is not None and actor is None:
        fail("--as: who moves the cases stays on record", USAGE)
    pairs = _pairs(renamed or [])
    if preview:
        _preview(source, target, pairs, case, as_json)
    else:
        _confirm(source, target, pairs, case, confirm or "", actor or "", as_json)


def _pairs(texts: Sequence[str]) -> tuple[tuple[str, str], ...]:
    pairs = tuple((old, new) for old, _, new in (text.partition("=") for text in texts))
    if not all(old and new for old, new in pairs):
        fail("--map: OLD=NEW, two step ids", USAGE)
    return pairs


def _move(book: PackBook, source: str, target: str, pairs: tuple[tuple[str, str], ...]) -> Move:
    from recourse.domain.strategy.migration import Move
    from recourse.packs.strict import PackError

    if source == target:
        fail("--to: the same as --from; nothing would change", USAGE)
    try:
        move = Move(book.strategy(source), book.strategy(target), pairs)
    except PackError as error:
        fail(str(error), USAGE)
    problems = move.problems()
    if problems:
        fail("--map: " + "; ".join(problems), USAGE)
    return move


async def _pinned(services: Services, strategy: str) -> list[CaseId]:
    from recourse.storage.cases import pinned_to

    found: list[CaseId] = []
    async with services.database.reading() as tx:
        while page := await pinned_to(tx, strategy, found[-1] if found else "", 1000):
            found += page
    return found


def _preview(
    source: str, target: str, pairs: tuple[tuple[str, str], ...], named: list[str] | None, as_json: bool
) -> None:
    from recourse.app.compose import services
    from recourse.app.settings import load_settings
    from recourse.domain.ids import CaseId
    from recourse.service import migrating

    async def work() -> tuple[ShownMove, list[Foreseen]]:
        async with services(load_settings()) as running:
            move = _move(running.book, source, target, pairs)
            keys = sorted({CaseId(key) for key in named}) if named else await _pinned(running, source)
            foreseen: list[Foreseen] = []
            for start in tracked(range(0, len(keys), PAGE), "foreseeing"):
                foreseen += await migrating.foresee_cases(running, move, keys[start : start + PAGE])
            return await migrating.show(running, move, foreseen), foreseen

    shown, foreseen = run(work())
    if as_json:
        from recourse.packs.record import plain

        facts = [{"case": f.case_id, "stays": f.obstacle, "change": plain(f.change)} for f in foreseen]
        print_json({"digest": shown.digest, "counts": _counts(foreseen), "cases": facts})
        return
    _show_cases(foreseen)
    out.print(" · ".join(f"{what} {number}" for what, number in _counts(foreseen).items()), highlight=False)
    command = f"recourse strategy migrate --from {source} --to {target} --confirm {shown.digest} --as YOU"
    maps = "".join(f" --map {old}={new}" for old, new in pairs)
    out.print(f"to do this: {command}{maps}", highlight=False, soft_wrap=True)


def _counts(foreseen: Sequence[Foreseen]) -> dict[str, int]:
    changes = [f.change for f in foreseen if f.change is not None]
    stays = Counter(f.obstacle.value for f in foreseen if f.obstacle is not None)
    return {
        "cases": len(foreseen),
        "would move": len(changes),
        "with another next step": sum(c.before.plan != c.after.decision.plan for c in changes),
        "in a later stage": sum(c.before.stage != c.after.decision.stage for c in changes),
        "tasks that end": sum(len(c.ended) for c in changes),
    } | {f"stay ({code})": number for code, number in sorted(stays.items())}


def _show_cases(foreseen: Sequence[Foreseen]) -> None:
    table = listing(
        "case", "stage", "next now", "next then", "the gate", "counts", "passed", "tasks end", whole=("case",)
    )
    for one in foreseen:
        if one.change is None:
            table.add_row(one.case_id, "stays", one.obstacle or "", "", "", "", "", "")
        else:
            table.add_row(one.case_id, *_row(one.change))
    out.print(table if foreseen else "no such cases")
    for code in sorted({one.obstacle.value for one in foreseen if one.obstacle is not None}):
        out.print(styled(code, "bold"), REMEDIES[code], highlight=False)


def _row(change: Change) -> tuple[str, ...]:
    decision, was = change.after.decision, change.before.stage
    stage = was.value if was is decision.stage else f"{was} → {decision.stage}"
    counted = ", ".join(f"{c.step_id} {c.outcome}" for c in change.counted)
    ended = ", ".join(task.step_id for task in change.ended)
    plans = (_plan(change.before.plan), _plan(decision.plan))
    return stage, *plans, _verdict(change.after.verdict), counted, ", ".join(change.passed), ended


def _plan(plan: Plan) -> str:
    from recourse.domain.decision import DoStep, Wait

    match plan:
        case DoStep(step_id=step_id, due_at=due_at):
            return f"{step_id} {short(due_at)}"
        case Wait(reason=reason, until=until):
            return f"{reason} {short(until)}"
        case _:
            return f"close: {plan.reason}"


def _verdict(verdict: Verdict | None) -> str:
    from recourse.domain.law.verdict import Refused

    if verdict is None:
        return "—"
    return verdict.code.value if isinstance(verdict, Refused) else "allowed"


def _confirm(
    source: str,
    target: str,
    pairs: tuple[tuple[str, str], ...],
    named: list[str] | None,
    digest: str,
    actor: str,
    as_json: bool,
) -> None:
    from recourse.app.compose import core
    from recourse.app.settings import load_settings
    from recourse.domain.ids import CaseId
    from recourse.service.migrating import confirmed, migrate_case
    from recourse.storage import moves

    async def work() -> tuple[list[Moved], int, int]:
        async with core(load_settings()) as parts:
            move = _move(parts.services.book, source, target, pairs)
            async with parts.services.database.reading() as tx:
                shown = confirmed(await moves.get(tx, digest), move)
            strangers = sorted(set(named or ()) - set(shown.answers))
            if strangers:
                fail(f"--case {strangers[0]}: not in that preview; preview again", USAGE)
            moved, untold = [], 0
            for key in tracked(sorted(set(named or shown.answers)), "moving"):
                one = partial(migrate_case, case_id=CaseId(key), shown=shown, move=move, actor=actor)
                result, told = await parts.delivery.note(one)
                moved.append(result)
                untold += not told
            return moved, untold, len(set(await _pinned(parts.services, source)) - set(shown.answers))

    moved, untold, unseen = run(work())
    counts = Counter(one.state for one in moved)
    refused = [one for one in moved if one.obstacle is not None]
    if as_json:
        cases: list[dict[str, Any]] = [
            {"case": one.case_id, "state": one.state, "why": one.obstacle} for one in moved
        ]
        print_json({"counts": counts, "untold": untold, "not_shown": unseen, "cases": cases})
    else:
        for one in refused:
            why = f"{one.case_id} {one.obstacle}: {REMEDIES[one.obstacle or '']}"
            out.print(styled("refused", "red"), why, highlight=False, soft_wrap=True)
        out.print(f"moved {counts['moved']}, already {counts['already']}, refused {counts['refused']}")
        if untold:
            err.print(f"Temporal is down: {untold} cases hear of it when it is back", highlight=False)
        if unseen:
            err.print(f"{unseen} more cases of {source} were not shown; preview again", highlight=False)
    raise typer.Exit(FINDINGS if refused else 0)
