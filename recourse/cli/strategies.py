"""`recourse strategy`: the ladders that are installed, and what is wrong with one."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recourse.cli import migrating
from recourse.cli.common import FINDINGS, USAGE, Json, fail, listing, out, print_json
from recourse.cli.screen import styled

if TYPE_CHECKING:
    from recourse.domain.strategy.ladder import Step, Strategy
    from recourse.domain.strategy.lint import Finding
    from recourse.packs.loader import PackBook

app = typer.Typer(
    help="Ladders: which there are, how they run, what is wrong with them.", no_args_is_help=True
)
app.command("migrate")(migrating.migrate)


@app.command("list")
def list_(as_json: Json = False) -> None:
    """Every ladder that is installed; new cases are opened under the newest of their country."""
    book = _book()
    current = {s.name for s in book.strategies_for_new_cases()}
    rows = [
        {"name": s.name, "region": s.region, "steps": len(s.steps), "for_new_cases": s.name in current}
        for s in sorted(book.strategies.values(), key=lambda s: s.name)
    ]
    if as_json:
        print_json(rows)
        return
    table = listing("ladder", "region", "steps", "for new cases", whole=("ladder",))
    for row in rows:
        table.add_row(
            str(row["name"]), str(row["region"]), str(row["steps"]), "yes" if row["for_new_cases"] else ""
        )
    out.print(table)


@app.command()
def show(
    ladder: Annotated[str, typer.Argument(help="ID@VERSION, the ID of the newest one, or a YAML file.")],
    as_json: Json = False,
) -> None:
    """The steps of a ladder with their days, and its segments, triggers and stops."""
    from recourse.packs.record import plain

    strategy = _find(ladder)
    if as_json:
        print_json(plain(strategy))
        return
    out.print(styled(strategy.name, "bold"), f"region {strategy.region}")
    table = listing("day", "until", "step", "stage", "what", "needs", "for", whole=("step",))
    for step in strategy.steps:
        until = "" if step.until is None else str(step.until)
        table.add_row(str(step.day), until, step.id, step.stage.value, _what(step), _needs(step), _for(step))
    out.print(table)
    _show_course(strategy)


def _show_course(strategy: Strategy) -> None:
    for segment in strategy.segments:
        out.print(f"segment {segment.id}: {_said(segment.when)}")
    for pull in strategy.triggers.forward:
        moved = ", ".join([*pull.steps, *(f"stage {stage}" for stage in sorted(pull.stages))])
        out.print(f"sooner {pull.id}: {moved} from day {pull.to_day}, while {_said(pull.when)}")
    for back in strategy.triggers.back:
        moved = ", ".join([*back.steps, *(f"stage {stage}" for stage in sorted(back.stages))])
        out.print(f"later {back.id}: {moved} wait {back.days} days after {back.after}")
    for stop in strategy.stop:
        out.print(f"stop {stop.id}: only {stop.hand_to} is left, while {_said(stop.when)}")


@app.command()
def lint(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="YAML files; none: the ladders that new cases are opened under."),
    ] = None,
    region: Annotated[
        list[str] | None,
        typer.Option(
            help="Where it is to be lawful; default: its region, and the places whose law lies over that."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """What can never be lawful, never be reached, or contradicts itself.

    Exit 1 with findings, 2 for a file that is no ladder."""
    from recourse.app.linting import lint_at, regions_of

    book, today = _book(), datetime.now(UTC).date()
    ladders = [_read(file) for file in files] if files else book.strategies_for_new_cases()
    found = [(s, where := region or regions_of(s, book), lint_at(s, book, where, today)) for s in ladders]
    if as_json:
        print_json([_json(strategy, where, findings) for strategy, where, findings in found])
    else:
        for strategy, where, findings in found:
            _show_findings(strategy, where, findings)
    raise typer.Exit(FINDINGS if any(findings for *_, findings in found) else 0)


def _show_findings(strategy: Strategy, regions: list[str], findings: tuple[Finding, ...]) -> None:
    out.print(styled(strategy.name, "bold"), f"{len(findings)} findings for {', '.join(regions)}")
    if not findings:
        return
    table = listing("level", "step", "what is wrong", "what to do", "rule", whole=("step",))
    for f in findings:
        rule = f"{f.rule}, {f.pack}: {f.source}" if f.rule else ""
        table.add_row(f.level.value, f.step, f.what, f.remedy, rule)
    out.print(table)


def _json(strategy: Strategy, regions: list[str], findings: tuple[Finding, ...]) -> dict[str, Any]:
    from recourse.packs.record import plain

    return {"strategy": strategy.name, "regions": regions, "findings": plain(findings)}


def _book() -> PackBook:
    """What is installed, with what the settings add."""
    from recourse.app.compose import packs
    from recourse.app.settings import load_pack_settings
    from recourse.cli.failures import explained

    try:
        return packs(load_pack_settings())
    except Exception as error:
        explanation = explained(error)
        if explanation is None:
            raise
        fail(*explanation)


def _find(name: str) -> Strategy:
    book = _book()
    if name in book.strategies:
        return book.strategies[name]
    versions = [s for s in book.strategies.values() if s.id == name]
    if versions:
        return max(versions, key=lambda s: s.version)
    if not Path(name).exists():
        fail(
            f"{name}: no such ladder and no such file; `recourse strategy list` shows what is installed",
            USAGE,
        )
    return _read(Path(name))


def _read(file: Path) -> Strategy:
    from recourse.packs.strategies import load_strategy_file
    from recourse.packs.strict import PackError

    try:
        return load_strategy_file(file)
    except PackError as error:
        fail(str(error), USAGE)
    except (OSError, UnicodeDecodeError) as error:
        fail(f"{file}: cannot be read ({error}); give the path of a YAML file in UTF-8", USAGE)


def _said(condition: Any) -> str:
    from recourse.packs.record import plain

    told = []
    for name, wanted in plain(condition).items():
        if isinstance(wanted, dict):
            told.append(
                f"{name} {', '.join(f'{key} {value}' for key, value in wanted.items() if value is not None)}"
            )
        elif wanted is not None:
            told.append(name if wanted else f"not {name}")
    return " and ".join(told)


def _what(step: Step) -> str:
    by = step.channel.value if step.channel else ""
    told = step.template or step.purpose or (f"{step.task}, team {step.team}" if step.task else "")
    return " ".join(part for part in (step.kind.value, by, told) if part)


def _needs(step: Step) -> str:
    wait = f", {step.wait_days} days ago" if step.wait_days else ""
    instead = f"if {step.fallback_for} cannot be done" if step.fallback_for else ""
    return "; ".join(part for part in (", ".join(step.requires) + wait, instead) if part)


def _for(step: Step) -> str:
    only = f"only {' or '.join(step.only)}" if step.only else ""
    unless = f"not {' or '.join(step.unless)}" if step.unless else ""
    gate = f"if {_said(step.gate)}" if step.gate is not None else ""
    return "; ".join(part for part in (only, unless, gate) if part)
