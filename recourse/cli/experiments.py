"""`recourse experiments`: champion and challenger."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from recourse.cli.common import FINDINGS, USAGE, Json, fail, listing, out, print_json, run
from recourse.cli.screen import styled

if TYPE_CHECKING:
    from recourse.domain.measures import Interval
    from recourse.domain.strategy.experiment import Experiment
    from recourse.reading.experiments import Results

app = typer.Typer(
    help="Champion and challenger: who is in which arm, and what came of it.", no_args_is_help=True
)


@app.command("list")
def list_experiments(as_json: Json = False) -> None:
    """Experiments that are installed, and those of which assignments are left."""
    from recourse.app.compose import services
    from recourse.app.settings import load_settings
    from recourse.reading import experiments

    async def work() -> tuple[tuple[Experiment, ...], list[str]]:
        async with services(load_settings()) as running, running.database.reading() as tx:
            return running.book.experiments, await experiments.known(tx)

    installed, assigned = run(work())
    left = [key for key in assigned if key not in {e.id for e in installed}]
    if as_json:
        print_json([_description(e) for e in installed] + [{"id": key, "installed": False} for key in left])
        return
    table = listing("experiment", "region", "from", "to", "unit", "arms", whole=("experiment", "from", "to"))
    for e in installed:
        arms = ", ".join(f"{arm.name} {arm.share / 100:g} %" for arm in e.all_arms)
        to = str(e.effective_to) if e.effective_to else "—"
        table.add_row(e.id, e.region, str(e.effective_from), to, e.unit.value, arms)
    for key in left:
        table.add_row(key, "", "", "", "", "not installed any more")
    out.print(table if installed or left else "no experiments; RECOURSE_EXPERIMENTS names their file")


@app.command("show")
def show(experiment_id: str, as_json: Json = False) -> None:
    """Counts by arm, with 95 % intervals. Exit 1 when the arms differ from their shares beyond chance."""
    from recourse.app.compose import services
    from recourse.app.settings import load_settings
    from recourse.reading import experiments

    async def work() -> tuple[Experiment | None, Results]:
        async with services(load_settings()) as running, running.database.reading() as tx:
            installed = {e.id: e for e in running.book.experiments}
            return installed.get(experiment_id), await experiments.results(tx, experiment_id)

    described, found = run(work())
    if described is None and not found.arms:
        fail(f"{experiment_id}: no such experiment; see `recourse experiments list`", USAGE)
    if as_json:
        about = _description(described) if described else {"id": experiment_id, "installed": False}
        print_json(about | {"results": asdict(found), "sample_ratio_mismatch": found.suspect})
    else:
        _show(found)
    raise typer.Exit(FINDINGS if found.suspect else 0)


def _description(experiment: Experiment) -> dict[str, object]:
    from recourse.packs.record import plain

    return {"installed": True, **plain(experiment)}


def _show(found: Results) -> None:
    heads = (
        "arm",
        "units",
        "cases",
        "open",
        "cured",
        "collected a case",
        "contacts",
        "refused",
        "complaints",
        "moved",
    )
    table = listing(*heads, whole=("arm",))
    for arm in found.arms:
        money = ", ".join(f"{_amount(of)} {currency}" for currency, of in arm.collected.items()) or "—"
        counts = [str(n) for n in (arm.units, arm.cases, arm.open)]
        rest = [str(arm.contacts), str(arm.refused), _share(arm.complained), str(arm.moved)]
        table.add_row(arm.arm, *counts, _share(arm.cured), money, *rest)
    out.print(table if found.arms else "nobody is assigned yet")
    out.print(
        "cured: closed as cured or paid off ÷ cases opened in the arm; open ones count as not cured. "
        "collected: received while the case was open, minor units. complaints: cases with one ÷ cases. "
        "In brackets: 95 % intervals (Wilson for shares)."
    )
    for arm in found.arms:
        if arm.holds:
            out.print(f"holds in {arm.arm}: " + ", ".join(f"{why} {n}" for why, n in arm.holds.items()))
    if found.suspect:
        warning = f"chance {found.chance:.2g}: the arms differ from their shares; look for the cause first"
        out.print(styled("SAMPLE RATIO MISMATCH", "red"), warning, highlight=False)


def _share(of: Interval | None) -> str:
    return f"{of.value:.1%} ({of.low:.1%}–{of.high:.1%})" if of else "—"


def _amount(of: Interval | None) -> str:
    return f"{of.value:.0f} ({of.low:.0f}–{of.high:.0f})" if of else "—"
